"""The institutions side by side, as one person asked for them: what the page shows, a file takes and a link repeats."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property

from . import institution_page
from .cards import Plan, RuleSets
from .forms import NARROWING, InstitutionFilters, year_options


class Comparison:
    """Sent parameters with what stands by default; what cannot be read is named by the form and left out."""

    def __init__(self, user, sent):
        self.user = user
        self.plan, self.rule_sets = Plan(), RuleSets(sent.get("rules"))
        years = institution_page.years_with_figures(user, self.rule_set)
        self.filters = InstitutionFilters(
            sent,
            departments=institution_page.departments(user),
            rule_sets=self.rule_sets,
            **year_options(self.plan, years),
        )
        self.year, self.indicator = self.filters.chosen_year, self.filters.chosen_indicator
        self.period = self.plan.period(self.year)
        sort = sent.get("sort", "")
        self.sort = sort if sort.removeprefix("-") in institution_page.SORTS else ""

    @property
    def rule_set(self):
        return self.rule_sets.chosen

    @property
    def agencies(self):
        """All that pass, in order; a queryset."""
        return institution_page.listed(self.user, self.filters, self.plan, self.rule_set, self.sort)

    def rows(self, agencies):
        """A `Listed` of each of the agencies, one after another."""
        return institution_page.rows_of(agencies, self.plan, self.year, self.indicator)

    @cached_property
    def query(self):
        """The parameters that repeat this comparison, whatever will stand by default then."""
        rules = self.rule_set.slug if self.rule_set else ""
        shown = {"year": self.year, "rules": rules, "indicator": self.indicator.value}
        narrowing = {name: self.filters.cleaned_data.get(name) for name in NARROWING}
        every = shown | narrowing | {"sort": self.sort}
        return urlencode({name: value for name, value in every.items() if value})

    @property
    def address(self):
        return f"{reverse('targets:institution-list')}?{self.query}"
