"""Forms of filing and review: strings in, domain values out, every refusal naming what would be accepted."""

from functools import cached_property
from typing import NamedTuple

from django import forms
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency, AgencyKind

from . import cells, returned
from .checks import Finding, Severity
from .entries import Entry
from .models import CellRemark, Line, Period, RuleHit, Status
from .models.filing import Revision
from .sheet import Doubt, Row

REASON_LENGTH = RuleHit._meta.get_field("reason").max_length


class Cells(NamedTuple):
    """One row of the month's form: the item and its fields."""

    row: Row
    quantity: forms.BoundField
    known_by: forms.BoundField
    cost: forms.BoundField | None
    payment: forms.BoundField | None
    note: forms.BoundField
    is_carried: bool
    is_suggested: bool
    token: str
    errors: list[Finding]
    doubts: list[Doubt]
    is_locked: bool
    remark: str

    @property
    def offered(self):
        """The register's quantity, where the field is empty."""
        return self.row.suggested.quantity if self.row.suggested and not self.quantity.value() else None

    @property
    def has_errors(self):
        return any(field and field.errors for field in self[1:6])


class MonthForm(forms.Form):
    """A month as its edition asks for it. An item left empty is an item not yet answered."""

    def __init__(self, *args, sheet, **options):
        super().__init__(*args, **options)
        self.sheet = sheet
        self.opened = returned.unlocked(sheet.report)
        for row in sheet.rows:
            fields = cells.fields_of(row.item, self._start(row))
            self.fields |= fields
            for field in fields.values():
                field.disabled = not returned.is_open(row.item.code, self.opened)

    @property
    def sections(self):
        """(section name, cells of its items, totals that are not asked) in the order of the form."""
        asked = {row.item.code for row in self.sheet.rows}
        totals = [total for total in self.verdict.totals if total.item.code not in asked]
        return [
            (
                name,
                [self._cells(row) for row in rows],
                [total for total in totals if total.item.get_section_display() == name],
            )
            for name, rows in self.sheet.sections
        ]

    def clean(self):
        for row in self.sheet.rows:
            if sentence := cells.fault(self, row.item):
                self.add_error(f"quantity-{row.item.code}", sentence)

    def entries(self):
        """What is stated: item code → Entry. Items left empty or unreadable are not in it."""
        found = {row.item.code: self._entry(row) for row in self.sheet.rows}
        return {code: entry for code, entry in found.items() if entry}

    @cached_property
    def verdict(self):
        """What the checks say of the entries, saved or not."""
        lines = [
            Line(
                item_id=code,
                quantity=entry.quantity,
                cost_yuan=entry.cost_yuan,
                known_by=entry.known_by,
                payment=entry.payment,
            )
            for code, entry in self.entries().items()
        ]
        return self.sheet.verdict(lines, [*self._unreadable()], self.reasons)

    @property
    def reasons(self):
        """The reasons typed for warnings: (rule, item code) → text."""
        typed = ((name.split("-", 2), text) for name, text in self.data.items() if name.startswith("reason-"))
        return {tuple(place[:0:-1]): text.strip()[:REASON_LENGTH] for place, text in typed if len(place) == 3}

    @cached_property
    def remarks(self):
        """Item code → what the reviewer said of a cell that came back."""
        asked = returned.asked_in(self.sheet.report)
        return {remark.item_id: remark.comment for remark in asked.remarks.all()} if asked else {}

    @property
    def names(self):
        """Item code → its name in a sentence."""
        return {row.item.code: row.name for row in self.sheet.rows}

    def refuse(self, findings):
        """Put the rule engine's errors on the fields they concern, without repeating the field's name."""
        names = self.names
        for finding in findings:
            field = f"quantity-{finding.item}" if finding.item in names else None
            self.add_error(field, finding.message.removeprefix(names.get(finding.item, "")).strip())

    def differences(self, stored):
        """Sentences naming each item whose stored answer is not the one typed here. `stored`: code → Entry."""
        typed = self.entries()
        return [
            f"{row.name}：已保存的是 {stored.get(row.item.code, '未填')}；您填写的是 {typed.get(row.item.code, '未填')}"
            for row in self.sheet.rows
            if stored.get(row.item.code) != typed.get(row.item.code)
        ]

    def _unreadable(self):
        """The fields' own errors as findings."""
        for name, errors in self.errors.items():
            code, label = name.partition("-")[2], self.fields[name].label
            yield from (Finding("unreadable", code, Severity.ERROR, f"{label}：{error}") for error in errors)

    def _start(self, row):
        if self.sheet.is_fresh:
            return row.start
        return Entry.of(row.line) if row.line else None

    def _cells(self, row):
        code = row.item.code
        quantity, known_by, note = (self[f"{part}-{code}"] for part in ("quantity", "known_by", "note"))
        cost, payment = (
            self[f"{part}-{code}"] if row.item.has_cost else None for part in ("cost", "payment")
        )
        begins = self.sheet.is_fresh and not self.is_bound
        is_suggested = begins and row.suggested is not None
        is_carried = begins and not is_suggested and row.carried is not None
        token = Entry.of(row.line).token if row.line else ""
        errors = [finding for finding in self.verdict.errors if finding.item == code]
        doubts = [doubt for doubt in self.verdict.doubts if doubt.finding.item == code]
        fields = (row, quantity, known_by, cost, payment, note)
        is_locked = not returned.is_open(code, self.opened)
        remark = self.remarks.get(code, "")
        return Cells(*fields, is_carried, is_suggested, token, errors, doubts, is_locked, remark)

    def _entry(self, row):
        code = row.item.code
        if not self.is_bound:
            return self._start(row)
        if any(f"{part}-{code}" in self.errors for part in cells.PARTS):
            return None
        return cells.answered(cells.typed(self, code))


