"""What the portal tells people: messages in their inbox, by e-mail as well where they want it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import IsNull

from ..access import Role
from .people import User


class MessageKind(models.TextChoices):
    OPENED = "opened", "月份开放"
    DUE_SOON = "due-soon", "即将截止"
    OVERDUE = "overdue", "逾期未报"
    CLOSING_SOON = "closing-soon", "即将关闭"
    CLOSED = "closed", "已关闭未报"
    RETURNED = "returned", "退回"
    APPROVED = "approved", "通过"
    CORRECTION = "correction", "更正"
    EXTENDED = "extended", "延期"
    TO_ENDORSE = "to-endorse", "待初审"
    TO_REVIEW = "to-review", "待审核"

    @property
    def is_guaranteed(self):
        """必达: it reaches the inbox in any case, its switch governs the e-mail only."""
        return self in GUARANTEED

    @property
    def roles(self):
        """Whom messages of this kind concern."""
        return CONCERNS[self]


GUARANTEED = frozenset(
    {
        MessageKind.OVERDUE,
        MessageKind.CLOSED,
        MessageKind.RETURNED,
        MessageKind.CORRECTION,
        MessageKind.EXTENDED,
    }
)
_FILERS, _DEPARTMENTS = frozenset({Role.FILER}), frozenset({Role.DEPARTMENT})
CONCERNS = {
    MessageKind.OPENED: _FILERS,
    MessageKind.DUE_SOON: _FILERS,
    MessageKind.OVERDUE: _FILERS | _DEPARTMENTS,
    MessageKind.CLOSING_SOON: _FILERS | _DEPARTMENTS,
    MessageKind.CLOSED: _FILERS | _DEPARTMENTS | {Role.REVIEWER, Role.MANAGER},
    MessageKind.RETURNED: _FILERS,
    MessageKind.APPROVED: _FILERS,
    MessageKind.CORRECTION: _FILERS,
    MessageKind.EXTENDED: _FILERS,
    MessageKind.TO_ENDORSE: _DEPARTMENTS,
    MessageKind.TO_REVIEW: frozenset({Role.REVIEWER}),
}


class MessageQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(recipient=user)

    def unread(self):
        return self.filter(read_at__isnull=True)

    def unread_first(self):
        return self.order_by(IsNull(F("read_at"), False), "-pk")

    def due_by_mail(self, now):
        """Those whose e-mail is to be tried now, the longest due first; not to who left or has no address any more."""
        due = self.filter(email_due_at__lte=now, recipient__is_active=True)
        return due.exclude(recipient__email="").order_by("email_due_at", "pk")


class Message(models.Model):
    """One thing told to one person. Its key says what it tells of, so that nobody is told twice."""

    recipient = models.ForeignKey(
        User, verbose_name="收件人", on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    kind = models.CharField("种类", max_length=12, choices=MessageKind)
    key = models.CharField("事由", max_length=100)
    subject = models.CharField("标题", max_length=200)
    text = models.TextField("内容")
    address = models.CharField("页面", max_length=200)
    created_at = models.DateTimeField("时间", auto_now_add=True)
    read_at = models.DateTimeField("已读时间", null=True)
    # Empty where no e-mail is to be sent: none was wanted, it is sent, or it was given up.
    email_due_at = models.DateTimeField("邮件应发时间", null=True)
    emailed_at = models.DateTimeField("邮件发出时间", null=True)
    email_attempts = models.PositiveSmallIntegerField("邮件发送次数", default=0)
    email_fault = models.CharField("邮件故障", max_length=100, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "消息"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("recipient", "key"), name="message_told_once"),
            models.CheckConstraint(
                condition=Q(address__startswith="/") & ~Q(address__startswith="//"),
                name="message_leads_into_the_portal",
                violation_error_message="消息只能指向本平台的页面。",
            ),
            models.CheckConstraint(
                condition=Q(email_due_at__isnull=True) | Q(emailed_at__isnull=True),
                name="message_emailed_is_no_longer_due",
            ),
        )
        indexes = (
            models.Index(fields=("recipient",), condition=Q(read_at__isnull=True), name="message_unread"),
            models.Index(
                fields=("email_due_at",), condition=Q(email_due_at__isnull=False), name="message_mail_due"
            ),
        )

    def __str__(self):
        return self.subject

    @property
    def is_read(self):
        return self.read_at is not None


class MessageSwitch(models.Model):
    """Whether somebody wants one kind of message. Without a row they do."""

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.CASCADE, related_name="switches")
    kind = models.CharField("种类", max_length=12, choices=MessageKind)
    is_on = models.BooleanField("接收", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "消息开关"
        constraints = (models.UniqueConstraint(fields=("user", "kind"), name="message_switch_once_a_kind"),)

    def __str__(self):
        return f"{self.user} {self.get_kind_display()} {'开' if self.is_on else '关'}"
