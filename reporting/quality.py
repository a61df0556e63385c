"""How well months are handed in: on time, late, missing, right the first time; counted in the database.

Of the months of a year that the imported history did not bring:

- 应报 owed = 按时 on time + 迟报 late + 缺报 missing. A month that is not yet due and not handed in is not in it.
- The due day is the period's own, or the last day of an extension that was granted before it, if that is later.
- 按时 on time: at the end of the due day a submission stood. One that was returned stood; one that was withdrawn
  until then did not.
- 缺报 missing: the due day is over and no submission stands: nothing was ever handed in, or all of it was withdrawn.
- 迟报 late: a submission stands, and none stood at the end of the due day.
- 初审通过 approved: months with a first approval. 一次通过 right: of those, the months without a return before it.
- 退回 returns: returned versions. 更正 corrections: versions handed in to correct an approved month.

On-time, late and missing rates are of the owed months, the first-time-right rate of the approved ones: always the
ratio of the counts, for a group of the sums of its counts. Nothing owed, or nothing approved, gives no rate.
"""

from collections import defaultdict
from dataclasses import astuple, dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from .models import Extension, Report, Revision, Status
from .models.filing import WAITING

WITHDRAWN = Q(status=Status.WITHDRAWN)
# States of the latest version in which a submission may no longer stand.
_UNCERTAIN = Q(latest__isnull=True) | Q(latest__status__in=(Status.DRAFT, Status.WITHDRAWN))


@dataclass(frozen=True)
class Counts:
    """The counts of an institution or a group in a year; they add up."""

    on_time: int = 0
    late: int = 0
    missing: int = 0
    approved: int = 0
    right: int = 0
    returns: int = 0
    corrections: int = 0

    def __add__(self, other):
        return Counts(*(mine + yours for mine, yours in zip(astuple(self), astuple(other), strict=True)))

    @property
    def owed(self):
        return self.on_time + self.late + self.missing

    @property
    def on_time_rate(self):
        return _ratio(self.on_time, self.owed)

    @property
    def late_rate(self):
        return _ratio(self.late, self.owed)

    @property
    def missing_rate(self):
        return _ratio(self.missing, self.owed)

    @property
    def right_rate(self):
        return _ratio(self.right, self.approved)


def _ratio(part, whole):
    return part / whole if whole else None


def of_year(agencies, year, today):
    """Agency id → Counts, for those of the agencies (a queryset) that have any; two queries."""
    missing = _missing(agencies, year, today)
    counted = {row["report__agency"]: row for row in _counted(agencies, year)}
    return {
        agency: _counts(counted.get(agency), missing.get(agency, 0)) for agency in counted.keys() | missing
    }


def _counts(row, missing):
    if row is None:
        return Counts(missing=missing)
    return Counts(
        on_time=row["on_time"],
        late=row["submitted"] - row["on_time"],
        missing=missing,
        approved=row["approved"],
        right=row["right"],
        returns=row["returns"],
        corrections=row["corrections"],
    )


def _counted(agencies, year):
    """One row an institution, over the versions that were handed in."""
    later = Q(number__gt=1)
    handed_in = submissions().filter(report__agency__in=agencies, report__period__month__year=year)
    return (
        handed_in.annotate(due=due_day("report__"))
        .order_by()
        .values("report__agency")
        .annotate(
            submitted=Count("report", distinct=True, filter=~WITHDRAWN),
            on_time=Count("report", distinct=True, filter=stood_on(F("due")) & _still_stands()),
            approved=Count("pk", filter=_first_of(Status.APPROVED)),
            right=Count("pk", filter=_first_of(Status.APPROVED, Status.RETURNED)),
            returns=Count("pk", filter=Q(status=Status.RETURNED)),
            corrections=Count("pk", filter=later & Q(begun_from__status=Status.APPROVED)),
        )
    )


def submissions():
    """Versions that were handed in here: neither drafts nor of a month that the history import brought."""
    imported = Revision.objects.filter(report=OuterRef("report"), number=1).exclude(document_reference="")
    handed_in = Revision.objects.filter(submitted_at__isnull=False, document_reference="")
    return handed_in.filter(Q(number=1) | ~Exists(imported))


def stood_on(day):
    """A condition on versions: handed in by a day (a date or an expression) and not withdrawn by then."""
    return Q(submitted_at__date__lte=day) & ~(WITHDRAWN & Q(decided_at__date__lte=day))


def due_day(prefix=""):
    """The due day as an expression, of a report or of what leads to it by the prefix: locks.due_day in the database."""
    own = f"{prefix}period__due_on"
    granted = Extension.objects.filter(report=OuterRef(f"{prefix}pk"), is_in_time=True).order_by("-last_day")
    extended = Subquery(granted.values("last_day")[:1])
    return Greatest(F(own), Coalesce(extended, F(own)))


def _still_stands():
    """Of the version's month some submission stands: asked only of a version that was withdrawn itself."""
    others = Revision.objects.filter(report=OuterRef("report"), submitted_at__isnull=False).exclude(WITHDRAWN)
    return ~WITHDRAWN | Exists(others)


def _first_of(*statuses):
    """The approved version before which the month has none in these states."""
    earlier = Revision.objects.filter(
        report=OuterRef("report"), number__lt=OuterRef("number"), status__in=statuses
    )
    return Q(status=Status.APPROVED) & (Q(number=1) | ~Exists(earlier))


def _missing(agencies, year, today):
    """Agency id → months that are due and of which no submission stands."""
    return dict(
        without_submission()
        .filter(agency__in=agencies, period__month__year=year)
        .annotate(due=due_day())
        .filter(due__lt=today)
        .order_by()
        .values_list("agency")
        .annotate(Count("pk"))
    )


def without_submission():
    """Reports of which nothing stands handed in."""
    standing = Revision.objects.filter(
        report=OuterRef("pk"), status__in=(*WAITING, Status.APPROVED, Status.RETURNED)
    )
    return Report.objects.filter(_UNCERTAIN, ~Exists(standing), approved__isnull=True)


def by_parent(rows):
    """Parent id → the sum of its institutions' Counts. rows: pairs of parent id and Counts."""
    found = defaultdict(Counts)
    for parent, counts in rows:
        found[parent] += counts
    return dict(found)


def total(counts):
    return sum(counts, Counts())