class ReturnForm(forms.Form):
    """A reason for the whole month, or a comment on each single cell that is returned: `cell-<item code>`."""

    reason = forms.CharField(
        label="退回原因",
        required=False,
        max_length=Revision._meta.get_field("return_reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    @property
    def cells(self):
        """Item code → the comment as typed; cells without one are not returned."""
        typed = {name: text.strip() for name, text in self.data.items() if name.startswith("cell-")}
        return {name.removeprefix("cell-"): text for name, text in typed.items() if text}

    def clean(self):
        if not self.cleaned_data.get("reason") and not self.cells:
            self.add_error("reason", "请写明退回原因，或在左侧要退回的指标下写明意见：填报员将据此修改。")
        longest = CellRemark._meta.get_field("comment").max_length
        if any(len(text) > longest for text in self.cells.values()):
            self.add_error(None, f"每个指标的意见不超过 {longest} 字。")


class CorrectionForm(forms.Form):
    reason = forms.CharField(
        label="更正原因",
        max_length=Revision._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明更正原因，如“漏计3号楼电表”。"},
    )


class QueueFilters(forms.Form):
    """The search bar over the queue: an empty field does not narrow."""

    month = forms.ChoiceField(label="月份", required=False)
    department = forms.ModelChoiceField(None, label="主管部门", required=False, empty_label="全部")
    words = forms.CharField(label="机构", required=False, max_length=60)

    def __init__(self, *args, user, **options):
        super().__init__(*args, **options)
        months = Period.objects.values_list("month", flat=True)
        self.fields["month"].choices = [
            ("", "全部"),
            *((f"{day:%Y-%m}", f"{day.year}年{day.month}月") for day in months),
        ]
        self.fields["words"].widget.attrs["placeholder"] = "名称或机构编码"
        departments = Agency.objects.visible_to(user).filter(kind=AgencyKind.DEPARTMENT)
        self.fields["department"].queryset = departments
        if len(departments) < 2:
            del self.fields["department"]

    def narrow(self, reports):
        """The reports that fit; a value that cannot be read is named beside its field and narrows nothing."""
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("month"):
            reports = reports.filter(period__month=f"{wanted['month']}-01")
        if wanted.get("department"):
            reports = reports.filter(agency__path__startswith=wanted["department"].path)
        if wanted.get("words"):
            words = wanted["words"].strip()
            reports = reports.filter(Q(agency__name__icontains=words) | Q(agency__key__istartswith=words))
        return reports


class ReportFilters(QueueFilters):
    """The search bar over all reports."""

    OVERDUE = "overdue"
    WAITING = "waiting"
    DOUBTED = "doubted"
    STATES = (
        ("", "全部"),
        ("missing", "未填报"),
        *Status.choices,
        (WAITING, "待审核"),
        (DOUBTED, "待审核，有检查提示"),
        (OVERDUE, "逾期未报"),
    )

    state = forms.ChoiceField(label="状态", required=False, choices=STATES)

    field_order = ("month", "state", "department", "words")

    def narrow(self, reports):
        reports, state = super().narrow(reports), self.cleaned_data.get("state")
        if state == self.OVERDUE:
            return reports.to_file().filter(period__due_on__lt=timezone.localdate())
        if state == self.WAITING:
            return reports.waiting()
        if state == self.DOUBTED:
            return reports.waiting().doubted()
        return reports.in_state(state) if state else reports
