"""Forms of proposing a change: of a base year, a factor, a rule set; and of deciding on it."""

from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError

from agencies.models import Agency
from reporting.models import Item, Report
from reporting.panels import PANEL_ITEMS

from .models import PlanPeriod, Proposal, Restatement
from .restatements import Draft

Kind = Restatement.Kind
# Kind → the fields that it cannot do without.
NEEDS = {
    Kind.MERGE: ("other",),
    Kind.SPLIT: ("other", "share_percent"),
    Kind.MOVE: ("floor_area_m2",),
    Kind.RESURVEY: (),
    Kind.DEFINITION: ("item", "factor_percent"),
}
PROPOSAL_NEEDS = {
    Proposal.Kind.FACTOR: ("factor_set", "carrier", "unit", "kg_co2_per_unit", "mark"),
    Proposal.Kind.RULE_SET: ("rule_set",),
    Proposal.Kind.CORRECTION: ("report_agency", "report_month"),
}
DECIMAL = forms.TextInput(attrs={"inputmode": "decimal"})


class AgencyField(forms.CharField):
    """An institution by its code."""

    def clean(self, value):
        key = super().clean(value)
        found = Agency.objects.institutions().filter(key=key).first() if key else None
        if key and found is None:
            raise ValidationError(f"没有编码为“{key}”的机构，请填机构编码，如 INST-0001。")
        return found


class MonthField(forms.CharField):
    """A month as 2024-01; its first day."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007
        except ValueError as fault:
            raise ValidationError("请按 2024-01 的格式填写月份。") from fault


def _number(label, help_text="", **limits):
    messages = {"invalid": "请填写数字，如 1234.5，不带单位。"}
    return forms.FloatField(
        label=label,
        required=False,
        widget=DECIMAL,
        help_text=help_text,
        error_messages=messages
        | {"min_value": "应不小于 %(limit_value)s。", "max_value": "应不大于 %(limit_value)s。"},
        **limits,
    )


class RestatementForm(forms.Form):
    """Which fields count depends on the kind; a missing one is named at its field."""

    kind = forms.ChoiceField(label="类型", choices=Kind.choices)
    agency = AgencyField(label="机构编码", help_text="合并填存续机构，拆分填原机构。")
    other = AgencyField(label="另一机构编码", required=False, help_text="合并填被并入机构，拆分填新机构。")
    base_year = forms.TypedChoiceField(label="基准年", coerce=int)
    applies_from = MonthField(label="自何月起适用", help_text="如 2024-01；此前月份仍与原基准比较。")
    share_percent = _number("拆出比例(%)", "只用于拆分。", min_value=0.01, max_value=99.99)
    floor_area_m2 = _number("建筑面积(m²)", "用于搬迁、面积复测。", min_value=0)
    people = _number("用能人数(人)", "用于搬迁、面积复测，不变留空。", min_value=0)
    usage_percent = _number(
        "能源和水折算(%)", "用于搬迁：基准用量折算为原来的百分之几，不变留空。", min_value=0
    )
    item = forms.ChoiceField(label="指标", required=False, help_text="只用于统计口径变更。")
    factor_percent = _number("该指标折算(%)", "只用于统计口径变更。", min_value=0)
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    document = forms.CharField(label="依据文件", max_length=200)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        years = PlanPeriod.objects.order_by("-base_year").values_list("base_year", flat=True).distinct()
        self.fields["base_year"].choices = [(year, f"{year}年") for year in years]
        items = Item.objects.filter(code__in=PANEL_ITEMS).order_by("pk")
        self.fields["item"].choices = [("", "请选择"), *((item.code, str(item)) for item in items)]

    def clean(self):
        found = self.cleaned_data
        kind = found.get("kind")
        _require(self, NEEDS.get(kind, ()))
        if kind == Kind.RESURVEY and found.get("floor_area_m2") is None and found.get("people") is None:
            self._once("floor_area_m2", "复测请填面积或人数。")
        if found.get("other") and found.get("other") == found.get("agency"):
            self._once("other", "应为另一家机构。")
        first = date(found["base_year"] + 1, 1, 1) if found.get("base_year") else date.min
        if found.get("applies_from") and found["applies_from"] < first:
            self._once("applies_from", "应晚于基准年。")

    def _once(self, field, sentence):
        if field not in self.errors:
            self.add_error(field, sentence)

    def draft(self):
        found = self.cleaned_data
        same = ("kind", "base_year", "applies_from", "agency", "other", "reason", "document", "item")
        return Draft(
            **{name: found[name] for name in same},
            share=_fraction(found["share_percent"]),
            floor_area_m2=found["floor_area_m2"],
            people=found["people"],
            usage=1.0 if found["usage_percent"] is None else found["usage_percent"] / 100,
            factor=_fraction(found["factor_percent"]),
        )


def _fraction(percent):
    return None if percent is None else percent / 100


def _require(form, names):
    for name in names:
        if form.cleaned_data.get(name) in (None, "") and name not in form.errors:
            form.add_error(name, "这一类型必须填写此项。")


class ProposalForm(forms.ModelForm):
    report_agency = AgencyField(label="更正的机构编码", required=False, help_text="只用于更正。")
    report_month = MonthField(label="更正的月份", required=False, help_text="只用于更正，如 2025-03。")

    class Meta:
        model = Proposal
        fields = (
            "kind",
            "factor_set",
            "carrier",
            "unit",
            "data_year",
            "kg_co2_per_unit",
            "published_on",
            "mark",
            "rule_set",
            "report_agency",
            "report_month",
            "reason",
            "document",
        )
        widgets = {
            "kg_co2_per_unit": DECIMAL,
            "data_year": forms.TextInput(attrs={"inputmode": "numeric"}),
            "published_on": forms.TextInput(attrs={"placeholder": "2026-12-31"}),
            "reason": forms.Textarea(attrs={"rows": 3}),
        }

    def clean(self):
        super().clean()
        _require(self, PROPOSAL_NEEDS.get(self.cleaned_data.get("kind"), ()))
        agency, month = (self.cleaned_data.get(name) for name in ("report_agency", "report_month"))
        if agency and month:
            self.instance.report = Report.objects.filter(
                agency=agency, period__month=month, latest__isnull=False
            ).first()
            if self.instance.report is None:
                self.add_error("report_month", f"{agency} 没有这个月的月报。")


class DecisionForm(forms.Form):
    note = forms.CharField(label="意见", max_length=500, required=False, help_text="否决时必填。")
    # The rehearsal that the page listed, by `review.version`.
    seen = forms.CharField(required=False)
