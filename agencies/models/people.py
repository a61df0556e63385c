"""People and the dated roles they hold at an agency."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from simple_history.models import HistoricalRecords

from ..access import AUDITING, DECIDING, GRANTING, Role
from .register import Agency, AgencyKind

# Where a role is held; the others at the bureau.
LEVELS = {Role.FILER: AgencyKind.INSTITUTION, Role.DEPARTMENT: AgencyKind.DEPARTMENT}


class User(AbstractUser):
    """One person, one account. What they may do hangs on their memberships, never on is_superuser."""

    first_name = None
    last_name = None
    name = models.CharField("姓名", max_length=40)
    office_phone = models.CharField("办公电话", max_length=20, blank=True)

    REQUIRED_FIELDS = ("name",)

    class Meta:
        verbose_name = verbose_name_plural = "账号"
        ordering = ("username",)

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return self.name

    def get_short_name(self):
        return self.name

    @cached_property
    def current_memberships(self):
        """Today's roles with their agencies: one query a request."""
        return list(self.memberships.current().select_related("agency"))

    @property
    def roles(self):
        return {Role(membership.role) for membership in self.current_memberships}

    @property
    def role_names(self):
        return "、".join(role.label for role in Role if role in self.roles)

    def paths_of(self, roles):
        """Tree paths at which the user holds one of the roles today."""
        return [membership.agency.path for membership in self.current_memberships if membership.role in roles]

    @property
    def sees_whole_tree(self):
        """Whether the figures of the whole register are theirs to see."""
        return Agency.objects.visible_to(self).filter(parent=None).exists()

    def holds(self, roles, agency):
        """Whether one of the roles reaches this agency: held at it or above it."""
        return any(agency.path.startswith(path) for path in self.paths_of(roles))


class MembershipQuerySet(models.QuerySet):
    def current(self):
        today = timezone.localdate()
        return self.filter(valid_from__lte=today).filter(Q(valid_to__isnull=True) | Q(valid_to__gte=today))


class Membership(models.Model):
    """A role at an agency, from one day to another; it reaches everything below that agency."""

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.CASCADE, related_name="memberships")
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField("角色", max_length=13, choices=Role)
    valid_from = models.DateField("自", default=timezone.localdate)
    valid_to = models.DateField("至", null=True, blank=True)

    history = HistoricalRecords()
    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "角色授权"
        ordering = ("user", "agency", "role", "valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "agency", "role", "valid_from"),
                name="membership_once_from_a_day",
                violation_error_message="该账号在此机构的同一角色已从这一天起授权。",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="membership_ends_after_start",
                violation_error_message="授权结束日期不能早于开始日期。",
            ),
        )

    def __str__(self):
        return f"{self.user} {self.get_role_display()} {self.agency}"

    @property
    def validity(self):
        return f"{self.valid_from} 至 {self.valid_to}" if self.valid_to else f"自 {self.valid_from} 起"

    def clean(self):
        if self.user_id is None or not self.role or self.valid_from is None:
            return
        held = {row.role for row in self._held_beside()} | {self.role}
        if sum(bool(held & duty) for duty in (GRANTING, DECIDING, AUDITING)) > 1:
            raise ValidationError(
                "授权（系统管理员）、审计（审计员）与填报、审核、管理须由不同的人担任。请使用另一账号。"
            )
        self._check_level()

    def _check_level(self):
        """Only of a new role: one that was granted elsewhere must still be given its last day."""
        level = LEVELS.get(self.role, AgencyKind.BUREAU)
        if self._state.adding and self.agency_id and self.agency.kind != level:
            place = f"{self.get_role_display()}须在“{level.label}”一级授予"
            sentence = f"{place}，“{self.agency}”是{self.agency.get_kind_display()}。请改选机构或角色。"
            raise ValidationError({"agency": sentence})

    def _held_beside(self):
        """The user's other roles on any day, from today on, on which this one is held too."""
        first = max(self.valid_from, timezone.localdate())
        others = self.user.memberships.exclude(pk=self.pk).filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=first)
        )
        if self.valid_to is None:
            return others
        return others.filter(valid_from__lte=self.valid_to) if self.valid_to >= first else others.none()
