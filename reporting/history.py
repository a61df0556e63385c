"""Months that were settled before the portal: tidy tables enter as approved, with the document they come from."""

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from agencies import tables, trail
from agencies.models import Agency
from agencies.models.trail import Verb
from agencies.tables import FIRST_ROW, Problem, Unreadable

from . import actions, approved, bulk, checks, findings
from .accounting.exact import FUEL_TOTALS
from .models import Edition, Item, KnownBy, Line, Report, Revision, Status
from .models.filing import content_hash

REQUIRED_COLUMNS = ("agency", "year", "month", "item", "quantity")
OPTIONAL_COLUMNS = ("cost_yuan", "unit")
BATCH = 5_000
QUANTITY_STEP, COST_STEP = Decimal("0.0001"), Decimal("0.01")
STATES = {
    KnownBy.NOT_APPLICABLE.label: KnownBy.NOT_APPLICABLE,
    KnownBy.NOT_METERED.label: KnownBy.NOT_METERED,
}
LINE_COLUMNS = ("revision_id", "item_id", "quantity", "unit", "cost_yuan", "known_by", "payment", "note")
NEVER_ABSENT = {"110", "120"}
YEAR, MONTH = re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{1,2}")
NOT_LISTED = "导入文件未列，按不适用"


class FiledLine(NamedTuple):
    """A line as read: the fields of reporting.models.Line, without the cost of a model instance."""

    item_id: str
    quantity: Decimal | None
    unit: str
    cost_yuan: Decimal | None
    known_by: str
    note: str
    payment: str = ""


@dataclass
class Month:
    """One institution's month as read: its edition and lines, and the first row that speaks of it."""

    agency: Agency
    month: date
    edition: Edition
    first_row: int
    lines: dict[str, FiledLine] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    not_listed: list[str] = field(default_factory=list)


@dataclass
class Reading:
    months: list[Month]
    rows: int
    rounded: int

    def __str__(self):
        agencies = len({month.agency.pk for month in self.months})
        early = sum(month.month < month.agency.registered_from.replace(day=1) for month in self.months)
        not_listed = Counter(name for month in self.months for name in month.not_listed)
        names = "、".join(f"{name} {count}" for name, count in sorted(not_listed.items())) or "无"
        return "\n".join(
            [
                f"{self.rows} 行，{agencies} 个机构，{len(self.months)} 个机构月；早于纳入名录日期 {early} 个机构月",
                f"四舍五入到 4 位小数（费用 2 位）{self.rounded} 处",
                f"文件未列而按“不适用”记：{names}",
            ]
        )


