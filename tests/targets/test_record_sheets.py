"""Records as a workbook: what goes out comes back the same, twice is once, and a fault is named by its cell."""

import io
from datetime import date, datetime, time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from agencies.models import Event
from targets import record_actions
from targets.models import Record, RecordVersion, Register
from tests.factories import DepartmentFactory, InstitutionFactory

pytestmark = pytest.mark.django_db

ADDRESS = "/records/import/title/"
HEADS = ["机构编码", "机构", "名称", "通过日期", "有效期至", "称号", "级别", "得分（分）", "状态"]
DAY = date(2024, 11, 1)


@pytest.fixture
def filer(district, client):
    client.force_login(district.filer)
    return district


def sheet(*rows, heads=HEADS):
    book, file = Workbook(), io.BytesIO()
    for row in (heads, *rows):
        book.active.append(row)
    book.save(file)
    return SimpleUploadedFile("a.xlsx", file.getvalue())


def row(district, **changed):
    cells = dict(
        zip(
            HEADS,
            [district.institution.key, "", "节约型机关", DAY, None, "节约型机关", "区", 91.5, ""],
            strict=True,
        )
    )
    return list((cells | changed).values())


def test_rows_become_drafts_and_the_same_file_again_adds_nothing(filer, client):
    for expected in ("新增草稿 1 条，已有 0 条", "新增草稿 0 条，已有 1 条"):
        page = client.post(ADDRESS, {"file": sheet(row(filer))}, follow=True).content.decode()
        assert expected in page

    version = RecordVersion.objects.get()
    assert (version.status, version.happened_on, version.record.agency) == ("draft", DAY, filer.institution)
    assert version.values == {"kind": "节约型机关", "level": "区", "score": "91.5"}


def test_what_goes_out_comes_back_the_same(filer, client):
    said = {
        "name": "=1+1",
        "happened_on": DAY,
        "ended_on": None,
        "values": {"kind": "节约型机关", "level": "区", "score": "91.5"},
    }
    record_actions.enter(Register.objects.get(slug="title"), filer.institution, said, by=filer.filer)
    response = client.get("/records/export/title/")
    content = b"".join(response.streaming_content)
    cells = [cell.value for cell in load_workbook(io.BytesIO(content)).active[2]]
    agency, passed = filer.institution, datetime.combine(DAY, time.min)
    answers = ["节约型机关", "区", 91.5, "草稿"]
    assert cells == [agency.key, agency.name, "'=1+1", passed, None, *answers]
    assert Event.objects.filter(verb="export", detail="台账 创建称号与荣誉，1 条").count() == 1

    page = client.post(ADDRESS, {"file": SimpleUploadedFile("a.xlsx", content)}, follow=True)
    assert "新增草稿 0 条，已有 1 条" in page.content.decode()
    assert Record.objects.count() == 1


def test_every_fault_is_named_by_row_and_column_and_nothing_is_stored(filer, client):
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=filer.bureau))
    upload = sheet(
        row(filer),
        row(filer, **{"得分（分）": "很高"}),
        row(filer, 称号="先进", 机构编码=stranger.key),
        row(filer, 通过日期="去年"),
    )
    page = client.post(ADDRESS, {"file": upload}).content.decode()

    for sentence in (
        "第 3 行 得分（分）：得分应为数字",
        "第 4 行 称号：称号应为节约型机关、",
        f"第 4 行 机构编码：“{stranger.key}”不是您可以登记的机构编码。",
        "第 5 行 通过日期：",
    ):
        assert sentence in page
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (SimpleUploadedFile("a.xlsx", b"MZ"), "不是可读的 .xlsx 工作簿"),
        (sheet(heads=["机构编码", "名称"]), "缺少此列"),
        (sheet(["A", "", "=1+1", DAY, None, "节约型机关", "区", 1, ""]), "不能是公式"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(filer, client, upload, said):
    upload.seek(0)

    assert said in client.post(ADDRESS, {"file": upload}).content.decode()
    assert not Record.objects.exists()


def test_of_a_yearly_register_the_second_row_of_a_year_is_refused(filer, client):
    fields = [field.label for field in Register.objects.get(slug="facilities").fields.all()]
    heads = ["机构编码", "机构", "名称", "统计日期", *fields, "状态"]
    blank = [None] * (len(fields) + 1)
    rows = [[filer.institution.key, "", name, DAY, *blank] for name in ("年报", "又一份")]
    page = client.post("/records/import/facilities/", {"file": sheet(*rows, heads=heads)}).content.decode()

    assert "第 3 行 名称：" in page
    assert "2024年的设施年报已经登记" in page
    assert not Record.objects.exists()
