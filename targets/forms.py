"""Search bars of the cockpit and the institution pages."""

from django import forms
from django.utils import timezone

from agencies.models import AgencyType
from reporting.models import RuleSet

from . import cards
from .models import BandWord, Indicator, VerdictWord

ALL = ("", "全部")
STATUSES = (ALL, ("enough", "达到要求"), ("behind", "未达到要求"), ("unknown", "数据不足"))
BANDS = (ALL, *((band, band.label) for band in BandWord if band != BandWord.NONE))
NARROWING = ("department", "type_code", "street", "status", "band", "words")


def year_options(plan, whole):
    """The years to choose from, and the one to begin with. whole: year with figures → whether it is whole."""
    this_year = timezone.localdate().year
    return {
        "years": plan.year_choices(whole, this_year),
        "default_year": cards.default_year(whole, this_year),
    }


class YearFilters(forms.Form):
    """A year of the plan; an unreadable one is named beside the field and the default taken."""

    year = forms.TypedChoiceField(
        label="年份",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "没有“%(value)s”年可选，请从列表中选择。"},
    )

    rules = forms.ChoiceField(
        label="核算口径",
        required=False,
        error_messages={"invalid_choice": "没有口径“%(value)s”的指标，请从列表中选择；现按现用口径显示。"},
    )

    def __init__(self, sent, *, years, default_year, rule_sets):
        # Bound with what stands by default, so that the selects show what the page shows.
        chosen = rule_sets.chosen.slug if rule_sets.chosen else ""
        standing = {"year": default_year, "indicator": Indicator.ENERGY_PER_AREA, "rules": chosen}
        super().__init__(standing | sent.dict())
        self.default_year = default_year
        self.fields["year"].choices = years
        self.fields["rules"].choices = rule_sets.choices

    @property
    def chosen_year(self):
        self.is_valid()
        return self.cleaned_data.get("year") or self.default_year


class LeaderFilters(YearFilters):
    """The candidates by default; everybody with the reason is a choice."""

    EVERYBODY = "all"

    type_code = forms.ChoiceField(label="类型", required=False, choices=[ALL, *AgencyType.choices])
    verdict = forms.ChoiceField(
        label="结论", required=False, choices=[(EVERYBODY, "全部"), *VerdictWord.choices]
    )

    def __init__(self, sent, **options):
        super().__init__(sent, **options)
        self.data.setdefault("verdict", VerdictWord.CANDIDATE.value)

    def of_type(self, candidacies):
        self.is_valid()
        code = self.cleaned_data.get("type_code")
        return candidacies.filter(type_code=code) if code else candidacies

    def with_verdict(self, candidacies):
        self.is_valid()
        verdict = self.cleaned_data.get("verdict")
        return candidacies if verdict in ("", None, self.EVERYBODY) else candidacies.filter(verdict=verdict)


class RecalculationForm(forms.Form):
    rule_set = forms.ModelChoiceField(
        label="核算口径",
        queryset=RuleSet.objects.all(),
        to_field_name="slug",
        empty_label=None,
        error_messages={
            "invalid_choice": "没有这个核算口径，请从列表中选择。",
            "required": "请选择核算口径。",
        },
    )


class SavedViewForm(forms.Form):
    name = forms.CharField(label="视图名称", max_length=40, error_messages={"required": "请填写视图名称。"})


class CockpitFilters(YearFilters):
    indicator = forms.ChoiceField(label="排名指标", required=False, choices=Indicator.choices)

    @property
    def chosen_indicator(self):
        self.is_valid()
        return Indicator(self.cleaned_data.get("indicator") or Indicator.ENERGY_PER_AREA)


class InstitutionFilters(CockpitFilters):
    """An empty field does not narrow."""

    department = forms.ChoiceField(
        label="主管部门",
        required=False,
        error_messages={
            "invalid_choice": "没有主管部门“%(value)s”可选，请从列表中选择；现不按主管部门筛选。"
        },
    )
    type_code = forms.ChoiceField(label="类型", required=False, choices=[ALL, *AgencyType.choices])
    street = forms.CharField(label="街道", required=False, max_length=40)
    status = forms.ChoiceField(label="对照要求", required=False, choices=STATUSES)
    band = forms.ChoiceField(label="对照定额", required=False, choices=BANDS)
    words = forms.CharField(label="机构", required=False, max_length=60)

    def __init__(self, sent, *, departments, **options):
        super().__init__(sent, **options)
        self.departments = {row.key: row for row in departments}
        self.fields["indicator"].label = "对照指标"
        self.fields["department"].choices = [ALL, *((row.key, row.name) for row in departments)]
        self.fields["words"].widget.attrs["placeholder"] = "名称或机构编码"

    @property
    def chosen_department(self):
        return self.departments.get(self.cleaned_data.get("department"))

    @property
    def narrowing(self):
        """What narrows the list, field by field in words."""
        self.is_valid()
        found = ((self.fields[name], self.cleaned_data.get(name)) for name in NARROWING)
        return [f"{field.label} {_word(field, value)}" for field, value in found if value]


def _word(field, value):
    """What the select shows for a value; a typed one as it is."""
    return dict(field.choices)[value] if isinstance(field, forms.ChoiceField) else f"“{value}”"
