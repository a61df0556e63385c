"""Workbooks that came back: the file as it was uploaded, how far its check is, and what it says cell by cell."""

from django.db import models
from django.db.models import Q

from agencies.models import User

from .catalogue import Item
from .filing import KnownBy, Payment, Report


class UploadState(models.TextChoices):
    WAITING = "waiting", "排队中"
    CHECKING = "checking", "检查中"
    CHECKED = "checked", "待确认"
    REFUSED = "refused", "不能读取"
    WRITING = "writing", "写入中"
    WRITTEN = "written", "已写入"


# What a worker has still to do.
UNDER_WAY = (UploadState.WAITING, UploadState.CHECKING, UploadState.WRITING)


class CellKind(models.TextChoices):
    NEW = "new", "新增"
    CHANGED = "changed", "修改"
    SAME = "same", "相同"
    CONFLICT = "conflict", "冲突"
    REFUSED = "refused", "不能接受"


class UploadQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Their own: the file may hold rows of institutions that a colleague does not see."""
        return self.filter(uploaded_by=user)

    def stalled(self, before):
        """What a worker should have moved on by that time: lost with a broker or killed with a worker."""
        return self.filter(state__in=UNDER_WAY, moved_at__lt=before)


class Upload(models.Model):
    """One uploaded workbook. `attempt` numbers its checks: only the cells of the last one count."""

    uploaded_by = models.ForeignKey(
        User, verbose_name="上传人", on_delete=models.PROTECT, related_name="uploads"
    )
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    file = models.FileField("文件", upload_to="uploads/%Y/%m/")
    name = models.CharField("文件名", max_length=120)
    content_hash = models.CharField("内容哈希", max_length=64)
    state = models.CharField("状态", max_length=8, choices=UploadState, default=UploadState.WAITING)
    # Of who uploaded and confirmed: the trail names it, though a worker writes.
    address = models.GenericIPAddressField("来源地址", null=True)
    refusal = models.CharField("不能读取或没有写入的原因", max_length=500, blank=True)
    attempt = models.PositiveSmallIntegerField("检查次数", default=0)
    done = models.PositiveIntegerField("已检查", default=0)
    total = models.PositiveIntegerField("共计", default=0)
    moved_at = models.DateTimeField("最近进展", auto_now_add=True)
    new = models.PositiveIntegerField("新增", default=0)
    changed = models.PositiveIntegerField("修改", default=0)
    same = models.PositiveIntegerField("相同", default=0)
    conflict = models.PositiveIntegerField("冲突", default=0)
    refused = models.PositiveIntegerField("不能接受", default=0)
    confirmed_by = models.ForeignKey(
        User, verbose_name="确认人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True)
    written_at = models.DateTimeField("写入时间", null=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "上传的工作簿"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(state=UploadState.REFUSED) | ~Q(refusal=""),
                name="upload_refused_for_reason",
                violation_error_message="请写明不能读取的原因。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=False)
                | ~Q(state__in=(UploadState.WRITING, UploadState.WRITTEN)),
                name="upload_written_when_confirmed",
                violation_error_message="确认之后才能写入。",
            ),
        )

    def __str__(self):
        return f"{self.name} {self.uploaded_at:%Y-%m-%d %H:%M}"

    @property
    def is_under_way(self):
        return self.state in UNDER_WAY

    @property
    def is_checked(self):
        return self.state == UploadState.CHECKED

    @property
    def is_readable(self):
        return self.state not in (UploadState.WAITING, UploadState.CHECKING, UploadState.REFUSED)

    @property
    def to_write(self):
        return self.new + self.changed

    @property
    def document(self):
        """How the trail refers to the file."""
        return f"工作簿 {self.name}（SHA-256 {self.content_hash[:16]}）"

    def current_cells(self):
        return self.cells.filter(attempt=self.attempt)


class UploadCellQuerySet(models.QuerySet):
    def of_kind(self, kind):
        return self.filter(kind=kind)

    def doubtful(self):
        """What the rule engine says something of."""
        return self.exclude(doubt="")

    def to_write(self):
        """What a confirmation writes: new and changed answers, and conflicts that were decided for the file."""
        return self.filter(
            Q(kind__in=(CellKind.NEW, CellKind.CHANGED)) | Q(kind=CellKind.CONFLICT, is_chosen=True)
        )


class UploadCell(models.Model):
    """What an uploaded workbook says at one place, beside what is stored; an answer stands at its quantity's cell."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="cells")
    attempt = models.PositiveSmallIntegerField()
    kind = models.CharField("结果", max_length=8, choices=CellKind)
    row_number = models.PositiveIntegerField("行")
    column_code = models.CharField("列", max_length=12)
    place = models.CharField("单元格", max_length=48)
    report = models.ForeignKey(
        Report, verbose_name="月报", on_delete=models.PROTECT, null=True, related_name="+"
    )
    item = models.ForeignKey(Item, verbose_name="指标", on_delete=models.PROTECT, null=True, related_name="+")
    before = models.CharField("平台", max_length=600, blank=True)
    after = models.CharField("文件", max_length=600, blank=True)
    message = models.CharField("说明", max_length=600, blank=True)
    doubt = models.CharField("检查提示", max_length=600, blank=True)
    # What the file states; an empty known_by takes the answer back.
    quantity = models.DecimalField("数量", max_digits=18, decimal_places=4, null=True)
    known_by = models.CharField("获取方式", max_length=14, choices=KnownBy, blank=True)
    cost_yuan = models.DecimalField("费用(元)", max_digits=16, decimal_places=2, null=True)
    payment = models.CharField("付费情况", max_length=6, choices=Payment, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)
    # Null: the file did not change it; empty: it takes it back.
    reason = models.TextField("疑问说明", null=True, blank=True)  # noqa: DJ001
    seen = models.CharField("核对时平台的标记", max_length=16, blank=True)
    is_chosen = models.BooleanField("以文件为准", default=False)

    objects = UploadCellQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "上传的单元格"
        ordering = ("upload", "row_number", "pk")
        indexes = (models.Index(fields=("upload", "attempt", "kind"), name="upload_cell_by_kind"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_chosen=False) | Q(kind=CellKind.CONFLICT),
                name="upload_cell_chosen_conflict",
                violation_error_message="只有冲突的单元格需要选择。",
            ),
            models.CheckConstraint(
                condition=Q(kind=CellKind.REFUSED)
                | Q(report__isnull=False, item__isnull=False)
                | Q(kind=CellKind.SAME),
                name="upload_cell_has_its_place",
            ),
        )

    def __str__(self):
        return f"{self.place} {self.get_kind_display()}"
