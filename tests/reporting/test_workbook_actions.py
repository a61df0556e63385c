"""What people do with workbooks: each step works and leaves a trace, is refused and changes nothing, and runs twice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from agencies import trail
from agencies.access import Role
from agencies.models import Event, Membership
from agencies.models.trail import Verb
from reporting import actions, tasks
from reporting.entries import Entry
from reporting.models import CellKind, Line, Report, Upload, UploadState
from reporting.workbook import actions as workbooks
from reporting.workbook import checking, template
from reporting.workbook.answers import Answer
from tests.factories import InstitutionFactory, user_with

from .workbooks import counts, template_of, uploaded, worked

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)
HUNDRED, TWO_HUNDRED, NINE = (Entry(Decimal(number)) for number in (100, 200, 9))


@pytest.fixture
def report(district):
    report = district.report(MARCH)
    actions.save_draft(report, {"110": HUNDRED, "120": NINE}, by=district.filer)
    return report


def quantities(report):
    report = Report.objects.get(pk=report.pk)
    lines = Line.objects.filter(revision=report.latest).order_by("item")
    return {line.item_id: int(line.quantity) for line in lines}


def kinds(upload):
    """Item → kind, and for a conflict both sides."""
    return {cell.item_id: (cell.kind, cell.before, cell.after) for cell in upload.current_cells()}


def saves():
    return Event.objects.filter(verb=Verb.SAVE).count()


def test_nothing_is_written_before_it_is_confirmed(district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    assert (upload.state, counts(upload)) == ("checked", {"changed": 1, "same": 1})
    assert (quantities(report), saves()) == ({"110": 100, "120": 9}, 1)
    workbooks.confirm(upload, by=district.filer)
    assert quantities(report) == {"110": 100, "120": 9}
    upload = worked(upload)
    assert (upload.state, upload.confirmed_by, quantities(report)) == (
        "written",
        district.filer,
        {"110": 200, "120": 9},
    )
    event = Event.objects.about(district.institution, MARCH).last()
    assert (event.verb, event.actor, event.detail) == (
        Verb.SAVE,
        district.filer,
        f"工作簿 填报.xlsx（SHA-256 {upload.content_hash[:16]}）：110 电：100 → 200",
    )


def test_a_second_confirmation_and_a_second_job_change_nothing(district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    workbooks.confirm(upload, by=district.filer)
    with pytest.raises(actions.WrongStatus, match="写入中"):
        workbooks.confirm(upload, by=district.filer)
    for _ in range(2):
        assert worked(upload).state == "written"
    assert saves() == 2


def test_a_check_done_twice_shows_each_cell_once(district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.CHECKING)
    assert worked(upload).attempt == 1, "somebody is at work"
    Upload.objects.filter(pk=upload.pk).update(moved_at=upload.moved_at - timedelta(hours=1))
    upload = worked(upload)
    assert (upload.attempt, upload.cells.count(), upload.current_cells().count()) == (2, 2, 2)


def test_what_was_changed_meanwhile_is_shown_with_both_values_and_kept(district, report):
    content = template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)})
    actions.save_draft(report, {"110": Entry(Decimal(150)), "120": Entry(Decimal(8))}, by=district.filer)
    upload = uploaded(content, district.filer)
    assert kinds(upload) == {"110": ("conflict", "150", "200"), "120": ("same", "8", "")}
    with pytest.raises(actions.WrongStatus, match="没有需要写入的"):
        workbooks.confirm(upload, by=district.filer)
    assert quantities(report) == {"110": 150, "120": 8}


def test_a_conflict_that_is_decided_for_the_file_is_written(district, report):
    content = template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)})
    actions.save_draft(report, {"110": Entry(Decimal(150)), "120": NINE}, by=district.filer)
    upload = uploaded(content, district.filer)
    conflict = upload.current_cells().get(kind=CellKind.CONFLICT)
    workbooks.choose(upload, [conflict.pk], [conflict.pk], by=district.filer)
    workbooks.confirm(upload, by=district.filer)
    worked(upload)
    assert quantities(report) == {"110": 200, "120": 9}


def test_a_change_between_preview_and_writing_leads_back_to_the_preview(district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    workbooks.confirm(upload, by=district.filer)
    actions.save_draft(report, {"110": Entry(Decimal(150)), "120": NINE}, by=district.filer)
    upload = worked(upload)
    assert (upload.state, upload.refusal) == ("waiting", workbooks.MEANWHILE)
    assert quantities(report) == {"110": 150, "120": 9}
    assert kinds(worked(upload))["110"] == ("conflict", "150", "200")


def out_of_time(*_arguments, **_options):
    raise SoftTimeLimitExceeded


def test_a_writing_that_takes_too_long_leads_back_to_the_preview_and_can_be_confirmed_again(
    district, report, monkeypatch
):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    workbooks.confirm(upload, by=district.filer)
    with monkeypatch.context() as patched:
        # The last step before the commit.
        patched.setattr(trail, "record_many", out_of_time)
        upload = worked(upload)
    assert (upload.state, upload.refusal) == ("checked", checking.WRITING_TIMED_OUT)
    assert quantities(report) == {"110": 100, "120": 9}
    assert not Upload.objects.stalled(timezone.now() + timedelta(days=1)).exists()
    workbooks.confirm(upload, by=district.filer)
    assert worked(upload).state == "written"
    assert quantities(report) == {"110": 200, "120": 9}


@pytest.mark.parametrize("step", ["zipfile.ZipFile", "openpyxl.load_workbook"])
def test_a_check_out_of_time_is_not_told_as_a_damaged_file(district, report, monkeypatch, step):
    content = template_of(district.institution, MARCH)
    monkeypatch.setattr(step, out_of_time)
    upload = uploaded(content, district.filer)
    assert (upload.state, upload.refusal) == ("refused", checking.TIMED_OUT)


def test_all_months_are_written_or_none(district, report):
    february = district.report(FEBRUARY)
    stated = {"110": Answer(TWO_HUNDRED)}
    upload = uploaded(template_of(district.institution, FEBRUARY, MARCH, stated=stated), district.filer)
    workbooks.confirm(upload, by=district.filer)
    Report.objects.filter(pk=report.pk).update(latest=_submitted(report))
    before = saves()
    assert worked(upload).state == "waiting"
    assert (Report.objects.get(pk=february.pk).latest, saves()) == (None, before)


def _submitted(report):
    report.refresh_from_db()
    report.latest.status, report.latest.submitted_at = "submitted", timezone.now()
    report.latest.save()
    return report.latest


def test_one_cell_that_cannot_be_accepted_keeps_everything_out(district, report):
    stated = {"110": Answer(TWO_HUNDRED), "104": Answer(Entry(Decimal("2.5")))}
    upload = uploaded(template_of(district.institution, MARCH, stated=stated), district.filer)
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (refused.place, refused.after, refused.message) == ("数据!I13", "2.5", "请填整数（辆）。")
    with pytest.raises(actions.WrongStatus, match="有 1 个单元格不能接受"):
        workbooks.confirm(upload, by=district.filer)
    assert quantities(report) == {"110": 100, "120": 9}


def test_a_submitted_month_is_refused_with_the_way_out(district):
    district.submitted(MARCH, {"110": 100})
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (
        refused.message
        == "本月已提交，正等待审核，如需修改，请填报员先撤回，或由审核人退回；撤回或退回时解锁。"
    )
    assert counts(upload) == {"refused": 1}


def test_a_returned_month_is_written_into_its_next_revision_with_the_reasons_it_had(district):
    district.approved(FEBRUARY, {"110": 100, "102": 1000})
    report = district.submitted(MARCH, {"110": 100, "102": 1500})
    actions.send_back(report, by=district.reviewer, reason="请核对电量")
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    assert counts(upload) == {"changed": 1, "same": upload.same}
    workbooks.confirm(upload, by=district.filer)
    worked(upload)
    latest = Report.objects.get(pk=report.pk).latest
    assert (latest.number, latest.lines.get(item="110").quantity) == (2, 200)
    assert latest.hits.get(rule="steady").reason == "已核对原始凭证"


def written(district, stated):
    """The quantities of March after a workbook with these has been confirmed."""
    answers = {code: Answer(Entry(Decimal(number))) for code, number in stated.items()}
    upload = uploaded(template_of(district.institution, MARCH, stated=answers), district.filer)
    workbooks.confirm(upload, by=district.filer)
    assert worked(upload).state == "written"
    return quantities(district.report(MARCH))


def test_a_total_is_filled_from_its_parts_and_follows_them_as_in_the_form(district, report):
    assert written(district, {"PV1": 7, "PV2": 3}) == {"110": 100, "120": 9, "PV": 10, "PV1": 7, "PV2": 3}
    assert written(district, {"PV2": 5}) == {"110": 100, "120": 9, "PV": 12, "PV1": 7, "PV2": 5}
    assert "PV 太阳能光伏发电量：未填 → 10" in Event.objects.about(district.institution, MARCH)[1].detail


def test_a_total_that_the_file_states_is_written_as_it_stands_there(district, report):
    assert written(district, {"PV": 11, "PV1": 7, "PV2": 3})["PV"] == 11
    assert written(district, {"PV2": 5})["PV"] == 11


STEADY = ("steady", "102")


@pytest.fixture
def doubtful(district):
    """March with a warning at its floor area."""
    district.approved(FEBRUARY, {"102": 1000})
    report = district.report(MARCH)
    actions.save_draft(report, {"102": Entry(Decimal(1500))}, by=district.filer)
    return report


def file_says(district, number, reason=""):
    """The number that is stored keeps the warning what it was; a note makes it an edit."""
    entry = Entry(Decimal(number), note="经测绘")
    return template_of(district.institution, MARCH, stated={"102": Answer(entry, reason)})


def reason_after(report, upload, by):
    conflicts = list(upload.current_cells().of_kind(CellKind.CONFLICT).values_list("pk", flat=True))
    workbooks.choose(upload, conflicts, conflicts, by=by)
    workbooks.confirm(upload, by=by)
    assert worked(upload).state == "written"
    return Report.objects.get(pk=report.pk).latest.hits.get(rule="steady", item="102").reason


def test_a_reason_typed_between_preview_and_writing_stays(district, doubtful):
    upload = uploaded(file_says(district, 1500), district.filer)
    actions.explain(doubtful, {STEADY: "搬入新楼"}, by=district.filer)
    assert reason_after(doubtful, upload, district.filer) == "搬入新楼"


def test_a_reason_typed_after_the_template_was_taken_stays(district, doubtful):
    content = file_says(district, 1500)
    actions.explain(doubtful, {STEADY: "搬入新楼"}, by=district.filer)
    upload = uploaded(content, district.filer)
    assert upload.current_cells().get(item="102").after == "1500，说明“经测绘”，疑问说明“搬入新楼”"
    assert reason_after(doubtful, upload, district.filer) == "搬入新楼"


def test_a_reason_that_the_file_only_hands_back_overwrites_none(district, doubtful):
    actions.explain(doubtful, {STEADY: "搬入新楼"}, by=district.filer)
    content = file_says(district, 1500, "搬入新楼")
    actions.explain(doubtful, {STEADY: "扩建"}, by=district.filer)
    assert reason_after(doubtful, uploaded(content, district.filer), district.filer) == "扩建"


@pytest.mark.parametrize("reason", ["扩建", ""])
def test_a_reason_that_the_file_changed_or_cleared_is_written(district, doubtful, reason):
    actions.explain(doubtful, {STEADY: "搬入新楼"}, by=district.filer)
    upload = uploaded(file_says(district, 1600, reason), district.filer)
    assert reason_after(doubtful, upload, district.filer) == reason


def test_a_department_takes_its_systems_workbook_and_sees_that_it_may_not_write(district, report):
    made = workbooks.take_template(district.department, [MARCH], by=district.department_user)
    assert [each.agency for each in made.stamp.months] == [district.institution.key]
    assert (
        Event.objects.get(verb=Verb.EXPORT).detail == f"填报模板 {district.department}　2025年3月，1 个机构月"
    )
    content = template_of(district.department, MARCH, stated={"110": Answer(TWO_HUNDRED)})
    upload = uploaded(content, district.department_user)
    assert [cell.message for cell in upload.current_cells()] == [
        "您不是该机构的填报员，不能代为填报：请由该机构的填报员上传，或请系统管理员授予填报员角色。"
    ]
    with pytest.raises(actions.WrongStatus):
        workbooks.confirm(upload, by=district.department_user)


def test_of_a_systems_workbook_a_filer_writes_the_own_rows_and_sees_no_others(district, report):
    other = InstitutionFactory(parent=district.department)
    other_filer = user_with(Role.FILER, other)
    actions.save_draft(district.report(MARCH, other), {"110": Entry(Decimal(77))}, by=other_filer)
    content = template_of(district.department, MARCH, stated={"120": Answer(TWO_HUNDRED)})
    upload = uploaded(content, other_filer)
    own = upload.current_cells().get(report__agency=other, item="120")
    assert (own.kind, own.after) == ("new", "200")
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (refused.report, refused.before, counts(upload)) == (None, "", {"new": 1, "same": 1, "refused": 1})


def test_another_agencys_file_is_refused_as_a_whole(district, report):
    stranger = user_with(Role.FILER, InstitutionFactory())
    upload = uploaded(template_of(district.institution, MARCH), stranger)
    assert (upload.state, upload.refusal) == (
        "refused",
        "这是其他机构的工作簿，您没有其中任何一个机构的权限：请下载本单位的模板填写。",
    )
    assert not upload.cells.exists()


def test_who_may_not_file_neither_takes_nor_uploads(district, report):
    for user in (district.reviewer, district.manager, district.observer, district.auditor):
        with pytest.raises(PermissionDenied):
            workbooks.take_template(district.institution, [MARCH], by=user)
        with pytest.raises(PermissionDenied):
            uploaded(b"", user)
    with pytest.raises(PermissionDenied):
        workbooks.take_template(district.department, [MARCH], by=district.filer)


def test_a_role_that_ended_before_the_writing_writes_nothing(district, report):
    upload = uploaded(
        template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)}), district.filer
    )
    workbooks.confirm(upload, by=district.filer)
    Membership.objects.filter(user=district.filer).update(valid_to=timezone.localdate() - timedelta(days=1))
    assert worked(upload).state == "waiting"
    assert worked(upload).state == "refused"
    assert quantities(report) == {"110": 100, "120": 9}


def test_a_workbook_that_would_grow_too_large_names_the_way_out(district, report, monkeypatch):
    monkeypatch.setattr(template, "MOST_ROWS", 20)
    with pytest.raises(template.TooMany, match="请按月下载"):
        workbooks.take_template(district.institution, [MARCH], by=district.filer)


def test_an_old_preview_goes_and_with_it_the_chance_to_confirm(district, report, settings):
    stated = {"110": Answer(TWO_HUNDRED)}
    old, new = (
        uploaded(template_of(district.institution, MARCH, stated=stated), district.filer) for _ in range(2)
    )
    Upload.objects.filter(pk=old.pk).update(uploaded_at=timezone.now() - timedelta(days=31))
    for _ in range(2):
        tasks.sweep_uploads()
    old.refresh_from_db()
    assert (old.state, old.refusal, old.cells.count(), new.cells.count()) == (
        "refused",
        workbooks.EXPIRED,
        0,
        2,
    )


def test_the_file_is_kept_outside_of_every_address_under_a_name_of_its_own(district, settings):
    upload = uploaded(b"nothing", district.filer, name="../../etc/电费.xlsx")
    assert upload.file.path.startswith(f"{settings.MEDIA_ROOT}/uploads/")
    assert (upload.name, upload.file.name.endswith(".xlsx"), "电费" in upload.file.name) == (
        "电费.xlsx",
        True,
        False,
    )


def test_a_workbook_of_twelve_months_costs_the_queries_of_one(district, django_assert_max_num_queries):
    months = [date(2025, number, 1) for number in range(1, 13)]
    for month in months:
        actions.save_draft(district.report(month), {"110": HUNDRED}, by=district.filer)
    one = template_of(district.institution, MARCH, stated={"110": Answer(TWO_HUNDRED)})
    year = template_of(district.institution, *months, stated={"110": Answer(TWO_HUNDRED)})
    for content in (one, year):
        upload = workbooks.upload(SimpleUploadedFile("填报.xlsx", content), by=district.filer)
        with django_assert_max_num_queries(32):
            worked(upload)
    assert counts(Upload.objects.first()) == {"changed": 12}
