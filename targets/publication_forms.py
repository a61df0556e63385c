"""Forms of the seals."""

from django import forms
from django.utils import timezone

from .models import Indicator, Publication

FIRST_YEAR = 2000
NUMBERS = {"month": 12, "quarter": 4, "year": 1}


class SealForm(forms.Form):
    kind = forms.ChoiceField(label="期间", choices=Publication.Kind.choices)
    year = forms.IntegerField(
        label="年份",
        min_value=FIRST_YEAR,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "年份应为四位数字，如 2025。", "min_value": "年份应为四位数字，如 2025。"},
    )
    number = forms.IntegerField(
        label="第几月或第几季度",
        initial=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="月填 1 到 12，季度填 1 到 4，年填 1。",
        error_messages={"invalid": "应为整数：月填 1 到 12，季度填 1 到 4，年填 1。"},
    )
    note = forms.CharField(label="说明", max_length=300, required=False)

    def clean(self):
        span = super().clean()
        kind, number, year = span.get("kind"), span.get("number"), span.get("year")
        if kind and number is not None and not 1 <= number <= NUMBERS[kind]:
            self.add_error("number", f"应在 1 到 {NUMBERS[kind]} 之间。")
        if year and year > timezone.localdate().year:
            self.add_error("year", f"{year}年尚未开始。")
        return span


class RowFilters(forms.Form):
    indicator_field = forms.ChoiceField(label="指标", required=False, choices=Indicator.choices)
    differing = forms.BooleanField(label="只看有差异", required=False)

    def __init__(self, sent):
        super().__init__({"indicator_field": Indicator.ENERGY_PER_AREA} | sent.dict())
        self.is_valid()

    @property
    def indicator(self):
        return Indicator(self.cleaned_data.get("indicator_field") or Indicator.ENERGY_PER_AREA)

    @property
    def only_differing(self):
        return bool(self.cleaned_data.get("differing"))
