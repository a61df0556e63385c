"""The trail's page and its file: for auditors, filtered alike, at a steady cost."""

import csv
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies import trail
from agencies.access import Role
from agencies.models import Event
from agencies.models.trail import Verb
from tests.factories import BureauFactory, District, user_with

from .trails import OLD, OLDER, append

pytestmark = pytest.mark.django_db

LIST, EXPORT = "agencies:trail-list", "agencies:trail-export"


@pytest.fixture
def district():
    return District()


@pytest.fixture
def auditor(client, district):
    client.force_login(district.auditor)
    return client


def shown(client, **filters):
    return [event.detail for event in client.get(reverse(LIST), filters).context["page_obj"]]


def exported(client, **filters):
    answer = client.get(reverse(EXPORT), filters)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def on(day, detail):
    """An event of another day; the chain allows no later change, so it is dated before it enters."""
    event = trail.event(Verb.LOAD, detail=detail)
    event.at = datetime.fromisoformat(day).astimezone(UTC)
    trail.record_many([event])


@pytest.mark.parametrize("address", [LIST, EXPORT])
@pytest.mark.parametrize(
    "role", ["filer", "department_user", "reviewer", "manager", "observer", "administrator"]
)
def test_nobody_but_auditors_gets_in(client, district, role, address):
    client.force_login(getattr(district, role))

    assert client.get(reverse(address)).status_code == 403


@pytest.mark.parametrize("address", [LIST, EXPORT])
def test_a_stranger_is_sent_to_sign_in(client, address):
    answer = client.get(reverse(address))

    assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("login"))


def test_the_newest_row_stands_first_with_all_its_facts(auditor, district):
    district.manager.address = "10.1.1.1"
    trail.record(Verb.REGISTER, by=district.manager, agency=district.institution, detail="名称：甲 → 乙")

    page = auditor.get(reverse(LIST)).content.decode()

    assert shown(auditor)[0] == "名称：甲 → 乙"
    for fact in (
        district.manager.name,
        "局管理员",
        "10.1.1.1",
        "名录变更",
        district.institution.name,
        "成功",
    ):
        assert fact in page


def test_rows_are_narrowed_by_day(auditor):
    on("2026-03-01T23:59:59+08:00", "三月一日")
    on("2026-03-02T00:00:00+08:00", "三月二日")
    on("2026-03-03T12:00:00+08:00", "三月三日")

    assert shown(auditor, first_day="2026-03-02", last_day="2026-03-02") == ["三月二日"]
    assert shown(auditor, last_day="2026-03-01") == ["三月一日"]


def test_rows_are_narrowed_by_verb(auditor):
    trail.record(Verb.LOAD, by=None, detail="载入")
    trail.record(Verb.RECALCULATE, by=None, detail="重算")

    assert shown(auditor, verb=Verb.RECALCULATE) == ["重算"]


def test_rows_are_narrowed_by_person(auditor, district):
    trail.record(Verb.SAVE, by=district.filer, detail="一")
    trail.record(Verb.SAVE, by=district.manager, detail="二")
    trail.record_many(
        [trail.event(Verb.LOGIN_FAILED, detail=f"账号：{district.filer.username}", is_success=False)]
    )

    assert shown(auditor, person=district.filer.username) == [f"账号：{district.filer.username}", "一"]
    assert shown(auditor, person=district.manager.name) == ["二"]


def test_rows_are_narrowed_by_agency(auditor, district):
    trail.record(Verb.REGISTER, by=None, agency=district.institution, detail="一")
    trail.record(Verb.REGISTER, by=None, agency=district.department, detail="二")

    assert shown(auditor, agency=district.institution.name) == ["一"]
    assert shown(auditor, agency=district.department.key) == ["二"]


def test_rows_are_narrowed_by_the_month_they_are_about(auditor, district):
    for number in (2, 3):
        month = date(2026, number, 1)
        trail.record(
            Verb.SAVE, by=district.filer, agency=district.institution, month=month, detail=f"{number}月"
        )

    assert shown(auditor, month="2026-03") == ["3月"]
    assert 'value="2026-03"' in auditor.get(reverse(LIST), {"month": "2026-03"}).content.decode()


def test_rows_are_narrowed_by_result(auditor, district):
    trail.record(Verb.VIEW, by=district.filer, detail="看到")
    trail.record(Verb.VIEW, by=district.filer, detail="损坏", is_success=False)

    assert shown(auditor, verb=Verb.VIEW, result="success") == ["看到"]
    assert shown(auditor, verb=Verb.VIEW, result="failure") == ["损坏"]


def test_rows_are_narrowed_by_words_of_their_content(auditor, district):
    trail.record(Verb.SAVE, by=district.filer, detail="电：1 → 2")
    trail.record(Verb.SAVE, by=district.filer, detail="水：1 → 2")

    assert shown(auditor, words="水：") == ["水：1 → 2"]


def test_archived_days_are_named_where_the_dates_touch_them(client, tmp_path):
    append(OLDER, "登录")
    append(OLD, "登录")
    client.force_login(user_with(Role.AUDITOR, BureauFactory()))
    call_command("archive_trail", str(tmp_path), "--yes", stdout=StringIO())

    page = client.get(reverse(LIST), {"last_day": OLDER.isoformat()}).content.decode()
    assert "所选日期中有 1 天已归档" in page
    assert f"trail-{OLDER}.jsonl.gz，共 1 条，移出 1 条" in page
    assert f"trail-{OLD}" not in page
    assert "所选日期中有 2 天已归档" in client.get(reverse(LIST)).content.decode()
    today = {"first_day": timezone.localdate().isoformat()}
    assert "所选日期中有" not in client.get(reverse(LIST), today).content.decode()


