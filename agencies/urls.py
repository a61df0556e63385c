"""Addresses of the trail."""

from django.urls import path

from . import views

app_name = "agencies"

urlpatterns = [
    path("trail/", views.trail_list, name="trail-list"),
    path("trail/export/", views.trail_export, name="trail-export"),
]
