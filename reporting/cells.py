"""The fields of one item of a month: strings in, an Entry out, every refusal naming what would be accepted."""

import re
import unicodedata

from django import forms

from . import entries, findings, units
from .entries import Entry
from .models import KnownBy, Line, Payment

# Digits, or groups of three: "1,5" is refused rather than read as 15. What follows is a unit.
NUMBER = re.compile(r"(-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?)\s*([^\d,.].*)?", re.DOTALL)
# SQLite keeps 15 digits; no institution's month comes near.
DIGITS = 15
QUANTITY_DECIMALS, COST_DECIMALS = 4, 2
PARTS = ("quantity", "known_by", "cost", "payment", "note")


class NumberField(forms.DecimalField):
    """A number as offices type it: full-width digits, separated thousands, and a unit that is known behind it."""

    def __init__(self, *, code="", unit, decimals, **options):
        self.unit, self.units = unit, units.of_item(code, unit)
        super().__init__(min_value=0, max_digits=DIGITS, decimal_places=decimals, required=False, **options)
        self.error_messages |= _number_messages(unit, decimals)

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", str(value or "")).strip().replace("。", ".")
        if not text:
            return None
        found = NUMBER.fullmatch(text)
        if not found:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        number = super().to_python(found[1].replace(",", ""))
        return self._in_unit(number, found[2]) if found[2] else number

    def _in_unit(self, number, name):
        converted = units.converted(number, name, self.units)
        if converted is None and not units.is_known(self.unit):
            raise forms.ValidationError(f"请只填数字，单位为{self.unit}。", code="unit")
        if converted is None:
            known = "、".join(self.units)
            raise forms.ValidationError(
                f"不认识单位“{name[:12]}”。请用 {self.unit}，或：{known}。", code="unit"
            )
        return converted


def _number_messages(unit, decimals):
    size = f"数值过大，请核对单位是否为 {unit}。"
    return {
        "invalid": f"请填写数字，如 {'12' if decimals == 0 else '1234.5'}（{unit}）。",
        "min_value": "不能为负，请填 0 或更大的数。",
        "max_decimal_places": f"最多 {decimals} 位小数。" if decimals else f"请填整数（{unit}）。",
        "max_digits": size,
        "max_whole_digits": size,
    }


class CellForm(forms.Form):
    """One item alone, as it is saved when its fields are left."""

    def __init__(self, *args, item, **options):
        super().__init__(*args, **options)
        self.item = item
        self.fields |= fields_of(item, None)

    def clean(self):
        if sentence := fault(self, self.item):
            self.add_error(f"quantity-{self.item.code}", sentence)

    @property
    def entry(self):
        """What is stated; None where nothing is. Only of a valid form."""
        return answered(typed(self, self.item.code))

    @property
    def sentences(self):
        """Field name → what is wrong with it."""
        return {name: " ".join(errors) for name, errors in self.errors.items()}


def fields_of(item, start):
    """The fields of one item, in the order of the keyboard; start: the Entry they begin with, or None."""
    code, name, start = item.code, findings.short_name(item.name), start or Entry(None)
    decimals = QUANTITY_DECIMALS if item.decimals else 0
    fields = {
        f"quantity-{code}": _number(
            name, f"{name} 数量", code, item.unit, decimals, start.quantity, help_text=item.definition
        ),
        f"known_by-{code}": _choice(f"{name} 获取方式", KnownBy.choices, start.known_by, KnownBy.METERED),
    }
    if item.has_cost:
        label = f"{name} 费用"
        fields[f"cost-{code}"] = _number(label, label, "", "元", COST_DECIMALS, start.cost_yuan)
        choices = [("", "付费情况"), *Payment.choices]
        fields[f"payment-{code}"] = _choice(f"{name} 付费情况", choices, start.payment, "")
    return fields | {f"note-{code}": _note(f"{name} 说明", start.note)}


def typed(form, code):
    """The cleaned values of one item as an Entry."""
    quantity, known_by, cost, payment, note = (form.cleaned_data.get(f"{part}-{code}") for part in PARTS)
    return Entry(quantity, known_by or KnownBy.METERED, cost, note or "", payment or "")


def answered(entry):
    """The entry, or None where it states nothing yet: neither a number nor a state."""
    return None if entry.quantity is None and KnownBy(entry.known_by).has_quantity else entry


def fault(form, item):
    """What contradicts itself within one item, as a sentence, or None."""
    if f"quantity-{item.code}" in form.errors:
        return None
    stated = typed(form, item.code)
    is_left_empty = KnownBy(stated.known_by) == KnownBy.METERED and not any(
        (stated.cost_yuan is not None, stated.payment, stated.note)
    )
    return None if stated.quantity is None and is_left_empty else entries.fault(stated, item.unit)


def _number(label, spoken, code, unit, decimals, start, **options):
    """`label` names the field in an error, `spoken` where only the column says what it is."""
    attributes = {"inputmode": "decimal", "autocomplete": "off", "aria-label": f"{spoken}（{unit}）"}
    choices = units.offered(code, unit) if code else ()
    if len(choices) > 1:
        attributes["data-units"] = " ".join(choices)
    widget = forms.TextInput(attrs=attributes)
    return NumberField(
        label=label, code=code, unit=unit, decimals=decimals, initial=plain(start), widget=widget, **options
    )


def _choice(label, choices, start, empty):
    return forms.TypedChoiceField(
        label=label,
        choices=choices,
        initial=start,
        required=False,
        empty_value=empty,
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


def plain(number):
    """A number as a field shows it, without trailing zeros; None for none."""
    return None if number is None else f"{number.normalize():f}"
