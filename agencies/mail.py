"""Sending the e-mails that are due, through Django's mail settings.

Each is a transaction of its own, its row locked while it goes out: two workers never send the same one. Where a
worker is killed after the server took the e-mail and before that is committed, this one goes out a second time, under
the same Message-ID: at least once begins there, and concerns one e-mail a worker.
"""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from enum import Enum
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from .models import Message

BATCH = 500
# After a failure it is tried again 1, 2, 4, … minutes later; with the twelfth attempt, 34 hours on, it is given up.
ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
# These concern one e-mail; what else fails concerns the server, and the others need not run into it too.
OF_ONE_EMAIL = (SMTPRecipientsRefused, SMTPDataError, ValueError)
FAULT_LENGTH = Message._meta.get_field("email_fault").max_length


class Outcome(Enum):
    SENT = "sent"
    REFUSED = "refused"
    NO_SERVER = "no server"
    NOTHING_DUE = "nothing due"


LAST = (Outcome.NO_SERVER, Outcome.NOTHING_DUE)


def is_set_up():
    """Whether this portal sends e-mail at all."""
    return bool(settings.EMAIL_HOST)


def send_due():
    """Send what is due over one connection, at most a batch; how many e-mails met which outcome."""
    met = Counter()
    if not is_set_up():
        return met
    connection = get_connection()
    while met.total() < BATCH and not any(met[outcome] for outcome in LAST):
        met[_send_next(connection)] += 1
    with suppress(OSError):
        connection.close()
    return met


def may_be_more(met):
    """Whether a batch ended because it was full."""
    return met.total() == BATCH and not any(met[outcome] for outcome in LAST)


@transaction.atomic
def _send_next(connection):
    now = timezone.now()
    due = Message.objects.due_by_mail(now).select_related("recipient")
    message = due.select_for_update(skip_locked=True, of=("self",)).first()
    if message is None:
        return Outcome.NOTHING_DUE
    message.email_attempts += 1
    try:
        connection.open()
        connection.send_messages([_email(message, connection)])
    except (OSError, ValueError) as fault:
        _postpone(message, fault, now)
        return Outcome.REFUSED if isinstance(fault, OF_ONE_EMAIL) else Outcome.NO_SERVER
    message.emailed_at, message.email_due_at, message.email_fault = timezone.now(), None, ""
    _keep(message)
    return Outcome.SENT


def _postpone(message, fault, now):
    is_given_up = message.email_attempts >= ATTEMPTS
    message.email_due_at = None if is_given_up else now + FIRST_WAIT * 2 ** (message.email_attempts - 1)
    message.email_fault = _in_short(fault)
    _keep(message)


def _keep(message):
    message.save(update_fields=("email_attempts", "email_due_at", "emailed_at", "email_fault"))


def _in_short(fault):
    """The kind of fault and its code; not what the server said, which may name the address."""
    return f"{type(fault).__name__} {_code(fault)}".strip()[:FAULT_LENGTH]


def _code(fault):
    if isinstance(fault, SMTPRecipientsRefused):
        return next(iter(fault.recipients.values()))[0]
    return getattr(fault, "smtp_code", None) or getattr(fault, "errno", None) or ""


def _email(message, connection):
    return EmailMessage(
        subject=f"[{settings.PORTAL_NAME}] {message.subject}",
        body=_body(message),
        to=[message.recipient.email],
        headers={"Message-ID": _message_id(message), "Auto-Submitted": "auto-generated"},
        connection=connection,
    )


def _body(message):
    """One sentence and the way in: figures and names stay in the portal."""
    way = f"{settings.PORTAL_URL}{message.address}" if settings.PORTAL_URL else "登录平台后点页面上方的“消息”"
    return f"{message.subject}。请登录平台查看：{way}\n\n不想再收到此类邮件，可在平台“消息设置”中关闭。\n"


def _message_id(message):
    """The same at every attempt, so that whoever gets an e-mail twice can tell."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    return f"<message-{message.pk}.{message.created_at:%Y%m%d%H%M%S}@{domain}>"
