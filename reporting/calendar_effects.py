"""What moving a month's days would do at once, said before it is done: nobody is locked out or late by surprise."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from . import quality
from .calendar import Days
from .models import Report, Revision, Status


@dataclass(frozen=True)
class Effects:
    """locked: months that can be filed today and could not any more; late: months on time that would count as late.

    excused: months late that would count as on time.
    """

    locked: int = 0
    late: int = 0
    excused: int = 0

    def __bool__(self):
        return bool(self.locked or self.late or self.excused)

    @property
    def sentences(self):
        said = (
            (self.locked, "{} 个机构今天还能填报，调整后立即锁定。"),
            (self.late, "{} 个机构已按时报送，调整后改计为迟报。"),
            (self.excused, "{} 个机构原计为迟报，调整后改计为按时。"),
        )
        return [sentence.format(number) for number, sentence in said if number]


def of(period, days, today):
    """The Effects of giving a period these Days."""
    before = Days.of(period)
    return Effects(
        locked=_open(period, before, today).exclude(pk__in=_open(period, days, today).values("pk")).count(),
        late=_on_time(period, before.due_on)
        .exclude(pk__in=_on_time(period, days.due_on).values("pk"))
        .count(),
        excused=_on_time(period, days.due_on)
        .exclude(pk__in=_on_time(period, before.due_on).values("pk"))
        .count(),
    )


def _open(period, days, today):
    """The months that could be filed today under these days: locks.of in the database."""
    owed = Report.objects.filter(period=period, approved__isnull=True).to_file()
    if today < days.opens_on:
        return owed.none()
    if today <= days.closes_on:
        return owed
    answered_from = today - timedelta(settings.REPORTING_ANSWER_DAYS)
    returned = Revision.objects.filter(
        report=OuterRef("pk"), status=Status.RETURNED, decided_at__date__gte=answered_from
    )
    return owed.filter(Q(extensions__last_day__gte=today) | Exists(returned)).distinct()


def _on_time(period, due_on):
    """The months of which a submission stood at the end of a due day, or of an extension granted before it."""
    handed_in = quality.submissions().filter(report=OuterRef("pk"))
    extended = Revision.objects.filter(
        quality.stood_on(F("report__extensions__last_day")),
        report=OuterRef("pk"),
        report__extensions__is_in_time=True,
        submitted_at__isnull=False,
    )
    standing = Exists(handed_in.filter(quality.stood_on(due_on))) | Exists(extended)
    return Report.objects.filter(standing, period=period)
