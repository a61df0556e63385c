"""The second look: drawn from what was approved in bulk and from a year's institutions, decided by somebody else."""

import secrets
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models import Event
from agencies.models.trail import Verb

from . import access, sampling
from .models import BulkEntry, Draw, Period, Report, Revision, SecondLook
from .models.looking import Found, Outcome
from .refusals import WrongStatus


class Coverage(NamedTuple):
    """How much of a year was looked at again: what was approved in bulk, and the year's institutions."""

    year: int
    bulk_approved: int
    bulk_looked: int
    institutions: int
    drawn_institutions: int
    looked_institutions: int
    drawn: int
    looked: int
    wrong: int

    @property
    def bulk_share(self):
        return self.bulk_looked / self.bulk_approved if self.bulk_approved else None

    @property
    def share(self):
        return self.looked_institutions / self.institutions if self.institutions else None

    @property
    def waiting(self):
        return self.drawn - self.looked

    @property
    def needed(self):
        """Institutions that the regime asks for."""
        return sampling.size(self.institutions)

    @property
    def lacking(self):
        """Institutions still to be drawn."""
        return max(self.needed - self.drawn_institutions, 0)


def draw_from(bulk, seed):
    """Draw the second looks of a bulk approval, in the caller's transaction; how many."""
    approved = dict(
        bulk.entries.filter(outcome=Outcome.APPROVED).values_list("revision__content_hash", "revision")
    )
    if not approved:
        return 0
    draw = Draw.objects.create(bulk=bulk, seed=seed, population=len(approved), drawn_by=bulk.made_by)
    chosen = sampling.drawn(seed, approved, sampling.size(len(approved)))
    SecondLook.objects.bulk_create(SecondLook(draw=draw, revision_id=approved[each]) for each in chosen)
    return len(chosen)


@transaction.atomic
def draw_more(year, *, by, seed=""):
    """Draw further institutions of a year until five in a hundred are drawn, one approved month of each; how many.

    The periods of the year are held meanwhile: of two people clicking at once the second finds nothing lacking.
    Raises WrongStatus where nothing lacks or nothing more is approved.
    """
    if not access.may_somewhere(by, "draw"):
        raise PermissionDenied
    list(Period.objects.select_for_update().filter(month__year=year).order_by("pk"))
    lacking = coverage(year).lacking
    if not lacking:
        raise WrongStatus(f"{year}年已抽取的机构不少于 5 %，不必补抽。")
    keys = list(_undrawn(year).order_by().values_list("agency__key", flat=True).distinct())
    if not keys:
        raise WrongStatus(f"{year}年没有可以补抽的已通过月报。")
    seed = seed or secrets.token_hex(8)
    chosen = sampling.drawn(seed, keys, lacking)
    draw = Draw.objects.create(year=year, seed=seed, population=len(keys), drawn_by=by)
    SecondLook.objects.bulk_create(
        SecondLook(draw=draw, revision_id=revision) for revision in _months_of(year, chosen, seed)
    )
    detail = f"{year}年补抽 {len(chosen)} 个机构（可抽 {len(keys)} 个，种子 {seed}）"
    trail.record(Verb.LOOK, by=by, detail=detail)
    return len(chosen)


@transaction.atomic
def decide(look, *, by, result, note):
    """What somebody else than who approved, endorsed or filed it found; once. Raises ValueError without a note."""
    revision = look.revision
    if not access.may(by, "look", revision.report.agency):
        raise PermissionDenied
    if is_involved(by, revision):
        raise PermissionDenied("抽查复核须由未经办该月报的另一名审核员进行。")
    if result not in (Found.TRUE, Found.WRONG):
        raise ValueError("请选择“属实”或“有误”。")
    if not note.strip():
        raise ValueError("请写明核对了什么、结果如何。")
    waiting = SecondLook.objects.filter(pk=look.pk, result=Found.WAITING)
    facts = {"looked_by": by, "looked_at": timezone.now(), "note": note.strip()}
    if not waiting.update(result=result, **facts):
        raise WrongStatus(f"{look}刚刚已由他人复核，请刷新查看。")
    trail.record(
        Verb.LOOK,
        by=by,
        agency=revision.report.agency,
        month=revision.report.period.month,
        revision_number=revision.number,
        detail=f"{look.draw}抽中，{Found(result).label}：{note.strip()}",
    )


def is_involved(user, revision):
    """Whether the user typed any of the month up to this version, or handed it in, endorsed or decided it."""
    if user.pk in (revision.submitted_by_id, revision.endorsed_by_id, revision.decided_by_id):
        return True
    events = Event.objects.about(revision.report.agency, revision.report.period.month)
    return events.filter(verb=Verb.SAVE, actor=user, revision_number__lte=revision.number).exists()


def coverage(year):
    """The Coverage of a year's months."""
    bulk = BulkEntry.objects.filter(outcome=Outcome.APPROVED, report__period__month__year=year)
    looked_bulk = bulk.filter(revision__second_look__isnull=False).exclude(
        revision__second_look__result=Found.WAITING
    )
    owed = Report.objects.filter(period__month__year=year).order_by()
    return Coverage(
        year=year,
        bulk_approved=bulk.count(),
        bulk_looked=looked_bulk.count(),
        institutions=owed.values("agency").distinct().count(),
        **SecondLook.objects.of_year(year).counted(),
    )


def years():
    """The years whose months can be looked at, the newest first."""
    return sorted({month.year for month in Period.objects.values_list("month", flat=True)}, reverse=True)


def _undrawn(year):
    """Reports of the year with a month in force, of institutions of which none was drawn."""
    drawn = SecondLook.objects.of_year(year).values("revision__report__agency")
    approved = Report.objects.filter(
        period__month__year=year, approved__isnull=False, approved__second_look__isnull=True
    )
    return approved.exclude(agency__in=drawn)


def _months_of(year, keys, seed):
    """Of each institution the month in force that comes first by seed and content hash: revision ids."""
    rows = Revision.objects.filter(
        pk__in=_undrawn(year).filter(agency__key__in=keys).order_by().values("approved")
    ).values_list("report__agency__key", "content_hash", "pk")
    first = {}
    for key, content_hash, pk in rows.order_by():
        place = sampling.place(seed, content_hash)
        first[key] = min(first.get(key, (place, pk)), (place, pk))
    return [pk for _place, pk in first.values()]