class Reader:
    """Turns rows into months, collecting every problem before anything is written."""

    def __init__(self, edition=None):
        self.edition = edition
        self.editions = list(Edition.objects.order_by("-valid_from"))
        self.agencies = {agency.key: agency for agency in Agency.objects.all()}
        self.items = Item.objects.in_bulk()
        self.asked = {each.pk: set(each.rows.values_list("item_id", flat=True)) for each in self.editions}
        self.ground = findings.ground()
        self.places = {}
        self.months = {}
        self.problems = []
        self.rounded = 0

    def read(self, rows):
        """`rows`: dicts of texts by the columns, as `agencies.tables.load` gives them. Raises Unreadable."""
        for number, row in enumerate(rows, start=FIRST_ROW):
            self._read_row(number, row)
        months = list(self.months.values())
        for month in months:
            self._check_sums(month)
        self._check_taken(months)
        if self.problems:
            raise Unreadable(self.problems)
        for month in months:
            self._drop_stated_totals(month)
            self._fill_not_listed(month)
        return Reading(months, len(rows), self.rounded)

    def _read_row(self, number, row):
        where, code = self._month_of(number, row["agency"], row["year"], row["month"]), row["item"]
        if where is None or not self._item_fits(number, where, code, row.get("unit")):
            return
        if code in where.lines:
            self._refuse(number, "item", f"{where.agency} {where.month:%Y-%m} 的指标 {code} 重复出现。")
            return
        line = self._line(number, code, row["quantity"], row.get("cost_yuan"))
        if line is not None:
            where.lines[code], where.rows[code] = line, number

    def _month_of(self, number, key, year, month):
        """The month that a row speaks of, however it writes it: 1 and 01 are one month."""
        place = (key, year, month)
        if place not in self.places:
            found = self._new_month(number, key, year, month)
            self.places[place] = found and self.months.setdefault((key, found.month), found)
        return self.places[place]

    def _new_month(self, number, key, year, month):
        agency, day = self.agencies.get(key), self._date(number, year, month)
        if agency is None or not agency.is_institution:
            self._refuse(number, "agency", f"名录中没有报送机构“{key}”。请先用 import_agencies 登记。")
            return None
        if day is None:
            return None
        if agency.registered_to and day > agency.registered_to:
            self._refuse(
                number,
                "month",
                f"{agency} 已于 {agency.registered_to} 退出名录，不能再有 {day:%Y-%m} 的数据。",
            )
            return None
        return Month(agency, day, self.edition or self._edition_for(day), number)

    def _date(self, number, year, month):
        if not (YEAR.fullmatch(year) and 1990 <= int(year) <= 2100):
            self._refuse(number, "year", f"“{year}”不是年份，应为四位数字，如 2024。")
            return None
        if not (MONTH.fullmatch(month) and 1 <= int(month) <= 12):
            self._refuse(number, "month", f"“{month}”不是月份，应为 1 到 12。")
            return None
        day = date(int(year), int(month), 1)
        if day >= timezone.localdate().replace(day=1):
            self._refuse(number, "month", f"{day:%Y-%m} 尚未结束，只能导入已结束的月份。")
            return None
        return day

    def _edition_for(self, day):
        return next((each for each in self.editions if each.valid_from <= day), self.editions[-1])

    def _item_fits(self, number, where, code, unit):
        if code not in self.asked[where.edition.pk] and code not in FUEL_TOTALS:
            self._refuse(number, "item", f"“{where.edition}”没有指标“{code}”。")
            return False
        expected = self.items[code].unit
        if unit and unit != expected:
            self._refuse(number, "unit", f"指标 {code} 的单位应为 {expected}，现为“{unit}”。")
            return False
        return True

    def _line(self, number, code, quantity, cost):
        known_by = STATES.get(quantity, KnownBy.METERED)
        value = None if quantity in STATES else self._decimal(number, "quantity", quantity, QUANTITY_STEP)
        cost_yuan = self._decimal(number, "cost_yuan", cost, COST_STEP) if cost else None
        if value is None and quantity not in STATES:
            return None
        if value is not None and not self.items[code].decimals and value % 1:
            self._refuse(number, "quantity", f"“{quantity}”应为整数（{self.items[code].unit}）。")
            return None
        return FiledLine(code, value, self.items[code].unit, cost_yuan, str(known_by), "")

    def _decimal(self, number, column, text, step):
        value = tables.number(text)
        if value is None or value >= Decimal(10) ** 11:
            hint = "；没有此项时写“不适用”，未装表时写“未计量”" if column == "quantity" else ""
            self._refuse(number, column, f"“{text}”不是 0 或正数（小数点用“.”，不带千分位和单位）{hint}。")
            return None
        rounded = value.quantize(step, ROUND_HALF_UP)
        self.rounded += rounded != value
        return rounded

    def _check_sums(self, month):
        """What contradicts itself is refused here as it is in the form: by the one rule engine."""
        stated = findings.statements(month.lines.values())
        for finding in checks.errors(checks.Month(stated, self.ground.names)):
            number = month.rows.get(finding.item, month.first_row)
            self._refuse(number, "quantity", f"{month.agency} {month.month:%Y-%m} {finding.message}")

    def _check_taken(self, months):
        taken = Report.objects.filter(latest__isnull=False, agency__in={month.agency.pk for month in months})
        stored = set(taken.values_list("agency", "period__month"))
        for month in months:
            if (month.agency.pk, month.month) in stored:
                sentence = (
                    f"{month.agency} {month.month:%Y-%m} 已有报送，不能用历史导入覆盖；请在平台上更正。"
                )
                self._refuse(month.first_row, "month", sentence)

    def _drop_stated_totals(self, month):
        """A fuel total that stands beside its parts says nothing more than they do."""
        for total, parts in FUEL_TOTALS.items():
            if any(part in month.lines for part in parts):
                month.lines.pop(total, None)

    def _fill_not_listed(self, month):
        """Energy that the file does not mention is stated as not applicable, in so many words.

        Electricity and water are not: nobody does without them, so left out they are unknown.
        """
        covered = {part for total, parts in FUEL_TOTALS.items() if total in month.lines for part in parts}
        for code in self.asked[month.edition.pk] - set(month.lines) - covered - NEVER_ABSENT:
            item = self.items[code]
            if item.carrier:
                month.not_listed.append(self.ground.names[code])
                month.lines[code] = FiledLine(
                    code, None, item.unit, None, str(KnownBy.NOT_APPLICABLE), NOT_LISTED
                )

    def _refuse(self, number, column, sentence):
        self.problems.append(Problem(number, column, sentence))


