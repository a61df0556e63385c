"""Master data for managers, accounts and roles for administrators; whoever has neither role sees nothing.

Nothing is deleted here: agencies, buildings, vehicles and roles end with a date. Every change is an action.
"""

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.contrib.auth.admin import UserAdmin as AuthUserAdmin
from django.contrib.auth.forms import SetPasswordForm
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q
from django.forms.models import BaseInlineFormSet
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin

from . import actions, credit_code
from .access import may
from .forms import AccountForm, MembershipForm, OccupancyForm, OccupancyFormSet
from .models import Agency, Building, ElectricityAccount, Membership, Occupancy, User, Vehicle

# What decides in which sums an agency's figures stand.
GROUPING = {"parent", "type_code", "street"}
REGROUP = "归类已变更：系统、类型和街道的汇总指标在重算（recalculate --all）后更新。"


class NamedAutocomplete(AutocompleteSelect):
    """Its empty box says what to choose: select2 names the box by what stands in it."""

    def build_attrs(self, base_attrs, extra_attrs=None):
        attrs = super().build_attrs(base_attrs, extra_attrs)
        return attrs | {"data-placeholder": f"选择{self.field.verbose_name}"}


class NamedFields:
    """A formset whose cells carry the name of their column: Django's table of rows has no labels."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        for field in form.fields.values():
            # A wrapped widget is rendered with its own attributes, not with the wrapper's.
            widget = getattr(field.widget, "widget", field.widget)
            if not widget.is_hidden:
                widget.attrs["aria-label"] = field.label


class NamedFormSet(NamedFields, BaseInlineFormSet):
    pass


class NamedOccupancyFormSet(NamedFields, OccupancyFormSet):
    pass


class Permitted:
    """Open to the roles that carry one verb, whatever Django's own permissions say."""

    verb = "edit_register"

    def has_module_permission(self, request):
        return may(request.user, self.verb)

    def has_view_permission(self, request, obj=None):
        return may(request.user, self.verb)

    def has_add_permission(self, request, obj=None):
        return may(request.user, self.verb)

    def has_change_permission(self, request, obj=None):
        return may(request.user, self.verb)

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """No side doors from one form into another."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = (
                False
            )
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = NamedAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changelist_view(self, request, extra_context=None):
        title = f"{self.opts.verbose_name_plural}列表"
        return super().changelist_view(request, {"title": title, **(extra_context or {})})


class RegisterAdmin(Permitted, SimpleHistoryAdmin):
    """Stores through the actions; its history is there to be read, not to go back to."""

    object_history_list_template = "agencies/history_list.html"
    list_per_page = 50
    save_as_continue = False

    def save_model(self, request, obj, form, change):
        actions.register(obj, by=request.user)

    def save_formset(self, request, form, formset, change):
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            actions.strike(row, by=request.user)
        for row in rows:
            actions.register(row, by=request.user)

    def revert_disabled(self, request, obj=None):
        return True

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method != "GET":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)


class EndedFilter(admin.SimpleListFilter):
    """Rows by whether their last day has passed."""

    title = "状态"
    parameter_name = "state"
    ending = ""
    words = ("在用", "已停用")

    def lookups(self, request, model_admin):
        return tuple(zip(("current", "ended"), self.words, strict=True))

    def queryset(self, request, queryset):
        ended = Q(**{f"{self.ending}__lt": timezone.localdate()})
        if self.value() == "ended":
            return queryset.filter(ended)
        return queryset.exclude(ended) if self.value() == "current" else queryset


class AgencyState(EndedFilter):
    ending = "registered_to"
    words = ("在册", "已退出")


class BuildingState(EndedFilter):
    ending = "in_use_to"


class VehicleState(EndedFilter):
    ending = "retired_on"
    words = ("在用", "已报废或调出")


class MembershipState(EndedFilter):
    ending = "valid_to"
    words = ("有效或未开始", "已结束")


class StreetFilter(admin.SimpleListFilter):
    """The streets that some agency names; without one there is nothing to choose."""

    title = "街道"
    parameter_name = "street"

    def lookups(self, request, model_admin):
        named = Agency.objects.exclude(street="").order_by("street").distinct()
        return [(street, street) for street in named.values_list("street", flat=True)]

    def queryset(self, request, queryset):
        return queryset.filter(street=self.value()) if self.value() else queryset


class ElectricityAccountInline(Permitted, admin.TabularInline):
    """A meter's number has no dates, so a wrong one is taken out; the history keeps it."""

    model = ElectricityAccount
    formset = NamedFormSet
    extra = 0

    def has_delete_permission(self, request, obj=None):
        return may(request.user, self.verb)


@admin.register(Agency)
class AgencyAdmin(RegisterAdmin):
    list_display = ("name", "key", "kind", "type_code", "parent", "registered_to")
    list_select_related = ("parent",)
    list_filter = (AgencyState, "kind", "type_code", "is_party_government_organ", StreetFilter)
    search_fields = ("name", "key", "credit_code")
    search_help_text = "按名称、机构编码或统一社会信用代码查找"
    autocomplete_fields = ("parent",)
    inlines = (ElectricityAccountInline,)
    fieldsets = (
        (None, {"fields": ("key", "credit_code", "name")}),
        (
            "归类",
            {
                "fields": (
                    "kind",
                    "parent",
                    "type_code",
                    "is_party_government_organ",
                    "street",
                    "reviews_first",
                )
            },
        ),
        ("名录", {"fields": ("registered_from", "registered_to")}),
    )

    def has_view_permission(self, request, obj=None):
        """Administrators pick an agency by its name when they grant a role, and see no more of it."""
        picks = request.resolver_match.view_name == "admin:autocomplete"
        return super().has_view_permission(request, obj) or (picks and may(request.user, "edit_accounts"))

    def get_readonly_fields(self, request, obj=None):
        return ("key",) if obj else ()

    def save_model(self, request, obj, form, change):
        actions.register_agency(obj, by=request.user)
        if change and GROUPING & set(form.changed_data):
            self.message_user(request, REGROUP, messages.WARNING)
        is_new_code = "credit_code" in form.changed_data and obj.credit_code
        if is_new_code and not credit_code.has_organisation_check(obj.credit_code):
            self.message_user(request, credit_code.ORGANISATION_WARNING, messages.WARNING)


