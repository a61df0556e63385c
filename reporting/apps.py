"""What they used, and whether it is believed."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "reporting"
    verbose_name = "报送"
    default_auto_field = "django.db.models.BigAutoField"