def test_a_wrong_filter_is_named_and_kept(auditor):
    answer = auditor.get(reverse(LIST), {"first_day": "2026-03-05", "last_day": "2026-03-01", "person": "张"})

    page = answer.content.decode()
    assert "不能早于“自”。" in page
    assert 'value="2026-03-05"' in page
    assert 'value="张"' in page
    assert "没有符合条件的记录" in page


@pytest.mark.parametrize(
    "filters", [{"first_day": "昨天"}, {"verb": "destroy"}, {"month": "2026-13"}, {"result": "x"}]
)
def test_a_filter_that_means_nothing_exports_nothing(auditor, filters):
    assert auditor.get(reverse(EXPORT), filters).status_code == 400
    assert not Event.objects.filter(verb=Verb.EXPORT).exists()


def test_fifty_rows_a_page(auditor):
    trail.record_many([trail.event(Verb.RECALCULATE, detail=str(number)) for number in range(120)])

    first = auditor.get(reverse(LIST), {"verb": Verb.RECALCULATE})
    last = auditor.get(reverse(LIST), {"verb": Verb.RECALCULATE, "page": 3})

    assert len(first.context["page_obj"]) == 50
    assert "共 120 条" in first.content.decode()
    assert [event.detail for event in last.context["page_obj"]] == [
        str(number) for number in range(19, -1, -1)
    ]


def test_the_page_costs_the_same_at_one_row_and_at_three(auditor, district):
    costs = []
    for people in ([district.filer], [district.manager, district.reviewer]):
        for person in people:
            trail.record(Verb.SAVE, by=person, agency=district.institution)
        with CaptureQueriesContext(connection) as queries:
            assert auditor.get(reverse(LIST), {"verb": Verb.SAVE}).status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]


# The file


def test_the_file_holds_what_the_page_shows_oldest_first(auditor, district):
    trail.record(Verb.REGISTER, by=district.manager, agency=district.institution, detail="一")
    trail.record(Verb.REGISTER, by=district.manager, agency=district.department, detail="二")
    trail.record(Verb.LOAD, by=None, detail="三")

    rows = exported(auditor, verb=Verb.REGISTER)

    assert [row["内容"] for row in rows] == ["一", "二"]
    first = Event.objects.get(detail="一")
    assert rows[0] == {
        "序号": str(first.sequence),
        "时间": rows[0]["时间"],
        "姓名（账号）": f"{district.manager.name}（{district.manager.username}）",
        "角色": "局管理员",
        "来源地址": "",
        "操作": "名录变更",
        "成功": "是",
        "机构编码": district.institution.key,
        "机构": district.institution.name,
        "月份": "",
        "版次": "",
        "内容": "一",
        "前一条哈希": first.previous_hash,
        "哈希": first.hash,
    }


def test_the_file_is_narrowed_by_month_result_and_words_too(auditor, district):
    for month, words, is_success in ((2, "电", True), (3, "水", True), (3, "电", False), (3, "电", True)):
        trail.record(
            Verb.SAVE,
            by=district.filer,
            month=date(2026, month, 1),
            detail=words,
            is_success=is_success,
        )

    rows = exported(auditor, month="2026-03", result="success", words="电")

    assert [(row["月份"], row["内容"], row["成功"]) for row in rows] == [("2026-03", "电", "是")]
    detail = Event.objects.get(verb=Verb.EXPORT).detail
    assert detail == "操作日志；结果：成功；所属月份：2026-03；内容含：电"


def test_the_file_is_a_download_that_excel_takes_for_utf8(auditor):
    answer = auditor.get(reverse(EXPORT))

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="trail-')
    assert b"".join(answer.streaming_content).startswith(b"\xef\xbb\xbf")


def test_taking_the_file_away_is_an_event_and_not_in_the_file(auditor, district):
    rows = exported(
        auditor, person=district.auditor.name, first_day="2026-01-01", verb=Verb.LOGIN, result="success"
    )

    event = Event.objects.get(verb=Verb.EXPORT)
    assert (event.actor, event.address) == (district.auditor, "127.0.0.1")
    assert event.detail == (
        f"操作日志；自：2026-01-01；操作：登录；结果：成功；账号或姓名：{district.auditor.name}"
    )
    assert [row["操作"] for row in rows] == ["登录"]


def test_no_text_becomes_a_formula(auditor, district):
    district.institution.name = "＝危险机构"
    district.institution.save()
    trail.record(Verb.REGISTER, by=None, agency=district.institution, detail='=HYPERLINK("http://x")')

    [row] = exported(auditor, verb=Verb.REGISTER)

    assert (row["内容"], row["机构"]) == ('\'=HYPERLINK("http://x")', "'＝危险机构")


def test_the_file_costs_the_same_for_few_rows_and_for_many(auditor):
    costs = []
    for number in (1, 300):
        trail.record_many([trail.event(Verb.LOAD) for _ in range(number)])
        with CaptureQueriesContext(connection) as queries:
            exported(auditor, verb=Verb.LOAD)
        costs.append(len(queries))

    assert costs[0] == costs[1]