@transaction.atomic
def enter(reading, *, document, by=None):
    """Write the months as approved, in one transaction; panels and stale marks with them."""
    reports = _reports_for(reading.months)
    revisions = Revision.objects.bulk_create(
        [_revision(month, reports[(month.agency.pk, month.month)], document, by) for month in reading.months],
        batch_size=BATCH,
    )
    pairs = zip(reading.months, revisions, strict=True)
    bulk.insert(
        Line,
        LINE_COLUMNS,
        (_stored(line, revision) for month, revision in pairs for line in month.lines.values()),
    )
    _approve(revisions)
    _mark_panels(reading.months, document)
    trail.record_many(
        [
            _event(month, revision, document, by)
            for month, revision in zip(reading.months, revisions, strict=True)
        ]
    )


def _reports_for(months):
    """(agency id, month) → report. The periods open for the whole register: who is not in the file is seen to miss."""
    periods = actions.open_periods({month.month for month in months})
    reports = Report.objects.filter(period__in=periods.values()).select_related("period")
    found = {(report.agency_id, report.period.month): report for report in reports}
    unregistered_then = [
        Report(agency=month.agency, period=periods[month.month])
        for month in months
        if (month.agency.pk, month.month) not in found
    ]
    for report in Report.objects.bulk_create(unregistered_then, batch_size=BATCH):
        found[(report.agency_id, report.period.month)] = report
    return found


def _revision(month, report, document, by):
    now = timezone.now()
    return Revision(
        report=report,
        number=1,
        edition=month.edition,
        document_reference=document,
        opened_by=by,
        opened_at=now,
        submitted_by=by,
        content_hash=content_hash(month.agency.key, month.month, 1, month.edition.slug, month.lines.values()),
        decided_by=by,
        decided_at=now,
    )


def _stored(line, revision):
    """Values of LINE_COLUMNS; decimals as texts, which both databases read exactly."""
    quantity = None if line.quantity is None else f"{line.quantity:f}"
    cost_yuan = None if line.cost_yuan is None else f"{line.cost_yuan:f}"
    return revision.pk, line.item_id, quantity, line.unit, cost_yuan, line.known_by, line.payment, line.note


def _approve(revisions):
    """They enter as drafts, because a submitted revision takes no line, and turn approved together."""
    now = timezone.now()
    keys = [revision.pk for revision in revisions]
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        Revision.objects.filter(pk__in=batch).update(status=Status.APPROVED, submitted_at=now)
        own = Subquery(Revision.objects.filter(report=OuterRef("pk"), number=1).values("pk"))
        Report.objects.filter(revisions__in=batch).update(latest=own, approved=own)


def _mark_panels(months, document):
    years = defaultdict(set)
    for month in months:
        years[month.agency.pk].add(month.month.year)
    approved.rebuild(years, cause=f"历史导入：{document}")


def _event(month, revision, document, by):
    detail = f"{document}；内容哈希 {revision.content_hash}"
    return trail.event(Verb.IMPORT, by, month.agency, month.month, revision.number, detail)


def document_of(path):
    """How an imported file is referred to: its name and the hash of its content."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"导入文件 {path.name}（SHA-256 {digest[:16]}）"
