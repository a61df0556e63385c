"""Why a published number is what it is: the seal's own statement, what became of it since, and today's explanation."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from ..models import GroupPanel, LedgerEntry, Publication, PublishedFigure
from ..models.figures import INSTITUTION
from ..models.publication import COLUMN_TITLES, SEALED_COLUMNS
from . import causes
from .measure import MEASURES
from .owner import why, why_published
from .rule_set import RuleSetUsed

# Ending of a sealed column → the section of today's explanation.
SECTIONS = {"_base": "base", "_change": "change"}
# A total that has no explanation of its own → the one whose items it is among.
WITHIN = {"kgce_vehicle_fuel": "kgce"}


@dataclass(frozen=True)
class Seal:
    """What was sealed, under which rules, how complete the register was, and the hash over all of it."""

    name: str
    year: int
    base_year: int | None
    months: list[int]
    edition: int
    note: str
    rule_set: RuleSetUsed
    content_hash: str
    sealed_by: str
    sealed_at: datetime
    registered: int
    months_expected: int
    months_approved: int
    months_submitted: int
    months_missing: int
    is_whole_year: bool


@dataclass(frozen=True)
class Restated:
    """One line of the ledger."""

    found_at: datetime
    before: float | None
    now: float | None
    cause: str
    parts: list[causes.CausePart]


@dataclass(frozen=True)
class MonthToday:
    month: int
    href: str


@dataclass(frozen=True)
class PublishedLineage:
    """statement: the row's one canonical text, as it went into the content hash; statement_hash: SHA-256 of it alone.

    now: what the ledger knew last, the published number where it holds no line. today_href explains the whole year;
    month_hrefs, for an institution's part of a year, its months.
    """

    publication: int
    kind: str
    key: str
    panel: str
    panel_name: str
    name: str
    column: str
    title: str
    is_change: bool
    published: float | None
    now: float | None
    seal: Seal
    statement: str
    statement_hash: str
    entries: list[Restated]
    today_href: str
    month_hrefs: list[MonthToday]


def explain_published(user, publication, kind, key, panel, column) -> PublishedLineage:
    """Raises ValueError, in words, where no such number is sealed or the user sees none of its owner."""
    rows = PublishedFigure.objects.visible_to(user).select_related(
        "publication__rule_set", "publication__sealed_by"
    )
    row = rows.filter(publication=publication, kind=kind, key=key, panel=panel).first()
    if row is None or column not in SEALED_COLUMNS:
        raise ValueError("没有这样的已封存指标。")
    entries = LedgerEntry.objects.visible_to(user).filter(
        publication=publication, kind=kind, key=key, panel=panel, column=column
    )
    return _explained(row, column, list(entries), user)


def _explained(row, column, entries, user):
    publication, parts = row.publication, causes.linked(entries, user)
    published, statement = getattr(row, column), row.statement()
    return PublishedLineage(
        publication=publication.pk,
        kind=row.kind,
        key=row.key,
        panel=row.panel,
        panel_name="本机构" if row.kind == INSTITUTION else GroupPanel(row.panel).label,
        name=row.name,
        column=column,
        title=COLUMN_TITLES[column],
        is_change=column.endswith("_change"),
        published=published,
        # The newest line comes first.
        now=entries[0].now if entries else published,
        seal=_seal(publication),
        statement=statement,
        statement_hash=hashlib.sha256(statement.encode()).hexdigest(),
        entries=[
            Restated(entry.found_at, entry.before, entry.now, entry.cause, parts[entry.pk])
            for entry in entries
        ],
        today_href=today(publication, row, column),
        month_hrefs=_months(publication, row, column),
    )


def _seal(publication):
    return Seal(
        name=str(publication),
        year=publication.year,
        base_year=publication.base_year,
        months=list(publication.months),
        edition=publication.edition,
        note=publication.note,
        rule_set=RuleSetUsed.of(publication.rule_set),
        content_hash=publication.content_hash,
        sealed_by=str(publication.sealed_by or "系统"),
        sealed_at=publication.sealed_at,
        registered=publication.registered,
        months_expected=publication.months_expected,
        months_approved=publication.months_approved,
        months_submitted=publication.months_submitted,
        months_missing=publication.months_missing,
        is_whole_year=is_whole_year(publication),
    )


def is_whole_year(publication):
    return publication.kind == Publication.Kind.YEAR


def today(publication, row, column):
    """The explanation of the same figure of the whole year as it is today; row: a sealed figure or a ledger entry."""
    measure, section = _measure(column)
    panel = "" if row.kind == INSTITUTION else f"panel={row.panel}&"
    address = why(row.kind, row.key, publication.year, measure)
    return f"{address}?{panel}rules={publication.rule_set.slug}#{section}"


def now(publication, row, column):
    """Where today's number is explained: of a part of a year no other page shows one."""
    if is_whole_year(publication):
        return today(publication, row, column)
    return f"{why_published(publication.pk, row.kind, row.key, row.panel, column)}#today"


def _measure(column):
    """(measure, section) of a sealed column."""
    whole = WITHIN.get(column, column)
    if whole in MEASURES:
        return whole, "value"
    ending = next(ending for ending in SECTIONS if column.endswith(ending))
    return column.removesuffix(ending), SECTIONS[ending]


def _months(publication, row, column):
    if row.kind != INSTITUTION or is_whole_year(publication):
        return []
    measure, _ = _measure(column)
    address = f"{why(row.kind, row.key, publication.year, measure)}?rules={publication.rule_set.slug}"
    return [MonthToday(month, f"{address}#month-{month:02}") for month in publication.months]
