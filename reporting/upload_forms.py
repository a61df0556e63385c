"""Forms of the workbook pages: the file, what of its preview is shown, and which side of a conflict counts."""

from django import forms
from django.conf import settings

from .models import CellKind

DOUBTFUL = "doubtful"


class UploadForm(forms.Form):
    """Only what can be said without opening the file; the rest is the check's."""

    file = forms.FileField(
        label="填好的工作簿",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        error_messages={"required": "请选择填好的工作簿。", "empty": "文件是空的，请重新选择。"},
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if not file.name.lower().endswith(".xlsx"):
            raise forms.ValidationError(
                "请上传 .xlsx 文件：用 Excel、WPS 或 LibreOffice 打开后另存为“.xlsx”。"
            )
        if file.size > settings.UPLOAD_MAX_MB << 20:
            raise forms.ValidationError(
                f"文件超过 {settings.UPLOAD_MAX_MB} MB：请重新下载模板，只复制填写内容。"
            )
        return file


class CellFilters(forms.Form):
    """The search bar over the preview: an empty field does not narrow."""

    kind = forms.ChoiceField(
        label="结果", required=False, choices=(("", "全部"), *CellKind.choices, (DOUBTFUL, "有检查提示"))
    )
    words = forms.CharField(label="机构", required=False, max_length=60)

    def narrow(self, cells):
        self.is_valid()
        kind, words = self.cleaned_data.get("kind"), self.cleaned_data.get("words", "").strip()
        if words:
            cells = cells.filter(report__agency__name__icontains=words)
        if kind == DOUBTFUL:
            return cells.doubtful()
        return cells.of_kind(kind) if kind else cells


class ChoiceForm(forms.Form):
    """Ids of the conflicts on the page, and of those to be decided for the file."""

    shown = forms.TypedMultipleChoiceField(coerce=int, required=False)
    chosen = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, *args, conflicts, **options):
        super().__init__(*args, **options)
        known = [(str(pk), pk) for pk in conflicts]
        self.fields["shown"].choices = self.fields["chosen"].choices = known
