"""Forms of the register pages: one row of it, and a month's readings of everything on a tab."""

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import DecimalField, Q
from django.utils import timezone

from agencies.models import Agency, Building

from .cells import NumberField
from .models import Item

METERED_ITEMS = ("110", "120", "140", "170")


def row_form(kind, agency, *args, **options):
    """The form of one row of the kind, offering only the agency's own buildings and their occupants."""
    dates = {
        name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        for name in kind.fields
        if name in kind.dates
    }
    form_class = forms.modelform_factory(kind.model, fields=kind.fields, widgets=dates)
    form = form_class(*args, **options)
    if "building" in form.fields:
        _narrow_meter(form, agency)
    return form


def _narrow_meter(form, agency):
    buildings = Building.objects.filter(manager=agency)
    occupants = Q(occupancies__building__in=buildings) | Q(sub_meters__building__in=buildings)
    form.fields["building"].queryset = buildings
    form.fields["item"].queryset = Item.objects.filter(pk__in=METERED_ITEMS)
    form.fields["occupant"].queryset = Agency.objects.filter(occupants).distinct()
    form.fields["occupant"].empty_label = "总表"


def take_errors(form, refusal):
    """Put a refusal of the action on the form's fields."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for name, errors in refusal.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


class ReadingsForm(forms.Form):
    """A month's readings: one row a thing, an empty row is a thing not yet read.

    Each field carries hidden what it showed, so that only what this person changed is written.
    `things`: [(Kind, thing)] with the month's reading prefetched.
    """

    def __init__(self, *args, things, month, **options):
        super().__init__(*args, **options)
        self.things, self.month = things, month
        for kind, thing in things:
            reading = next(iter(thing.readings.all()), None)
            for name in kind.read_fields:
                if self._is_asked(kind, thing, name):
                    self.fields[_key(kind, thing, name)] = _number(kind, thing, name, reading)

    def rows(self, kind):
        """(thing, cells) of one kind; a cell is a bound field, or None where it is not asked."""
        return [
            (thing, [self._cell(kind, thing, name) for name in kind.read_fields])
            for each, thing in self.things
            if each == kind
        ]

    def values(self, kind, thing):
        return {
            name: self.cleaned_data[_key(kind, thing, name)]
            for name in kind.read_fields
            if _key(kind, thing, name) in self.fields
        }

    def changed(self):
        """The (kind, thing) whose reading this person changed."""
        return [
            (kind, thing)
            for kind, thing in self.things
            if any(_key(kind, thing, name) in self.changed_data for name in kind.read_fields)
        ]

    def shown(self, kind, thing):
        """The values that the page showed, as `values` gives those typed. Raises ValidationError where forged."""
        cells = {name: self._cell(kind, thing, name) for name in kind.read_fields}
        return {
            name: cell.field.to_python(self.data.get(cell.html_initial_name))
            for name, cell in cells.items()
            if cell
        }

    def refuse(self, kind, thing, refusal):
        """Say at the thing's first field why its reading was not stored."""
        messages = refusal.messages
        if hasattr(refusal, "error_dict"):
            messages = [
                str(message)
                for name, errors in refusal.error_dict.items()
                for error in errors
                for message in ([*error.messages] if name == NON_FIELD_ERRORS else error.messages)
            ]
        self.add_error(_key(kind, thing, kind.read_fields[0]), [f"{thing}：{each}" for each in messages])

    def clean(self):
        if self.month > timezone.localdate():
            raise ValidationError("这个月还没有到，不能登记读数。")
        for kind, thing in self.things:
            self._check_whole(kind, thing)

    def _check_whole(self, kind, thing):
        """A reading is whole: its required values are all there or none is."""
        needed = [
            _key(kind, thing, name)
            for name in kind.read_fields
            if not kind.reading._meta.get_field(name).null
        ]
        typed = [value for value in self._typed(kind, thing) if value is not None]
        for key in needed:
            if typed and key not in self.errors and self.cleaned_data.get(key) is None:
                self.add_error(key, f"{thing}：请填写{self.fields[key].label}。")

    def _typed(self, kind, thing):
        return [self.cleaned_data.get(_key(kind, thing, name)) for name in kind.read_fields]

    def _is_asked(self, kind, thing, name):
        """The cost of a building stands at its main meters."""
        return not (name == "cost_yuan" and not thing.is_main)

    def _cell(self, kind, thing, name):
        key = _key(kind, thing, name)
        return self[key] if key in self.fields else None


def _key(kind, thing, name):
    return f"{kind.slug}-{thing.pk}-{name}"


def _number(kind, thing, name, reading):
    field: DecimalField = kind.reading._meta.get_field(name)
    start = getattr(reading, name) if reading else None
    attributes = {
        "inputmode": "decimal",
        "autocomplete": "off",
        "aria-label": f"{thing} {field.verbose_name}",
    }
    return NumberField(
        label=str(field.verbose_name),
        unit=_unit(kind, thing, name),
        decimals=field.decimal_places,
        initial=None if start is None else f"{start.normalize():f}",
        widget=forms.TextInput(attrs=attributes),
        show_hidden_initial=True,
    )


def _unit(kind, thing, name):
    """A meter counts in the unit of its item; the other fields name their own."""
    if kind.slug == "meter" and name == "quantity":
        return thing.item.unit
    return kind.reading._meta.get_field(name).verbose_name.partition("（")[2].rstrip("）")
