"""Forms of the rules' pages: what the counts are narrowed to, and a new threshold."""

from django import forms

from agencies.models import AgencyType

from .check_limits import FIELDS
from .findings import short_name
from .models import CheckLimit, Item
from .thresholds import PERCENT, is_percent, shown

_MESSAGES = {
    "invalid": "请填写数字，如 0.5，不带单位。",
    "min_value": "不能为负。",
    "max_decimal_places": "最多 4 位小数。",
    "max_digits": "数值过大。",
    "max_whole_digits": "数值过大。",
}


class HitFilters(forms.Form):
    """The search bar over counts and hits; an empty field does not narrow."""

    type_code = forms.ChoiceField(
        label="机构类型", required=False, choices=[("", "全部"), *AgencyType.choices]
    )
    item = forms.ChoiceField(label="指标", required=False)

    def __init__(self, sent):
        # The new threshold's form on the same page has fields of the same names.
        super().__init__(sent, auto_id="filter_%s")
        self.fields["item"].choices = [("", "全部"), *_named_items(Item.objects.all())]

    def narrow(self, hits):
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("type_code"):
            hits = hits.filter(revision__report__agency__type_code=wanted["type_code"])
        return hits.filter(item=wanted["item"]) if wanted.get("item") else hits


class LimitForm(forms.Form):
    """A new threshold of one rule, with the bounds that the rule knows; percent where people write percent."""

    item = forms.ChoiceField(label="指标")
    type_code = forms.ChoiceField(
        label="机构类型", required=False, choices=[("", "全部类型"), *AgencyType.choices]
    )
    reason = forms.CharField(
        label="依据或理由",
        max_length=CheckLimit._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明依据或理由，如“近一年说明后保留 40 次，均属寒暑假”。"},
    )

    def __init__(self, *args, rule, **options):
        super().__init__(*args, **options)
        self.rule = rule
        # A threshold of all items would stand behind the shipped ones, which are set item by item.
        self.fields["item"].choices = _named_items(Item.objects.filter(pk__in=rule.items))
        bounds = {name: _bound(words) for name, words in rule.meaning.items()}
        self.fields = {
            name: self.fields.get(name) or bounds[name] for name in ("item", "type_code", *bounds, "reason")
        }

    def clean(self):
        found = super().clean()
        low, high = found.get("low"), found.get("high")
        if low is not None and high is not None and low > high:
            self.add_error("high", "上限不能小于下限。")

    def limit(self):
        """The threshold as an unsaved row."""
        found = self.cleaned_data
        return CheckLimit(
            rule=self.rule.slug,
            item_id=found["item"],
            type_code=found["type_code"],
            reason=found["reason"].strip(),
            **{name: _stored(self.rule, name, found.get(name)) for name in FIELDS},
        )


def initial_of(rule, item, type_code, limit):
    """The form's start: a threshold in force, as people write it."""
    bounds = {name: shown(rule, name, getattr(limit, name)) for name in rule.meaning}
    return {"item": item, "type_code": type_code, **bounds}


def _stored(rule, name, value):
    return value / PERCENT if value is not None and is_percent(rule, name) else value


def _bound(label):
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=_MESSAGES,
    )


def _named_items(items):
    return [(item.code, f"{item.code} {short_name(item.name)}") for item in items]
