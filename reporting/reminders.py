"""Who is told that a month is still owed: its filers at each stage, from the due day on those above them as well.

Once a stage and person, in one message for all their institutions; of stages that passed while no worker ran only the
last is told.
"""

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import Message, MessageKind
from agencies.notices import paths_to, places, post

from .models import Report, Status

NAMED = 20
TOLD = frozenset({Role.FILER, Role.DEPARTMENT, Role.REVIEWER, Role.MANAGER})
COLUMNS = (
    "period__month",
    "period__opens_on",
    "period__due_on",
    "period__closes_on",
    "agency__path",
    "agency__key",
    "agency__name",
    "due_to",
    "closes_to",
    "latest__status",
    "latest__decided_at",
)
# What follows “2026年10月月报”, as heading and as sentence.
WORDS = {
    MessageKind.OPENED: ("开始填报", "已开放填报，请于 {due} 前（含当日）提交。"),
    MessageKind.DUE_SOON: ("即将截止", "将于 {due} 截止，尚未提交。"),
    MessageKind.OVERDUE: ("逾期未报", "已过截止日 {due}，尚未提交。"),
    MessageKind.CLOSING_SOON: ("即将关闭", "将于 {closes} 关闭，尚未提交。"),
    MessageKind.CLOSED: ("已关闭未报", "已于 {closes} 关闭，仍未提交。"),
}
BEFORE_DUE = (MessageKind.OPENED, MessageKind.DUE_SOON)


class Owed(NamedTuple):
    """A month that an institution has not handed in, with the days that hold for it."""

    month: date
    opens_on: date
    due_on: date
    closes_on: date
    path: str
    key: str
    name: str
    is_extended: bool = False


def owed(today):
    """Every month that is open, or was until lately, and that an institution has not handed in: one query.

    An institution's own later days, by an extension or a return, hold for it as in `locks`. A correction of an
    approved month is not owed: the month is there.
    """
    closed_lately = today - timedelta(days=settings.REMIND_AFTER_CLOSE_DAYS)
    reports = Report.objects.to_file().annotate(
        due_to=Max("extensions__last_day", filter=Q(extensions__is_in_time=True)),
        closes_to=Max("extensions__last_day"),
    )
    lately = Q(period__closes_on__gte=closed_lately) | Q(closes_to__gte=closed_lately)
    reports = reports.filter(lately, approved__isnull=True, period__opens_on__lte=today)
    rows = reports.order_by("period__month", "agency__path").values_list(*COLUMNS)
    return [_owed(*row) for row in rows]


def _owed(month, opens_on, due_on, closes_on, path, key, name, due_to, closes_to, status, decided_at):
    answer_by = None
    if status == Status.RETURNED:
        answer_by = timezone.localdate(decided_at) + timedelta(settings.REPORTING_ANSWER_DAYS)
    own = [day for day in (closes_to, answer_by) if day and day > closes_on]
    return Owed(
        month, opens_on, max(due_on, due_to or due_on), max([closes_on, *own]), path, key, name,
        is_extended=bool(own) or bool(due_to),
    )  # fmt: skip


def stage(days, today):
    """The last stage that a month with these days (opens_on, due_on, closes_on) has reached; None before and after."""
    before_due = days.due_on - timedelta(days=settings.REMIND_BEFORE_DUE_DAYS)
    before_close = days.closes_on - timedelta(days=settings.REMIND_BEFORE_CLOSE_DAYS)
    forgotten = days.closes_on + timedelta(days=settings.REMIND_AFTER_CLOSE_DAYS)
    if today < days.opens_on or today > forgotten:
        return None
    if today > days.closes_on:
        return MessageKind.CLOSED
    if today > days.due_on:
        return MessageKind.CLOSING_SOON if today >= before_close else MessageKind.OVERDUE
    return MessageKind.DUE_SOON if today >= before_due else MessageKind.OPENED


@transaction.atomic
def send(today):
    """Tell whoever is concerned and was not told yet; how many messages that were."""
    digests = _digests(today)
    keys = {key for _, _, key in digests}
    told = set(Message.objects.filter(key__in=keys).values_list("recipient", "key"))
    new = [each for each in digests if (each[0].pk, each[2]) not in told]
    post(_message(*each, digests[each]) for each in new)
    return len(new)


def _digests(today):
    """(user, stage, key) → the rows that the user is to be told of in one message."""
    people, found = places(TOLD), defaultdict(list)
    for row in owed(today):
        kind = stage(row, today)
        for user in _concerned(people, kind, row.path) if kind else ():
            found[user, kind, _key(row, kind)].append(row)
    return found


def _concerned(people, kind, path):
    above = paths_to(path)
    return {user for role in kind.roles for place in above for user in people[role].get(place, ())}


def _key(row, kind):
    """Institutions with a last day of their own have a message of their own: the others' stage came earlier."""
    own = f":{row.closes_on}" if row.is_extended else ""
    return f"reminder:{row.month:%Y-%m}:{kind}{own}"


def _message(user, kind, key, rows):
    heading, sentence = WORDS[kind]
    month = f"{rows[0].month.year}年{rows[0].month.month}月月报"
    sentence = sentence.format(due=rows[0].due_on, closes=rows[0].closes_on)
    return Message(
        recipient=user,
        kind=kind,
        key=key,
        subject=f"{rows[0].name} {month}{heading}"
        if len(rows) == 1
        else f"{len(rows)} 家机构{month}{heading}",
        text=f"{month}{sentence}{_names(rows)}",
        address=_address(kind, rows),
    )


def _names(rows):
    named = "、".join(row.name for row in rows[:NAMED])
    if len(rows) == 1:
        return f"机构：{named}。"
    return f"共 {len(rows)} 家机构{f'，前 {NAMED} 家' if len(rows) > NAMED else ''}：{named}。"


def _address(kind, rows):
    if len(rows) == 1:
        return reverse("reporting:report-detail", args=(rows[0].key, rows[0].month))
    if kind in BEFORE_DUE:
        return reverse("home")
    return f"{reverse('reporting:report-list')}?month={rows[0].month:%Y-%m}&state=overdue"
