"""Forms of evidence: a document with its file, and the filters over the list."""

import unicodedata
from datetime import date

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency

from . import file_types
from .cells import COST_DECIMALS, QUANTITY_DECIMALS, NumberField
from .evidence_actions import Document, Proof
from .models import Edition, Evidence, Item, Section

PROOFS = 3
LONGEST_DAYS = 400
MEGABYTE = 1024 * 1024
EVERY_UNIT = "指标的单位"


def _length(name):
    return Evidence._meta.get_field(name).max_length


def _day(label):
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def _text(label, name, **options):
    return forms.CharField(label=label, required=False, max_length=_length(name), **options)


def _numeric(label, unit, decimals):
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return NumberField(label=label, unit=unit, decimals=decimals, widget=widget)


class EvidenceForm(forms.Form):
    """A document: its file, its days, and what it says of up to three items."""

    agency = forms.ModelChoiceField(None, label="机构", empty_label=None)
    file = forms.FileField(
        label="账单或凭证文件",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
        error_messages={
            "required": "请选择账单的扫描件或照片（PDF、PNG、JPEG）。",
            "empty": "文件是空的，请重新选择。",
        },
    )
    first_day = _day("用量起日")
    last_day = _day("用量止日")
    account_number = _text("户号", "account_number", help_text="账单上的用电、用水或用气户号")
    document_number = _text("单据号码", "document_number", help_text="发票或账单号码")

    def __init__(self, *args, user, **options):
        super().__init__(*args, **options)
        agencies = Agency.objects.institutions().within(user.paths_of({Role.FILER}))
        self.fields["agency"].queryset = agencies
        self.fields[
            "file"
        ].help_text = f"PDF、PNG 或 JPEG，不超过 {settings.EVIDENCE_MAX_MB} MB；手机上可直接拍照"
        choices = _item_choices()
        for number in range(1, PROOFS + 1):
            self.fields |= _proof_fields(number, choices)

    @property
    def proof_rows(self):
        """(item, quantity, cost) as bound fields."""
        return [
            tuple(self[f"{part}-{number}"] for part in ("item", "quantity", "cost"))
            for number in range(1, PROOFS + 1)
        ]

    def clean_file(self):
        """The content: read, of a type that is taken, within the limit."""
        file = self.cleaned_data["file"]
        if file.size > settings.EVIDENCE_MAX_MB * MEGABYTE:
            limit = settings.EVIDENCE_MAX_MB
            raise forms.ValidationError(
                f"文件有 {file.size / MEGABYTE:.1f} MB，超过 {limit} MB。请压缩，或分成几份上传。"
            )
        self.content = file.read()
        try:
            file_types.type_of(self.content)
        except file_types.NotAccepted as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return file

    def clean_account_number(self):
        return unicodedata.normalize("NFKC", self.cleaned_data["account_number"]).strip()

    def clean(self):
        self._check_days()
        numbers = range(1, PROOFS + 1)
        if not any(self._is_typed(number) for number in numbers):
            self.add_error("item-1", "请至少填写一项：这份凭证证明哪个指标、多少。")
        for number in filter(self._is_typed, numbers):
            self._check_proof(number)

    def document(self):
        given = self.cleaned_data
        return Document(
            content=self.content,
            file_name=given["file"].name,
            first_day=given["first_day"],
            last_day=given["last_day"],
            proofs=[self._proof(number) for number in range(1, PROOFS + 1) if self._is_typed(number)],
            document_number=given["document_number"],
            account_number=given["account_number"],
        )

    def _check_days(self):
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if not (first and last):
            return
        if last < first:
            self.add_error("last_day", "用量止日不能早于用量起日。")
        elif (last - first).days >= LONGEST_DAYS:
            self.add_error("last_day", f"一份凭证最多 {LONGEST_DAYS} 天，请核对年份。")
        elif last > timezone.localdate():
            self.add_error("last_day", "用量止日在今天之后，请核对。")

    def _is_typed(self, number):
        given = self.cleaned_data
        return any(given.get(f"{part}-{number}") is not None for part in ("item", "quantity", "cost"))

    def _check_proof(self, number):
        item, given = self.cleaned_data.get(f"item-{number}"), self.cleaned_data
        earlier = [given.get(f"item-{before}") for before in range(1, number)]
        if item is None:
            self.add_error(f"item-{number}", "请选择指标。")
        elif item in earlier:
            self.add_error(f"item-{number}", "同一凭证的同一指标只填一行，请合计后填写。")
        elif given.get(f"cost-{number}") is not None and not item.has_cost:
            self.add_error(f"cost-{number}", f"“{item.name}”没有费用，请清空。")
        if given.get(f"quantity-{number}") is None and f"quantity-{number}" not in self.errors:
            self.add_error(f"quantity-{number}", "请填写账单上的总量。")
        elif item and not item.decimals and given.get(f"quantity-{number}", 0) % 1:
            self.add_error(f"quantity-{number}", f"请填整数（{item.unit}）。")

    def _proof(self, number):
        given = self.cleaned_data
        return Proof(given[f"item-{number}"], given[f"quantity-{number}"], given[f"cost-{number}"])


class ReplacementForm(EvidenceForm):
    """A document in the place of another one, and why."""

    reason = forms.CharField(
        label="替换原因",
        max_length=_length("replace_reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明替换原因，如“原扫描件缺页”。"},
    )

    def __init__(self, *args, replaced, **options):
        super().__init__(*args, **options)
        self.fields["agency"].queryset = Agency.objects.filter(pk=replaced.agency_id)


def _item_choices():
    """The items of the newest edition by section: those of which a document can say something."""
    edition = Edition.objects.order_by("-valid_from").first()
    found = {section.label: [] for section in Section}
    for row in edition.rows.select_related("item") if edition else ():
        found[row.item.get_section_display()].append((row.item_id, f"{row.item.name}（{row.item.unit}）"))
    return [("", "—"), *((name, choices) for name, choices in found.items() if choices)]


def _proof_fields(number, choices):
    item = forms.ModelChoiceField(Item.objects.all(), label=f"指标 {number}", required=False)
    item.choices = choices
    return {
        f"item-{number}": item,
        f"quantity-{number}": _numeric(f"总量 {number}", EVERY_UNIT, QUANTITY_DECIMALS),
        f"cost-{number}": _numeric(f"费用 {number}（元）", "元", COST_DECIMALS),
    }


class EvidenceFilters(forms.Form):
    """The search bar over the list: an empty field does not narrow."""

    month = forms.CharField(
        label="月份",
        required=False,
        max_length=7,
        widget=forms.TextInput(attrs={"placeholder": "如 2026-03"}),
    )
    item = forms.ChoiceField(label="指标", required=False)
    words = forms.CharField(label="号码或机构", required=False, max_length=60)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["item"].choices = [("", "全部"), *_item_choices()[1:]]

    def clean_month(self):
        text = unicodedata.normalize("NFKC", self.cleaned_data["month"]).strip()
        if not text:
            return None
        try:
            return date.fromisoformat(f"{text}-01")
        except ValueError as fault:
            raise forms.ValidationError("请按“2026-03”填写。") from fault

    def narrow(self, documents):
        """Those that fit; a value that cannot be read is named beside its field and narrows nothing."""
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("month"):
            documents = documents.touching(wanted["month"])
        if wanted.get("item"):
            documents = documents.filter(items__item=wanted["item"])
        if wanted.get("words"):
            words = wanted["words"].strip()
            numbered = Q(document_number__icontains=words) | Q(account_number__icontains=words)
            documents = documents.filter(
                numbered | Q(file_name__icontains=words) | Q(agency__name__icontains=words)
            )
        return documents
