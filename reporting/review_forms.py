"""Forms of the review desk: what of the queue is shown, what is approved together and why, what a second look found."""

from django import forms

from . import desk, quiet
from .forms import QueueFilters
from .models import BulkApproval, SecondLook
from .models.looking import Found

QUIET, OTHER = "quiet", "other"


class DeskFilters(QueueFilters):
    """The search bar over the queue: an empty field does not narrow."""

    state = forms.ChoiceField(label="环节", required=False, choices=desk.STATES)
    kind = forms.ChoiceField(
        label="范围",
        required=False,
        choices=(("", "全部"), (QUIET, "只看安静的"), (OTHER, "不安静的")),
    )
    sort = forms.ChoiceField(
        required=False, choices=[(order, order) for order in desk.ORDERS], widget=forms.HiddenInput
    )

    field_order = ("state", "kind", "month", "department", "words")

    def __init__(self, query, *, user, **options):
        start = {"state": desk.own_state(user), "sort": desk.RISK}
        given = {name: value for name, value in query.items() if value}
        super().__init__(start | given, user=user, **options)
        self.user = user

    @property
    def state_shown(self):
        return self.cleaned_data.get("state") or desk.own_state(self.user)

    @property
    def sort_shown(self):
        return self.cleaned_data.get("sort") or desk.RISK

    def queue(self):
        """The part of the user's queue that is asked for, in the order asked for, judged by `quiet`."""
        self.is_valid()
        reports = quiet.judged(self.narrow(desk.queue(self.user, self.state_shown, order=self.sort_shown)))
        kind = self.cleaned_data.get("kind")
        if kind == QUIET:
            return reports.filter(fault="")
        return reports.exclude(fault="") if kind == OTHER else reports


class BulkForm(forms.Form):
    """The ground of a bulk approval, and what was seen: a line “report id:content hash” for each month."""

    ground = forms.CharField(
        label="依据",
        max_length=BulkApproval._meta.get_field("ground").max_length,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="如“与上年同月相近，检查无疑问，10月份集中审定”。依据随每份月报记入操作日志。",
        error_messages={"required": "请写明批量通过的依据。"},
    )
    seen = forms.CharField(
        widget=forms.HiddenInput, error_messages={"required": "没有选择月报，请返回重选。"}
    )

    def clean_seen(self):
        """Report id → the content hash that was seen."""
        try:
            pairs = [line.split(":") for line in self.cleaned_data["seen"].split()]
            return {int(pk): content_hash for pk, content_hash in pairs}
        except ValueError:
            raise forms.ValidationError("所选月报不能识别，请返回重新选择。") from None


class LookForm(forms.Form):
    result = forms.ChoiceField(
        label="结果",
        choices=[(each.value, each.label) for each in (Found.TRUE, Found.WRONG)],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择“属实”或“有误”。"},
    )
    note = forms.CharField(
        label="核对情况",
        max_length=SecondLook._meta.get_field("note").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="核对了什么、对照什么凭证、结果如何。",
        error_messages={"required": "请写明核对了什么、结果如何。"},
    )
