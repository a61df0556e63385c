"""Search bars of the plan's pages."""

from django import forms

from .models import Chapter, Force, StateWord

ALL = ("", "全部")
LATE = ("late", "滞后或超期")


class YearOfPlan(forms.Form):
    """A plan period and one of its years; what cannot be read is named and the latest taken."""

    period = forms.ChoiceField(label="规划期", required=False)
    year = forms.TypedChoiceField(
        label="年份",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "没有“%(value)s”年可选，请从列表中选择。"},
    )

    def __init__(self, sent, *, period, periods, years):
        super().__init__({"period": period.slug, "year": years[0]} | sent.dict() | {"period": period.slug})
        self.default_year = years[0]
        self.fields["period"].choices = [(each.slug, each.name) for each in periods]
        self.fields["year"].choices = [(year, f"{year}年") for year in years]

    @property
    def chosen_year(self):
        self.is_valid()
        return self.cleaned_data.get("year") or self.default_year


class BoardFilters(YearOfPlan):
    chapter = forms.ChoiceField(label="章", required=False, choices=[ALL, *Chapter.choices])
    state = forms.ChoiceField(label="状态", required=False, choices=[ALL, LATE, *StateWord.choices])
    force = forms.ChoiceField(label="力度", required=False, choices=[ALL, *Force.choices])
    words = forms.CharField(label="编号或原文", required=False, max_length=40)

    def narrow(self, lines):
        self.is_valid()
        chosen = self.cleaned_data
        return [line for line in lines if self._fits(line, chosen)]

    @staticmethod
    def _fits(line, chosen):
        state, words = chosen.get("state"), chosen.get("words", "")
        fits_state = line.is_late if state == "late" else state in ("", None, line.state)
        return (
            fits_state
            and chosen.get("chapter") in ("", None, line.task.chapter)
            and chosen.get("force") in ("", None, line.task.force)
            and words in f"{line.task.number} {line.task.quote}"
        )
