"""The pages of the workbook route."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from agencies.access import Role
from agencies.models import Event
from reporting import actions
from reporting.entries import Entry
from reporting.models import Upload
from reporting.workbook import actions as workbooks
from reporting.workbook import layout
from reporting.workbook.answers import Answer
from tests.factories import InstitutionFactory, user_with

from .workbooks import book_of, edited, row_of, template_of, uploaded, worked

MARCH = date(2025, 3, 1)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def report(district):
    return district.report(MARCH)


@pytest.fixture
def as_filer(client, district):
    client.force_login(district.filer)
    return client


def content_of(response):
    return b"".join(response.streaming_content)


def page(client, upload, **query):
    return client.get(reverse("reporting:upload-detail", args=[upload.pk]), query).content.decode()


def test_a_template_is_downloaded_filled_in_and_locked(as_filer, district, report):
    actions.save_draft(
        report, {"110": Entry(Decimal("9000.5"), "estimated", Decimal(5400))}, by=district.filer
    )
    response = as_filer.get(reverse("reporting:template-month", args=[district.institution.key, MARCH]))
    assert (response.status_code, response["Content-Type"]) == (200, XLSX)
    book = book_of(content_of(response))
    sheet = book[layout.DATA]
    row = row_of(sheet, "110")
    assert [sheet.cell(row, place).value for place in (9, 10, 11)] == [9000.5, "估算", 5400]
    assert sheet.protection.sheet
    assert [sheet.cell(row, place).protection.locked for place in (7, 9, 11)] == [True, False, False]
    people = row_of(sheet, "103")
    assert sheet.cell(people, 11).protection.locked, "people have no cost"
    assert {str(rule.sqref) for rule in sheet.data_validations.dataValidation if rule.type == "list"} == {
        "J4:J33",
        "L4:L33",
    }
    assert (sheet.row_dimensions[1].hidden, book["_stamp"].sheet_state) == (True, "veryHidden")


def test_a_year_to_date_holds_every_open_month_and_a_closed_one_locked(as_filer, district):
    district.submitted(date(2025, 2, 1), {"110": 5})
    district.report(MARCH)
    response = as_filer.get(reverse("reporting:template-year", args=[district.institution.key, 2025]))
    sheet = book_of(content_of(response))[layout.DATA]
    february, march = row_of(sheet, "110", "2025-02"), row_of(sheet, "110", "2025-03")
    assert [sheet.cell(row, 9).protection.locked for row in (february, march)] == [True, False]
    assert sheet.cell(february, 17).value == "本月已提交，不能修改"


def test_a_year_without_a_period_says_so(as_filer, district, report):
    response = as_filer.get(
        reverse("reporting:template-year", args=[district.institution.key, 1999]), follow=True
    )
    assert "该年还没有开放的报送期" in response.content.decode()


def test_a_file_is_uploaded_and_leads_to_its_progress(as_filer, district, report):
    file = SimpleUploadedFile("填报.xlsx", template_of(district.institution, MARCH))
    response = as_filer.post(reverse("reporting:upload-list"), {"file": file}, follow=True)
    upload = Upload.objects.get()
    assert response.redirect_chain == [(reverse("reporting:upload-detail", args=[upload.pk]), 302)]
    text = response.content.decode()
    assert f'hx-get="{reverse("reporting:upload-detail", args=[upload.pk])}"' in text
    assert "刷新进度" in text


def test_the_progress_is_asked_for_alone_until_there_is_something_to_see(as_filer, district, report):
    upload = workbooks.upload(
        SimpleUploadedFile("a.xlsx", template_of(district.institution, MARCH)), by=district.filer
    )
    address, htmx = reverse("reporting:upload-detail", args=[upload.pk]), {"HX-Request": "true"}
    Upload.objects.update(state="checking", done=15, total=60)
    assert 'value="15"' in as_filer.get(address, headers=htmx).content.decode()
    Upload.objects.update(state="waiting")
    worked(upload)
    assert as_filer.get(address, headers=htmx)["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (SimpleUploadedFile("a.xls", b"x"), "请上传 .xlsx 文件"),
        (SimpleUploadedFile("a.xlsx", b""), "文件是空的"),
        ("", "请选择填好的工作簿"),
    ],
)
def test_what_is_no_workbook_by_its_name_is_refused_at_once(as_filer, report, file, sentence):
    response = as_filer.post(reverse("reporting:upload-list"), {"file": file})
    assert (sentence in response.content.decode(), Upload.objects.count()) == (True, 0)


def test_a_file_beyond_the_limit_is_refused_at_once(as_filer, report, settings):
    settings.UPLOAD_MAX_MB = 0
    response = as_filer.post(reverse("reporting:upload-list"), {"file": SimpleUploadedFile("a.xlsx", b"x")})
    assert "文件超过 0 MB" in response.content.decode()


def test_the_preview_shows_both_values_and_narrows_to_a_kind(as_filer, district, report):
    district.approved(date(2024, 3, 1), {"110": 1000})
    actions.save_draft(report, {"110": Entry(Decimal(900)), "120": Entry(Decimal(9))}, by=district.filer)
    stated = {"110": Answer(Entry(Decimal(9000))), "102": Answer(Entry(Decimal(1000)))}
    upload = uploaded(template_of(district.institution, MARCH, stated=stated), district.filer)
    text = page(as_filer, upload)
    assert "数据!I4" in text
    assert "电比上年同月变化 +800.0 %" in text
    assert ("确认写入" in text, "确认后写入 2 格" in text) == (True, True)
    shown = {
        kind: page(as_filer, upload, kind=kind).count("数据!I")
        for kind in ("new", "changed", "same", "doubtful")
    }
    assert shown == {"new": 1, "changed": 1, "same": 1, "doubtful": 2}  # water without its cost as well


def test_confirming_writes_and_says_so(as_filer, district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(Entry(Decimal(9)))}), district.filer
    )
    as_filer.post(reverse("reporting:upload-choose", args=[upload.pk]), {"confirm": "1"})
    worked(upload)
    assert "已写入草稿" in page(as_filer, upload)
    response = as_filer.post(
        reverse("reporting:upload-choose", args=[upload.pk]), {"confirm": "1"}, follow=True
    )
    assert "此文件现为“已写入”，不能进行此操作。" in response.content.decode()


def test_a_conflict_is_chosen_on_the_page(as_filer, district, report):
    content = template_of(district.institution, MARCH, stated={"110": Answer(Entry(Decimal(9)))})
    actions.save_draft(report, {"110": Entry(Decimal(5))}, by=district.filer)
    upload = uploaded(content, district.filer)
    conflict = upload.current_cells().get()
    address = reverse("reporting:upload-choose", args=[upload.pk])
    as_filer.post(address, {"shown": conflict.pk, "chosen": conflict.pk})
    assert "checked" in page(as_filer, upload)
    as_filer.post(address, {"shown": conflict.pk})
    conflict.refresh_from_db()
    assert not conflict.is_chosen
    as_filer.post(address, {"shown": conflict.pk, "chosen": conflict.pk, "confirm": "1"})
    worked(upload)
    report.refresh_from_db()
    assert report.latest.lines.get().quantity == 9


def test_the_file_comes_back_with_each_error_in_its_cell_and_is_a_template_again(as_filer, district, report):
    typed = {
        ("110", "quantity"): "九千",
        ("110", "note"): "+86",
        ("120", "known_by"): "大概",
        ("102", "quantity"): 1000,
    }
    upload = uploaded(edited(template_of(district.institution, MARCH), typed), district.filer)
    book = book_of(content_of(as_filer.get(reverse("reporting:upload-returned", args=[upload.pk]))))
    told = Event.objects.get(verb="export", detail__contains="退回文件")
    assert (told.actor, told.detail) == (district.filer, f"退回文件 {upload.name}（上传 {upload.pk}）")
    sheet = book[layout.DATA]
    cell = sheet.cell(row_of(sheet, "110"), 9)
    assert (cell.value, cell.fill.fgColor.rgb) == ("九千", "FFFFC7CE")
    assert "请填写数字，如 1234.5（kWh）" in cell.comment.text
    note = sheet.cell(cell.row, 13)
    # Still a text that no spreadsheet takes for a formula, as a typed apostrophe would make it.
    assert (note.value, note.data_type, bool(note.quotePrefix)) == ("+86", "s", True)
    listed = [[each.value for each in row] for row in book[layout.FAULTS].iter_rows(min_row=2)]
    assert [(row[0], row[3], row[4], row[5]) for row in listed] == [
        ("数据!I4", "电＊", "数量", "九千"),
        ("数据!J12", "水＊", "获取方式", "大概"),
    ]
    target = BytesIO()
    sheet.cell(cell.row, 9).value, sheet.cell(row_of(sheet, "120"), 10).value = 9000, None
    book.save(target)
    again = uploaded(target.getvalue(), district.filer)
    assert (again.state, again.new, again.refused) == ("checked", 2, 0)


def test_nobody_elses_upload_is_there(client, district, report):
    upload = uploaded(template_of(district.institution, MARCH), district.filer)
    colleague = user_with(Role.FILER, district.institution)
    stranger = user_with(Role.FILER, InstitutionFactory())
    for user in (colleague, stranger, district.department_user):
        client.force_login(user)
        for name in ("upload-detail", "upload-returned"):
            assert client.get(reverse(f"reporting:{name}", args=[upload.pk])).status_code == 404
        address = reverse("reporting:upload-choose", args=[upload.pk])
        assert client.post(address, {"confirm": "1"}).status_code == 404
    assert worked(upload).state == "checked"


def test_a_template_of_elsewhere_is_not_there(client, district, report):
    stranger = user_with(Role.FILER, InstitutionFactory())
    client.force_login(stranger)
    assert (
        client.get(reverse("reporting:template-month", args=[district.institution.key, MARCH])).status_code
        == 404
    )


def test_a_department_is_offered_its_system(client, district, report):
    client.force_login(district.department_user)
    text = client.get(reverse("reporting:upload-list")).content.decode()
    assert reverse("reporting:template-year", args=[district.department.key, 2025]) in text
    assert reverse("reporting:template-month", args=[district.institution.key, MARCH]) not in text


def test_the_preview_costs_the_same_for_one_cell_and_for_many(
    as_filer, district, report, django_assert_max_num_queries
):
    for stated in (("110",), ("110", "120", "130", "140", "105", "102", "103")):
        content = template_of(
            district.institution, MARCH, stated={code: Answer(Entry(Decimal(9))) for code in stated}
        )
        upload = uploaded(content, district.filer)
        with django_assert_max_num_queries(12):
            page(as_filer, upload)
    with django_assert_max_num_queries(12):
        as_filer.get(reverse("reporting:upload-list"))


def test_the_form_and_the_to_do_list_lead_here(as_filer, district, report):
    form = as_filer.get(
        reverse("reporting:report-edit", args=[district.institution.key, MARCH])
    ).content.decode()
    assert reverse("reporting:template-month", args=[district.institution.key, MARCH]) in form
    for text in (form, as_filer.get("/").content.decode()):
        assert reverse("reporting:upload-list") in text
