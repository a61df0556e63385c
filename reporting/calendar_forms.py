"""Forms of the calendar: the days of a month, a month set ahead, and more days for institutions."""

from datetime import date

from django import forms
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency, AgencyKind

from . import calendar, calendar_effects
from .calendar import Days
from .models import Extension, Period

MONTHS_AHEAD = 12
EARLIEST = date(2000, 1, 1)
_DAY_MESSAGES = {"required": "请填写日期。", "invalid": "请填写日期，如 2026-03-10。"}


def _day(label, help_text=""):
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, help_text=help_text, widget=widget, error_messages=_DAY_MESSAGES)


def _reason(label, example, length):
    return forms.CharField(
        label=label,
        max_length=length,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": f"请写明{label}，如“{example}”。"},
    )


class DaysForm(forms.Form):
    """The three days of a month with the reason; the field that breaks their order is named."""

    opens_on = _day("开放日", "从这一天起可以填报。")
    due_on = _day("截止日", "这一天（含）以前提交的计为按时。")
    closes_on = _day("关闭日", "这一天（含）以后未报的月报锁定，须由局管理员延期。")
    reason = _reason("调整原因", "国庆假期顺延", 200)

    def clean(self):
        found = super().clean()
        opens, due, closes = (found.get(name) for name in Days._fields)
        if opens and due and due < opens:
            self.add_error("due_on", f"截止日不能早于开放日（{opens}）。")
        if due and closes and closes < due:
            self.add_error("closes_on", f"关闭日不能早于截止日（{due}）。")

    @property
    def days(self):
        return Days(*(self.cleaned_data[name] for name in Days._fields))


class PeriodForm(DaysForm):
    """The days of a month that is there: what moving them does at once is confirmed first."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    is_confirmed = forms.BooleanField(label="已知晓以上影响，确认调整", required=False)

    def __init__(self, *args, period, **options):
        super().__init__(*args, **options)
        self.period, self.effects = period, calendar_effects.Effects()

    def clean(self):
        super().clean()
        if self.errors:
            return
        self.effects = calendar_effects.of(self.period, self.days, timezone.localdate())
        if self.effects and not self.cleaned_data["is_confirmed"]:
            self.add_error("is_confirmed", f"请先确认：{''.join(self.effects.sentences)}")

    @property
    def seen_days(self):
        """The days that stood on the page when it was opened; None where they are not to be read."""
        try:
            return Days(*map(date.fromisoformat, self.cleaned_data["seen"].split()))
        except (TypeError, ValueError):
            return None


class NewPeriodForm(DaysForm):
    """A month that has no period yet, at most a year ahead: further on it is a slip of the year."""

    month = forms.RegexField(
        r"^[0-9]{4}-(0[1-9]|1[0-2])$",
        label="月份",
        widget=forms.TextInput(attrs={"type": "month"}),
        error_messages={"required": "请填写月份，如 2026-12。", "invalid": "请填写月份，如 2026-12。"},
    )
    is_confirmed = forms.BooleanField(label="已知晓以上影响，确认开放", required=False)

    field_order = ("month", *Days._fields, "reason")

    def clean_month(self):
        month = date.fromisoformat(f"{self.cleaned_data['month']}-01")
        today = timezone.localdate()
        last = calendar.months_ahead(today, MONTHS_AHEAD)
        if not EARLIEST <= month <= last:
            raise forms.ValidationError(f"月份应在 {EARLIEST:%Y-%m} 到 {last:%Y-%m} 之间。")
        if Period.objects.filter(month=month).exists():
            raise forms.ValidationError("这个月已有报送期，请在日历上调整它的日期。")
        return month

    def clean(self):
        super().clean()
        if self.errors or self.cleaned_data["is_confirmed"]:
            return
        today = timezone.localdate()
        if self.days.due_on < today:
            self.add_error("is_confirmed", self._late_at_once(today))

    def _late_at_once(self, today):
        number = Agency.objects.institutions().registered_in(self.cleaned_data["month"]).count()
        locked = "，且已关闭，只有延期后才能填报" if self.days.closes_on < today else ""
        return f"请先确认：截止日已过，开放后 {number} 个机构立即计为缺报{locked}。"


class OwingFilters(forms.Form):
    """The search bar over the institutions that still owe a month."""

    department = forms.ModelChoiceField(None, label="主管部门", required=False, empty_label="全部")
    words = forms.CharField(label="机构", required=False, max_length=60)
    agency = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, sent, *, user):
        super().__init__(sent, auto_id="filter_%s")
        self.fields["words"].widget.attrs["placeholder"] = "名称或机构编码"
        departments = Agency.objects.visible_to(user).filter(kind=AgencyKind.DEPARTMENT)
        self.fields["department"].queryset = departments

    def narrow(self, reports):
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("agency"):
            reports = reports.filter(agency__key=wanted["agency"])
        if wanted.get("department"):
            reports = reports.filter(agency__path__startswith=wanted["department"].path)
        if words := wanted.get("words", "").strip():
            reports = reports.filter(Q(agency__name__icontains=words) | Q(agency__key__istartswith=words))
        return reports


class ExtensionForm(forms.Form):
    """For whom, until when and why. owing: the reports that still owe the month, as the search bar leaves them."""

    reports = forms.ModelMultipleChoiceField(
        None,
        required=False,
        label="机构",
        error_messages={
            "invalid_choice": "所选机构中有的已经报送或不在列，请核对后重新选择。",
            "invalid_pk_value": "所选机构无法识别，请重新选择。",
        },
    )
    is_for_all = forms.BooleanField(label="全部未报", required=False)
    last_day = _day("延至", "这一天（含）以前都可以填报。")
    reason = _reason("延期原因", "办公楼停电检修", Extension._meta.get_field("reason").max_length)

    def __init__(self, *args, owing, **options):
        super().__init__(*args, **options)
        self.owing = owing
        self.fields["reports"].queryset = owing

    def clean_last_day(self):
        day, today = self.cleaned_data["last_day"], timezone.localdate()
        if day < today:
            raise forms.ValidationError(f"延至日期不能早于今天（{today}）。")
        return day

    def clean(self):
        found = super().clean()
        if "reports" not in self.errors and not found.get("is_for_all") and not found.get("reports"):
            self.add_error("reports", "请勾选至少一个机构，或选“全部未报”。")

    @property
    def chosen(self):
        return list(self.owing) if self.cleaned_data["is_for_all"] else list(self.cleaned_data["reports"])

    @property
    def chosen_ids(self):
        """What was ticked, as sent, so that nothing ticked is lost with an error."""
        return {str(value) for value in self["reports"].value() or ()}
