"""Forms of the register's and accounts' admin pages, and the filters of the trail."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms.models import BaseInlineFormSet

from .models import Membership, Occupancy, User
from .models.trail import TrailDay, Verb


class OccupancyForm(forms.ModelForm):
    class Meta:
        model = Occupancy
        fields = ("agency", "share", "valid_from", "valid_to")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.is_checked_together = True


class OccupancyFormSet(BaseInlineFormSet):
    """All shares of a building: each is compared with the others as they stand on the page."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        filled = [form for form in self.forms if form.instance.pk or form.has_changed()]
        for form in filled:
            others = [other.instance for other in filled if other is not form]
            sentence = form.instance.excess_beside(others) if form.has_changed() else None
            if sentence:
                form.add_error("share", sentence)


class AccountForm(UserCreationForm):
    """A new account with its first password."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "name", "office_phone", "email")


class MembershipForm(forms.ModelForm):
    # The admin sets the acting administrator.
    acting = None

    class Meta:
        model = Membership
        fields = ("user", "agency", "role", "valid_from", "valid_to")
        help_texts = {
            "valid_to": "最后有效日，当日仍有效；不填为长期有效。须立即终止时，在列表中勾选后选“立即终止”。"
        }

    def clean_user(self):
        user = self.cleaned_data["user"]
        if user == self.acting:
            raise ValidationError("不能给自己授权，请由另一位系统管理员办理。")
        return user


RESULTS = [("", "全部"), ("success", "成功"), ("failure", "失败")]


def _by_person(words):
    """Whoever failed to sign in is no account: the name that was typed stands in the content."""
    return Q(actor_name__icontains=words) | Q(actor__isnull=True, detail__icontains=words)


# What each field of the trail's filters asks of an event.
NARROWED = {
    "first_day": lambda day: Q(at__date__gte=day),
    "last_day": lambda day: Q(at__date__lte=day),
    "verb": lambda verb: Q(verb=verb),
    "result": lambda result: Q(is_success=result == "success"),
    "person": _by_person,
    "agency": lambda words: Q(agency__name__icontains=words) | Q(agency__key__icontains=words),
    "month": lambda month: Q(month=month),
    "words": lambda words: Q(detail__icontains=words),
}


def _day(label):
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class TrailFilterForm(forms.Form):
    """Narrows the trail. An empty field narrows nothing; a wrong one shows no rows but its error."""

    first_day = _day("自")
    last_day = _day("至")
    verb = forms.ChoiceField(label="操作", required=False, choices=[("", "全部"), *Verb.choices])
    result = forms.ChoiceField(label="结果", required=False, choices=RESULTS)
    person = forms.CharField(label="账号或姓名", required=False, max_length=150)
    agency = forms.CharField(label="机构名称或编码", required=False, max_length=100)
    month = forms.DateField(
        label="所属月份",
        required=False,
        input_formats=["%Y-%m"],
        widget=forms.DateInput(format="%Y-%m", attrs={"type": "month"}),
        error_messages={"invalid": "请填写年和月，如 2026-03。"},
    )
    words = forms.CharField(label="内容含", required=False, max_length=100)

    def clean(self):
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "不能早于“自”。")

    def narrow(self, events):
        if not self.is_valid():
            return events.none()
        for name, value in self._given:
            events = events.filter(NARROWED[name](value))
        return events

    def archived_days(self):
        """The archived days that the rows asked for may be of; of a wrong form none."""
        if not self.is_valid():
            return TrailDay.objects.none()
        bounds = (self.cleaned_data["first_day"], self.cleaned_data["last_day"])
        return TrailDay.objects.archived().touching(*bounds).order_by("day")

    @property
    def _given(self):
        return [(name, value) for name, value in self.cleaned_data.items() if value]

    @property
    def sentence(self):
        """What the rows were narrowed by, for the trail row of an export."""
        words = [f"{self.fields[name].label}：{self._word(name, value)}" for name, value in self._given]
        return "；".join(words) or "全部"

    def _word(self, name, value):
        if name == "month":
            return f"{value:%Y-%m}"
        return dict(getattr(self.fields[name], "choices", ())).get(value, value)
