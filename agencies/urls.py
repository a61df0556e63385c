"""Addresses of the trail and of the messages."""

from django.urls import path

from . import message_views, views

app_name = "agencies"

urlpatterns = [
    path("trail/", views.trail_list, name="trail-list"),
    path("trail/export/", views.trail_export, name="trail-export"),
    path("messages/", message_views.message_list, name="message-list"),
    path("messages/read/", message_views.messages_read, name="messages-read"),
    path("messages/settings/", message_views.message_settings, name="message-settings"),
    path("messages/<int:pk>/open/", message_views.message_open, name="message-open"),
]
