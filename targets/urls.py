"""Addresses of the cockpit and the institution pages."""

from django.urls import path

from . import views

app_name = "targets"

urlpatterns = [
    path("cockpit/", views.cockpit_page, name="cockpit"),
    path("systems/<slug:key>/", views.system_detail, name="system-detail"),
    path("recalculations/", views.recalculation_list, name="recalculation-list"),
    path("institutions/", views.institution_list, name="institution-list"),
    path("institutions/<slug:key>/", views.institution_detail, name="institution-detail"),
]