class OccupancyInline(Permitted, admin.TabularInline):
    model = Occupancy
    form = OccupancyForm
    formset = NamedOccupancyFormSet
    autocomplete_fields = ("agency",)
    extra = 0


@admin.register(Building)
class BuildingAdmin(RegisterAdmin):
    list_display = ("name", "manager", "floor_area_m2", "built_year", "address", "in_use_from", "in_use_to")
    list_select_related = ("manager",)
    list_filter = (BuildingState,)
    search_fields = ("name", "address", "manager__name")
    search_help_text = "按建筑名称、地址或管理单位查找"
    autocomplete_fields = ("manager",)
    inlines = (OccupancyInline,)


@admin.register(Vehicle)
class VehicleAdmin(RegisterAdmin):
    list_display = ("plate", "agency", "energy", "purpose", "registered_on", "retired_on")
    list_select_related = ("agency",)
    list_filter = (VehicleState, "energy", "purpose")
    search_fields = ("plate", "agency__name")
    search_help_text = "按号牌或机构名称查找"
    autocomplete_fields = ("agency",)


@admin.register(User)
class UserAdmin(Permitted, AuthUserAdmin):
    """Accounts. What was done to one stands in its history and, with before and after, in the trail."""

    verb = "edit_accounts"
    add_form = AccountForm
    add_form_template = None
    list_display = ("username", "name", "office_phone", "roles_now", "is_active", "last_login")
    list_filter = ("is_active", "memberships__role")
    search_fields = ("username", "name")
    search_help_text = "按用户名或姓名查找"
    filter_horizontal = ()
    list_per_page = 50
    actions = ("lift_lock_out",)
    fieldsets = (
        (None, {"fields": ("username", "name", "office_phone", "email", "is_active")}),
        ("登录", {"fields": ("password_link", "last_login", "date_joined")}),
        ("角色", {"fields": ("roles_now",)}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "name", "office_phone", "email", "password1", "password2")}),
    )

    def get_queryset(self, request):
        current = Membership.objects.current().select_related("agency")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("memberships", queryset=current, to_attr="current_memberships"))
        )

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return ()
        own = ("is_active",) if obj == request.user else ()
        return ("username", "password_link", "last_login", "date_joined", "roles_now", *own)

    def save_model(self, request, obj, form, change):
        actions.save_account(obj, by=request.user)

    def user_change_password(self, request, id, form_url=""):
        user = get_object_or_404(User, pk=id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        form = SetPasswordForm(user, request.POST or None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "form": form,
                "account": user,
                "title": "重置密码",
            }
            return TemplateResponse(request, "agencies/password_form.html", context)
        actions.set_password(user, form.cleaned_data["new_password1"], by=request.user)
        self.log_change(request, user, "重置密码")
        self.message_user(request, f"已重置“{user}”的密码，并解除登录锁定。", messages.SUCCESS)
        return redirect("admin:agencies_user_change", user.pk)

    @admin.display(description="当前角色")
    def roles_now(self, user):
        held = (f"{row.get_role_display()}（{row.agency}）" for row in user.current_memberships)
        return "、".join(held) or "无"

    @admin.display(description="密码")
    def password_link(self, user):
        return format_html(
            '<a href="{}">重置密码</a>', reverse("admin:auth_user_password_change", args=(user.pk,))
        )

    @admin.action(description="解除登录锁定")
    def lift_lock_out(self, request, users):
        for user in users:
            actions.unlock(user, by=request.user)
        self.message_user(request, f"已解除 {len(users)} 个账号的登录锁定。", messages.SUCCESS)


@admin.register(Membership)
class MembershipAdmin(RegisterAdmin):
    """Roles: granted, given a last day, ended; never rewritten. Nobody touches their own."""

    verb = "edit_accounts"
    form = MembershipForm
    list_display = ("user", "role", "agency", "valid_from", "valid_to")
    list_select_related = ("user", "agency")
    list_filter = (MembershipState, "role")
    search_fields = ("user__username", "user__name", "agency__name")
    search_help_text = "按用户名、姓名或机构名称查找"
    autocomplete_fields = ("user", "agency")
    actions = ("end_now",)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.user_id != request.user.pk)

    def get_fields(self, request, obj=None):
        """The agency of a granted role as plain text: its page is not for administrators."""
        return ("user", "place" if obj else "agency", "role", "valid_from", "valid_to")

    def get_readonly_fields(self, request, obj=None):
        return ("user", "place", "role", "valid_from") if obj else ()

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.acting = request.user
        return form

    def save_model(self, request, obj, form, change):
        if change:
            actions.date_role(obj, by=request.user, last_day=obj.valid_to)
        else:
            actions.grant_role(obj, by=request.user)

    @admin.display(description="机构")
    def place(self, membership):
        return membership.agency.name

    @admin.action(description="立即终止")
    def end_now(self, request, memberships):
        own = memberships.filter(user=request.user)
        if own.exists():
            self.message_user(request, "不能终止自己的角色，请由另一位系统管理员办理。", messages.ERROR)
            return
        for membership in memberships:
            actions.end_role(membership, by=request.user)
        self.message_user(request, "已终止所选角色，立即生效。", messages.SUCCESS)
