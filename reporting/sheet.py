"""A month as a page shows it: what its edition asks, what is stated, and what was filed beside it."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from agencies.areas import MonthArea

from . import calendar, checks, findings, peers
from .entries import Entry
from .models import Edition, Item, Line, Report, Section

# What hardly moves from month to month and may start from an earlier answer; a metered quantity never does.
CARRIED = frozenset((
    "101", "102", "103", "1031", "104", "1041", "1042", "1043", "106", "190", "191", "192", "200", "201", "210", "220",
))  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One item of the month; each line is None where nothing is known of it.

    `earlier` is that of the revision before, `to_carry` that of the newest approved month. `registered`: what the
    register says of it, which it does of the floor area only. `expected`: the range in which the checks ask nothing.
    """

    item: Item
    is_required: bool
    line: Line | None
    last_month: Line | None
    last_year: Line | None
    earlier: Line | None
    to_carry: Line | None
    registered: MonthArea | None = None
    expected: tuple[Decimal, Decimal] | None = None

    @property
    def name(self):
        return findings.short_name(self.item.name)

    @property
    def is_blank(self):
        """An optional item of which neither this month nor those beside it say anything."""
        return not (self.is_required or self.line or self.last_month or self.last_year or self.earlier)

    @property
    def year_change(self):
        """How the quantity moved against the same month last year, as a fraction."""
        return findings.change(self.line, self.last_year)

    @property
    def year_slip(self):
        """The factor of a likely slip of the unit, in words, where the change is of that size."""
        return findings.slip(self.year_change)

    @property
    def is_changed(self):
        """Whether it differs from the revision before, where there is one."""
        return bool(self.earlier and self.line and Entry.of(self.earlier) != Entry.of(self.line))

    @property
    def suggested(self):
        """The register's answer, for a month that has none yet."""
        return Entry(self.registered.area_m2) if self.registered and self.line is None else None

    @property
    def start(self):
        """What a fresh month begins with: the register's answer before an earlier month's."""
        return self.suggested or self.carried

    @property
    def carried(self):
        """The answer that a fresh month may start from: a state, or a quantity that hardly moves."""
        return carried_answer(self.to_carry)


@dataclass(frozen=True)
class Total:
    """The sum of those parts of a total that are known."""

    item: Item
    parts: list[str]
    quantity: Decimal

    @property
    def name(self):
        return findings.short_name(self.item.name)


@dataclass(frozen=True)
class Doubt:
    """A warning, with the reason that was given for it so far."""

    finding: checks.Finding
    reason: str

    @property
    def name(self):
        """The name of the field that takes the reason."""
        return f"reason-{self.finding.item}-{self.finding.rule}"


@dataclass(frozen=True)
class Verdict:
    """What the rule engine says of a month as it stands."""

    asked: int
    answered: int
    missing: list[checks.Finding]
    errors: list[checks.Finding]
    doubts: list[Doubt]
    totals: list[Total]

    names: dict[str, str]

    @property
    def warnings(self):
        return [doubt.finding for doubt in self.doubts]

    @property
    def missing_names(self):
        """(name, item code) of what was asked and not answered."""
        return [(self.names[finding.item], finding.item) for finding in self.missing]


def carried(report):
    """The entries that a month nobody began begins with: item code → Entry."""
    found = {row.item.code: row.start for row in Sheet(report, None).rows}
    return {code: entry for code, entry in found.items() if entry}


