"""The search bar of the pages that watch a year: which year, and which part of the institutions; and their tabs."""

from typing import NamedTuple

from django import forms
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency, AgencyKind, AgencyType

from . import access, calendar
from .models import Period

ALL = ("", "全部")
# The pages under the one entry of the menu: verb, URL name, word.
TABS = (
    ("see_calendar", "reporting:calendar-list", "报送日历"),
    ("see_completeness", "reporting:completeness", "完整性"),
    ("see_quality", "reporting:quality", "报送质量"),
    ("see_joint_review", "reporting:joint-review-list", "年度会审"),
)


class Tab(NamedTuple):
    url_name: str
    word: str
    is_current: bool


def tabs_for(user, current):
    """The tabs that the user may open; none where there is only one."""
    tabs = [Tab(name, word, name == current) for verb, name, word in TABS if access.may_tend(user, verb)]
    return tabs if len(tabs) > 1 else []


class PartFilters(forms.Form):
    """An empty field does not narrow; without a year, or with an unreadable one, the default holds."""

    year = forms.TypedChoiceField(
        label="年份",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "没有“%(value)s”年可选，请从列表中选择。"},
    )
    department = forms.ModelChoiceField(None, label="主管部门", required=False, empty_label="全部")
    type_code = forms.ChoiceField(label="类型", required=False, choices=[ALL, *AgencyType.choices])
    words = forms.CharField(label="机构", required=False, max_length=60)

    def __init__(self, sent, *, user, default_year=None):
        self.default_year = default_year or calendar.first_of_previous(timezone.localdate()).year
        # Bound with what stands by default, so that the select shows what the page shows.
        super().__init__({"year": self.default_year} | sent.dict())
        self.user = user
        self.fields["year"].choices = _years(self.default_year)
        self.fields["words"].widget.attrs["placeholder"] = "名称或机构编码"
        departments = Agency.objects.visible_to(user).filter(kind=AgencyKind.DEPARTMENT)
        self.fields["department"].queryset = departments
        if len(departments) < 2:
            del self.fields["department"]

    @property
    def chosen_year(self):
        self.is_valid()
        return self.cleaned_data.get("year") or self.default_year

    def agencies(self):
        """The institutions that the user sees and the bar leaves."""
        self.is_valid()
        wanted, found = self.cleaned_data, Agency.objects.visible_to(self.user).institutions()
        if wanted.get("department"):
            found = found.filter(path__startswith=wanted["department"].path)
        if wanted.get("type_code"):
            found = found.filter(type_code=wanted["type_code"])
        if words := wanted.get("words", "").strip():
            found = found.filter(Q(name__icontains=words) | Q(key__istartswith=words))
        return found

    @property
    def sentence(self):
        """The bar in words, for the trail."""
        self.is_valid()
        named = (
            f"{self.fields[name].label} {self._word(name, value)}"
            for name, value in self.cleaned_data.items()
            if value and name != "year"
        )
        return "；".join([f"{self.chosen_year}年", *named])

    def _word(self, name, value):
        """What the select shows for a value; a typed one as it is."""
        field = self.fields[name]
        return dict(field.choices)[value] if type(field) is forms.ChoiceField else value


def _years(default_year):
    months = Period.objects.dates("month", "year", order="DESC")
    years = sorted({default_year, *(day.year for day in months)}, reverse=True)
    return [(year, f"{year}年") for year in years]
