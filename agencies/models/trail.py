"""The trail: one append-only, hash-chained row for each thing that somebody did."""

import hashlib
import json

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .people import User
from .register import Agency

GENESIS = "0" * 64


class Verb(models.TextChoices):
    LOGIN = "login", "登录"
    LOGIN_FAILED = "login-failed", "登录失败"
    LOCKED_OUT = "locked-out", "账号锁定"
    LOGOUT = "logout", "退出"
    GRANT = "grant", "授权变更"
    REGISTER = "register", "名录变更"
    LOAD = "load", "载入参数"
    SAVE = "save", "保存草稿"
    SUBMIT = "submit", "提交"
    WITHDRAW = "withdraw", "撤回"
    ENDORSE = "endorse", "部门审核"
    APPROVE = "approve", "通过"
    RETURN = "return", "退回"
    CORRECT = "correct", "发起更正"
    IMPORT = "import", "历史导入"
    RECALCULATE = "recalculate", "重新计算"
    RESTATE = "restate", "基准调整"
    ACTIVATE = "activate", "启用参数"
    SEAL = "seal", "封存发布"
    EXPORT = "export", "导出"
    ATTACH = "attach", "登记凭证"
    DETACH = "detach", "删除凭证"
    VIEW = "view", "查看凭证"
    READING = "reading", "台账读数"
    EXTEND = "extend", "延期"
    CALENDAR = "calendar", "调整日历"
    ABANDON = "abandon", "放弃更正"
    LOOK = "look", "抽查复核"
    VERIFY = "verify", "会审核实"
    API = "api", "接口调用"
    ARCHIVE = "archive", "归档日志"
    SETTING = "setting", "个人设置"
    RECORD = "record", "台账记录"


# What a figure's past is told from stays in the database, and so does what tells that events were taken out.
STAYING = (Verb.LOAD, Verb.ACTIVATE, Verb.RESTATE, Verb.SEAL, Verb.ARCHIVE)


class EventQuerySet(models.QuerySet):
    def about(self, agency, month):
        """What happened to one institution's month, oldest first."""
        return self.filter(agency=agency, month=month).select_related("actor").order_by("sequence")

    def newest_first(self):
        return self.select_related("actor", "agency").order_by("-sequence")

    def of_day(self, day):
        """The events of a closed TrailDay that are still here, in order."""
        return self.filter(sequence__range=(day.first_sequence, day.last_sequence)).order_by("sequence")

    def removable(self):
        """What may leave with an archived day: not about a filed month, and not told by figures."""
        return self.filter(month=None).exclude(verb__in=STAYING)


