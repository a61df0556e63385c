"""The project as an application (its commands and template tags), and its admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "yuzhong_carbon"
    verbose_name = "报送平台"


class PortalAdminConfig(AdminConfig):
    default_site = "yuzhong_carbon.admin.PortalAdminSite"
