"""Forms of the registers: what a record says, made from the register's fields; the search bar; the bureau's word."""

from django import forms
from django.db.models import Q

from .models import Register, RegisterField, VersionStatus

MEGABYTE = 1024 * 1024
MOST_BYTES = 10 * MEGABYTE
ALL = ("", "全部")


def _day(label, **options):
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


def _number(field):
    return forms.DecimalField(
        label=field.label,
        required=field.is_required,
        min_value=0,
        max_digits=16,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "invalid": f"{field.name}应为数字，如 1200.5。",
            "min_value": f"{field.name}不能为负。",
            "required": f"请填写{field.name}；确为零请填 0。",
        },
    )


def _choice(field):
    options = field.options if field.is_required else ["", *field.options]
    return forms.ChoiceField(
        label=field.label,
        required=field.is_required,
        choices=[(each, each or "—") for each in options],
        error_messages={
            "invalid_choice": f"{field.name}应为{'、'.join(field.options)}之一。",
            "required": f"请选择{field.name}：{'、'.join(field.options)}。",
        },
    )


def _text(field):
    return forms.CharField(label=field.label, required=field.is_required, max_length=100)


def _long(field):
    return forms.CharField(
        label=field.label,
        required=field.is_required,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


_MADE = {
    RegisterField.Kind.NUMBER: _number,
    RegisterField.Kind.CHOICE: _choice,
    RegisterField.Kind.TEXT: _text,
    RegisterField.Kind.LONG: _long,
    RegisterField.Kind.DAY: lambda field: _day(field.label, required=field.is_required),
}


class RecordForm(forms.Form):
    """A record's name, days and values, asked as its register says."""

    name = forms.CharField(label="名称", max_length=80)

    def __init__(self, *args, register, fields, version=None, **options):
        if version is not None:
            said = {"name": version.name, "happened_on": version.happened_on, "ended_on": version.ended_on}
            options["initial"] = said | version.values
        super().__init__(*args, **options)
        self.codes = [field.code for field in fields]
        for field in fields:
            self.fields[field.code] = _MADE[field.kind](field)
        self.fields["happened_on"] = _day(
            register.date_name, required=False, help_text="还没有发生的不填；不填的记录不计入完成数。"
        )
        if register.end_name:
            self.fields["ended_on"] = _day(register.end_name, required=False)
        # The name first, then its days, then what the register asks.
        self.order_fields(["name", "happened_on", "ended_on"])

    def clean(self):
        cleaned = super().clean()
        begun, ended = cleaned.get("happened_on"), cleaned.get("ended_on")
        if ended and (begun is None or ended < begun):
            self.add_error("ended_on", "止日不能早于起日，填止日时也要填起日。")
        return cleaned

    @property
    def said(self):
        """As record_actions take it: the values as texts."""
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "happened_on": cleaned["happened_on"],
            "ended_on": cleaned.get("ended_on"),
            "values": {code: "" if cleaned[code] is None else str(cleaned[code]) for code in self.codes},
        }


class DocumentForm(forms.Form):
    file = forms.FileField(
        label="证明材料",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
        help_text="PDF、PNG 或 JPEG，不超过 10 MB",
        error_messages={"required": "请选择文件。", "empty": "文件是空的，请重新选择。"},
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 10 MB，请压缩或分开上传。")
        return file


class SheetForm(forms.Form):
    """A workbook of records; what is in it, record_sheets says."""

    file = forms.FileField(
        label="填好的工作簿",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        help_text="xlsx，不超过 10 MB；列与导出的文件相同",
        error_messages={"required": "请选择填好的工作簿。", "empty": "文件是空的，请重新选择。"},
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 10 MB，请分开上传。")
        return file


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="原因", max_length=200, error_messages={"required": "请写明更正或作废的原因。"}
    )


class RecordFilters(forms.Form):
    """The search bar over the records."""

    register = forms.ModelChoiceField(
        Register.objects.all(), label="台账", required=False, to_field_name="slug", empty_label="全部"
    )
    status = forms.ChoiceField(label="状态", required=False, choices=[ALL, *VersionStatus.choices])
    words = forms.CharField(label="机构或名称", required=False, max_length=40)

    @property
    def chosen_register(self):
        self.is_valid()
        return self.cleaned_data.get("register")

    def narrow(self, versions):
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("register"):
            versions = versions.filter(record__register=chosen["register"])
        if chosen.get("status"):
            versions = versions.filter(status=chosen["status"])
        if words := chosen.get("words", "").strip():
            versions = versions.filter(Q(name__icontains=words) | Q(record__agency__name__icontains=words))
        return versions


class WordsFilter(forms.Form):
    """A search bar of words alone."""

    words = forms.CharField(required=False, max_length=40)

    def __init__(self, sent, *, label):
        super().__init__(sent)
        self.fields["words"].label = label

    @property
    def chosen_words(self):
        self.is_valid()
        return self.cleaned_data.get("words", "").strip()