class Event(models.Model):
    """Who did what to which agency and month, when, from where; each row's hash covers the row before it.

    It lives in the lowest app so that logins and role changes share one chain with submissions and approvals.
    It names agency, month and revision instead of pointing into reporting.
    """

    sequence = models.BigIntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(
        User, verbose_name="账号", on_delete=models.PROTECT, null=True, related_name="events"
    )
    actor_name = models.CharField("姓名", max_length=200)
    actor_roles = models.CharField("角色", max_length=120, blank=True)
    address = models.GenericIPAddressField("来源地址", null=True)
    verb = models.CharField("操作", max_length=14, choices=Verb)
    is_success = models.BooleanField("成功", default=True)
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, null=True, related_name="events"
    )
    month = models.DateField("月份", null=True)
    revision_number = models.PositiveSmallIntegerField("版次", null=True)
    detail = models.TextField("内容", blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "操作日志"
        ordering = ("sequence",)
        indexes = (models.Index(fields=("agency", "month"), name="event_agency_month"),)

    def __str__(self):
        return f"{self.sequence} {self.get_verb_display()} {self.actor_name}"

    @property
    def day(self):
        """The local day on which it happened."""
        return timezone.localdate(self.at)

    def expected_hash(self):
        """SHA-256 over the row's facts and the hash of the row before it."""
        facts = [
            self.sequence,
            self.at.timestamp(),
            self.actor_id,
            self.actor_name,
            self.actor_roles,
            self.address,
            self.verb,
            self.is_success,
            self.agency_id,
            self.month.isoformat() if self.month else None,
            self.revision_number,
            self.detail,
            self.previous_hash,
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


class TrailHead(models.Model):
    """The chain's last link, locked by whoever appends: one row, so that no two events claim one place.

    `day` is the day not yet closed. An event dated before it (a clock set back, a transaction that took long)
    belongs to it all the same, so that the days follow each other as the events do.
    """

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)
    day = models.DateField(null=True)
    day_first_sequence = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = verbose_name_plural = "日志链头"

    def __str__(self):
        return f"{self.sequence} {self.hash[:8]}"

    def append(self, event):
        """Link an event, not yet stored, to the chain; the day that it ends, unsaved, or None."""
        ended = self._begin(event.day)
        event.sequence, event.previous_hash = self.sequence + 1, self.hash
        event.hash = event.expected_hash()
        self.sequence, self.hash = event.sequence, event.hash
        return ended

    def _begin(self, day):
        if self.day is not None and day <= self.day:
            return None
        ended = self.closed_day() if self.day else None
        self.day, self.day_first_sequence = day, self.sequence + 1
        return ended

    def closed_day(self):
        return TrailDay(
            day=self.day,
            first_sequence=self.day_first_sequence,
            last_sequence=self.sequence,
            hash=self.hash,
        )


class TrailDayQuerySet(models.QuerySet):
    def archived(self):
        return self.exclude(archived_at=None)

    def before(self, day):
        return self.filter(day__lt=day)

    def touching(self, first=None, last=None):
        """Days within these bounds; None is no bound."""
        days = self.filter(day__gte=first) if first else self
        return days.filter(day__lte=last) if last else days


class TrailDay(models.Model):
    """A day of the trail that is over: its span and the chain's hash at its end. Days without events have none.

    Once it is archived, `removed` of its events stand in the file `archive_name` only.
    """

    day = models.DateField("日期", unique=True)
    first_sequence = models.BigIntegerField("首条序号")
    last_sequence = models.BigIntegerField("末条序号")
    hash = models.CharField("日终哈希", max_length=64)
    archived_at = models.DateTimeField("归档时间", null=True)
    archive_name = models.CharField("归档文件", max_length=40, blank=True)
    archive_sha256 = models.CharField("归档文件 SHA-256", max_length=64, blank=True)
    removed = models.PositiveIntegerField("移出条数", default=0)

    objects = TrailDayQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "日志日结"
        ordering = ("day",)
        constraints = (
            models.CheckConstraint(
                condition=Q(last_sequence__gte=F("first_sequence")),
                name="trail_day_has_events",
                violation_error_message="日志日结的末条序号不能小于首条序号。",
            ),
            models.CheckConstraint(
                condition=Q(archived_at=None, archive_name="", archive_sha256="", removed=0)
                | (Q(archived_at__isnull=False) & ~Q(archive_name="") & ~Q(archive_sha256="")),
                name="trail_day_archived_with_file",
                violation_error_message="归档的日期须有归档文件名和 SHA-256。",
            ),
        )

    def __str__(self):
        return self.day.isoformat()

    @property
    def count(self):
        """How many events the day had."""
        return self.last_sequence - self.first_sequence + 1

    def archive_sentence(self, kept):
        """What the trail itself says of the archiving; `kept`: the digest of what stays. Both are held against it."""
        left = self.count - self.removed
        return (
            f"{self.day} 的日志归档至 {self.archive_name}（SHA-256 {self.archive_sha256}）："
            f"共 {self.count} 条，移出 {self.removed} 条，留存 {left} 条（哈希 {kept}）"
        )


def digest_of(hashes):
    """One hash over those of several events, in order."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
