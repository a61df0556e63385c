"""The trail: one append-only, hash-chained row for each thing that somebody did."""

import hashlib
import json

from django.db import models

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
    SETTING = "setting", "通知设置"


class EventQuerySet(models.QuerySet):
    def about(self, agency, month):
        """What happened to one institution's month, oldest first."""
        return self.filter(agency=agency, month=month).select_related("actor").order_by("sequence")

    def newest_first(self):
        return self.select_related("actor", "agency").order_by("-sequence")


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
    """The chain's last link, locked by whoever appends: one row, so that no two events claim one place."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        verbose_name = verbose_name_plural = "日志链头"

    def __str__(self):
        return f"{self.sequence} {self.hash[:8]}"
