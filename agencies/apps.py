"""Who reports: the tree of institutions, their buildings and vehicles, people and roles."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    name = "agencies"
    verbose_name = "机构"
    default_auto_field = "django.db.models.BigAutoField"
