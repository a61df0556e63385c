"""Forms of the yearly 会审: what the list is narrowed to, and what was found of a point."""

from django import forms
from django.utils import timezone

from . import part_forms
from .joint_review import NOTE_LENGTH, Seen
from .models import JointReviewPoint, PointKind, Verdict


class PointFilters(part_forms.PartFilters):
    kind = forms.ChoiceField(label="事项", required=False, choices=[part_forms.ALL, *PointKind.choices])
    verdict = forms.ChoiceField(label="核实结果", required=False, choices=[part_forms.ALL, *Verdict.choices])

    def __init__(self, sent, *, user):
        # A year is looked at when it is over.
        super().__init__(sent, user=user, default_year=timezone.localdate().year - 1)

    def points_of_all_verdicts(self):
        """The points that the user sees and the bar leaves, whatever was found of them."""
        found = JointReviewPoint.objects.visible_to(self.user).filter(
            year=self.chosen_year, agency__in=self.agencies()
        )
        kind = self.cleaned_data.get("kind")
        return found.filter(kind=kind) if kind else found

    def points(self):
        found = self.points_of_all_verdicts()
        verdict = self.cleaned_data.get("verdict")
        return (found.filter(verdict=verdict) if verdict else found).for_list()


class VerdictForm(forms.Form):
    """What was found, of the words that stood on the page."""

    verdict = forms.ChoiceField(
        label="核实结果",
        widget=forms.RadioSelect,
        error_messages={
            "required": "请选择核实结果。",
            "invalid_choice": "请从所列结果中选择。",
        },
    )
    note = forms.CharField(
        label="核实说明",
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明怎样核实的，如“已核对不动产权证，3月新增一层”。"},
    )
    seen_statement = forms.CharField(widget=forms.HiddenInput)
    seen_verdict = forms.ChoiceField(widget=forms.HiddenInput, choices=Verdict.choices)

    def __init__(self, *args, point, **options):
        start = {"seen_statement": point.statement, "seen_verdict": point.verdict}
        super().__init__(*args, initial=start, **options)
        others = [(value, label) for value, label in Verdict.choices if value != point.verdict]
        self.fields["verdict"].choices = others

    @property
    def seen(self):
        return Seen(self.cleaned_data["seen_statement"], self.cleaned_data["seen_verdict"])
