"""Forms of filing and review: strings in, domain values out, every refusal naming what would be accepted."""

import re
import unicodedata
from typing import NamedTuple

from django import forms
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency, AgencyKind

from .actions import Entry
from .checks import Finding, Severity
from .models import KnownBy, Line, Period, Revision, Status
from .sheet import Row

# Digits, or groups of three: "1,5" is refused rather than read as 15.
NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
# SQLite keeps 15 digits; no institution's month comes near.
DIGITS = 15
QUANTITY_DECIMALS, COST_DECIMALS = 4, 2
PARTS = ("quantity", "known_by", "cost", "note")


class NumberField(forms.DecimalField):
    """A number as offices type it: full-width digits and separated thousands are read, a unit is not."""

    def __init__(self, *, unit, decimals, **options):
        self.unit = unit
        super().__init__(min_value=0, max_digits=DIGITS, decimal_places=decimals, required=False, **options)
        self.error_messages |= _number_messages(unit, decimals)

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", str(value or "")).strip().replace("。", ".")
        if text and not NUMBER.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text.replace(",", ""))


def _number_messages(unit, decimals):
    size = f"数值过大，请核对单位是否为 {unit}。"
    return {
        "invalid": f"请填写数字，如 {'12' if decimals == 0 else '1234.5'}（{unit}），不带单位。",
        "min_value": "不能为负，请填 0 或更大的数。",
        "max_decimal_places": f"最多 {decimals} 位小数。" if decimals else f"请填整数（{unit}）。",
        "max_digits": size,
        "max_whole_digits": size,
    }


class Cells(NamedTuple):
    """One row of the month's form: the item and its fields."""

    row: Row
    quantity: forms.BoundField
    known_by: forms.BoundField
    cost: forms.BoundField | None
    note: forms.BoundField
    is_carried: bool
    is_suggested: bool

    @property
    def has_errors(self):
        return any(field and field.errors for field in self[1:5])


class MonthForm(forms.Form):
    """A month as its edition asks for it. An item left empty is an item not yet answered."""

    def __init__(self, *args, sheet, **options):
        super().__init__(*args, **options)
        self.sheet = sheet
        for row in sheet.rows:
            self.fields |= _fields_of(row, self._start(row))

    @property
    def sections(self):
        """(section name, cells of its items) in the order of the form."""
        return [(name, [self._cells(row) for row in rows]) for name, rows in self.sheet.sections]

    def clean(self):
        for row in self.sheet.rows:
            fault = self._fault(row.item)
            if fault:
                self.add_error(f"quantity-{row.item.code}", fault)

    def entries(self):
        """What is stated: item code → Entry. Items left empty or unreadable are not in it."""
        found = {row.item.code: self._entry(row) for row in self.sheet.rows}
        return {code: entry for code, entry in found.items() if entry}

    def verdict(self):
        """What the checks say of the entries, saved or not."""
        lines = [
            Line(item_id=code, quantity=entry.quantity, cost_yuan=entry.cost_yuan, known_by=entry.known_by)
            for code, entry in self.entries().items()
        ]
        return self.sheet.verdict(lines, [*self._unreadable()])

    def refuse(self, findings):
        """Put the rule engine's errors on the fields they concern, without repeating the field's name."""
        names = {row.item.code: row.name for row in self.sheet.rows}
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
        if row.suggested:
            return row.suggested
        if self.sheet.is_fresh:
            return row.carried
        return Entry.of(row.line) if row.line else None

    def _cells(self, row):
        code = row.item.code
        quantity, known_by, note = (self[f"{part}-{code}"] for part in ("quantity", "known_by", "note"))
        cost = self[f"cost-{code}"] if row.item.has_cost else None
        is_suggested = not self.is_bound and row.suggested is not None
        is_carried = self.sheet.is_fresh and not self.is_bound and row.carried is not None
        return Cells(row, quantity, known_by, cost, note, is_carried and not is_suggested, is_suggested)

    def _typed(self, code):
        quantity, known_by, cost, note = (self.cleaned_data.get(f"{part}-{code}") for part in PARTS)
        return Entry(quantity, known_by or KnownBy.METERED, cost, note or "")

    def _entry(self, row):
        code = row.item.code
        if not self.is_bound:
            return self._start(row)
        if any(f"{part}-{code}" in self.errors for part in PARTS):
            return None
        typed = self._typed(code)
        return None if typed.quantity is None and KnownBy(typed.known_by).has_quantity else typed

    def _fault(self, item):
        """What contradicts itself within one row, as a sentence, or None."""
        if f"quantity-{item.code}" in self.errors:
            return None
        typed = self._typed(item.code)
        way = KnownBy(typed.known_by)
        if typed.quantity is not None:
            fault = f"选了“{way.label}”就不能有数量：请清空数量，或改选“计量”“估算”。"
            return None if way.has_quantity else fault
        if way == KnownBy.NOT_APPLICABLE and typed.cost_yuan:
            return "选了“不适用”就不能有费用：有此项而未装表时，请选“未计量”。"
        if way.has_quantity and (typed.cost_yuan is not None or typed.note or way == KnownBy.ESTIMATED):
            return f"请填写数量（{item.unit}）；没有此项时选“不适用”，有而未装表时选“未计量”。"
        return None


def _fields_of(row, start):
    """The fields of one item, in the order of the keyboard."""
    item, code, start = row.item, row.item.code, start or Entry(None)
    decimals = QUANTITY_DECIMALS if item.decimals else 0
    fields = {
        f"quantity-{code}": _number(
            row.name, f"{row.name} 数量", item.unit, decimals, start.quantity, help_text=item.definition
        ),
        f"known_by-{code}": _way(f"{row.name} 获取方式", start.known_by),
    }
    if item.has_cost:
        label = f"{row.name} 费用"
        fields[f"cost-{code}"] = _number(label, label, "元", COST_DECIMALS, start.cost_yuan)
    return fields | {f"note-{code}": _note(f"{row.name} 说明", start.note)}


def _number(label, spoken, unit, decimals, start, **options):
    """`label` names the field in an error, `spoken` where only the column says what it is."""
    attributes = {"inputmode": "decimal", "autocomplete": "off", "aria-label": f"{spoken}（{unit}）"}
    widget = forms.TextInput(attrs=attributes)
    return NumberField(
        label=label, unit=unit, decimals=decimals, initial=_plain(start), widget=widget, **options
    )


def _way(label, start):
    return forms.TypedChoiceField(
        label=label,
        choices=KnownBy.choices,
        initial=start,
        required=False,
        empty_value=KnownBy.METERED,
        widget=forms.Select(attrs={"aria-label": label}),
    )


def _note(label, start):
    return forms.CharField(
        label=label,
        initial=start,
        required=False,
        max_length=Line._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"aria-label": label, "autocomplete": "off"}),
    )


def _plain(number):
    return None if number is None else f"{number.normalize():f}"


class ReturnForm(forms.Form):
    reason = forms.CharField(
        label="退回原因",
        max_length=Revision._meta.get_field("return_reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明退回原因，填报员将据此修改。"},
    )


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
    STATES = (("", "全部"), ("missing", "未填报"), *Status.choices, (OVERDUE, "逾期未报"))

    state = forms.ChoiceField(label="状态", required=False, choices=STATES)

    field_order = ("month", "state", "department", "words")

    def narrow(self, reports):
        reports, state = super().narrow(reports), self.cleaned_data.get("state")
        if state == self.OVERDUE:
            return reports.to_file().filter(period__due_on__lt=timezone.localdate())
        return reports.in_state(state) if state else reports