class Sheet:
    """The rows of one revision of a report, or of a month that nobody began (`revision` None)."""

    def __init__(self, report, revision):
        self.report, self.revision = report, revision
        self.edition = revision.edition if revision else Edition.objects.for_month(report.period.month)
        self.beside = findings.beside(report)
        self.month_before = calendar.first_of_previous(report.period.month)
        self.month_last_year = calendar.same_month_last_year(report.period.month)
        self.items = Item.objects.in_bulk()
        self.ground = findings.ground(self.items.values())
        self.rows = self._rows()

    @property
    def is_fresh(self):
        return self.revision is None

    @property
    def month_carried(self):
        """The month that a fresh one starts from, or None."""
        return self.beside.newest_month if self.is_fresh else None

    @property
    def state_before(self):
        """The state of last month's report in a word, where none of its revisions is in force; None otherwise."""
        before = Report.objects.filter(agency=self.report.agency_id, period__month=self.month_before)
        pending = before.filter(approved__isnull=True).select_related("latest").first()
        return pending and pending.status_name

    @property
    def lines(self):
        """The stored lines."""
        return [row.line for row in self.rows if row.line]

    @cached_property
    def peers(self):
        """Item code → how the month lies among institutions of its type."""
        return peers.beside(self.report, self.lines, self.ground.limits)

    @cached_property
    def stored_reasons(self):
        """(rule, item code) → the reason given for a warning of this revision."""
        hits = self.revision.hits.exclude(reason="") if self.revision else ()
        return {(hit.rule, hit.item_id): hit.reason for hit in hits}

    @property
    def sections(self):
        """(section name, rows) in the order of the form, empty sections left out."""
        return by_section(self.rows)

    @property
    def stated_sections(self):
        """The sections without the optional items that nobody ever answered."""
        return by_section(row for row in self.rows if not row.is_blank)

    def verdict(self, lines, unreadable=(), reasons=None):
        """What the checks say of these lines (stored or not) as this month's answer.

        `unreadable`: findings on what was typed but cannot be a line; such an item is wrong, not missing.
        `reasons`: (rule, item code) → text, as typed; those that are stored by default.
        """
        reasons = self.stored_reasons if reasons is None else self.stored_reasons | reasons
        required = {row.item.code for row in self.rows if row.is_required}
        found = findings.judged(self.report, required, lines, self.beside, self.ground)
        errors = [each for each in found if each.severity == checks.Severity.ERROR]
        typed = {finding.item for finding in unreadable}
        return Verdict(
            asked=len(required),
            answered=len(required & {line.item_id for line in lines}),
            missing=[error for error in errors if error.rule == "required" and error.item not in typed],
            errors=[*unreadable, *(error for error in errors if error.rule != "required")],
            doubts=[
                Doubt(finding, reasons.get((finding.rule, finding.item), ""))
                for finding in found
                if finding.severity == checks.Severity.WARNING
            ],
            totals=self._totals({line.item_id: line.quantity for line in lines}),
            names=self.ground.names,
        )

    def _rows(self):
        """The items of the edition, then those that only the stored lines know: nothing filed goes unseen."""
        stored, earlier = _by_item(self.revision), _by_item(self._revision_before())
        required = dict(self.edition.rows.order_by("position").values_list("item_id", "is_required"))
        codes = [*required, *(code for code in stored if code not in required)]
        return [self._row(code, required.get(code, False), stored, earlier) for code in codes]

    def _row(self, code, is_required, stored, earlier):
        to_carry = self.beside.newest if self.is_fresh else {}
        sources = (stored, self.beside.last_month, self.beside.last_year, earlier, to_carry)
        registered = self.beside.registered if code == checks.AREA else None
        expected = self.ground.expected(code, self.beside, self.report.agency.type_code)
        filed = (lines.get(code) for lines in sources)
        return Row(self.items[code], is_required, *filed, registered, expected)

    def _revision_before(self):
        if self.revision is None or self.revision.number == 1:
            return None
        return self.report.revisions.get(number=self.revision.number - 1)

    def _totals(self, quantities):
        totals = []
        for code, parts in checks.SUMS.items():
            known = [quantities[part] for part in parts if quantities.get(part) is not None]
            if known:
                words = [findings.short_name(self.items[part].name) for part in parts]
                totals.append(Total(self.items[code], words, sum(known)))
        return totals


def carried_answer(line):
    """What a fresh month starts from where `line` (or None) is the newest answer in force."""
    if line is None:
        return None
    if line.quantity is None:
        return Entry(None, line.known_by, payment=line.payment)
    return Entry(line.quantity, line.known_by) if line.item_id in CARRIED else None


def by_section(rows):
    """(section name, rows) in the order of the form; rows: whatever has an item."""
    found = {section.label: [] for section in Section}
    for row in rows:
        found[row.item.get_section_display()].append(row)
    return [(name, rows) for name, rows in found.items() if rows]


def _by_item(revision):
    return {line.item_id: line for line in revision.lines.all()} if revision else {}
