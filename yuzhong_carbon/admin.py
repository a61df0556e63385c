"""The admin site: master data for managers, accounts and roles for administrators, nothing for anybody else."""

from django.contrib.admin import AdminSite

from agencies.access import may


class PortalAdminSite(AdminSite):
    site_header = "主数据管理"
    site_title = "主数据管理"
    index_title = "名录、账号与参数"
    enable_nav_sidebar = True

    def has_permission(self, request):
        user = request.user
        return (
            user.is_active
            and user.is_authenticated
            and (may(user, "edit_register") or may(user, "edit_accounts"))
        )
