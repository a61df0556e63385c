"""Pages of the calendar: what they show, what moving a day does, who may, and more days for institutions."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import Event
from reporting import actions
from reporting.models import Extension, Period, Report
from tests.factories import DepartmentFactory, InstitutionFactory, user_with
from tests.targets.pages import cost, squeezed

MARCH = date(2025, 3, 1)
LIST, NEW = reverse("reporting:calendar-list"), reverse("reporting:calendar-new")
EDIT, EXTEND, EXTENDED = (
    reverse(f"reporting:{name}", args=[MARCH])
    for name in ("calendar-edit", "extension-new", "extension-list")
)
DAYS = ("opens_on", "due_on", "closes_on")


def today(days=0):
    return timezone.localdate() + timedelta(days)


def settled(report, *days):
    """The month opens, is due and closes so many days from today."""
    found = dict(zip(DAYS, map(today, days), strict=True))
    Period.objects.filter(pk=report.period_id).update(**found)
    return Period.objects.get(pk=report.period_id)


def read(client, user, address=LIST):
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return squeezed(answer.content.decode())


def post(client, user, address, **fields):
    client.force_login(user)
    return client.post(address, fields)


def errors(answer):
    assert answer.status_code == 200
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def last_event():
    event = Event.objects.order_by("sequence").last()
    return event.verb, event.actor, event.detail


# The list


@pytest.mark.parametrize(
    ("days", "state"),
    [((1, 2, 3), "未开放"), ((0, 0, 3), "填报中"), ((-3, -1, 0), "已截止"), ((-3, -2, -1), "已关闭")],
)
def test_a_months_state_is_said_in_a_word(client, district, days, state):
    settled(district.report(MARCH), *days)
    client.force_login(district.observer)
    [row] = client.get(LIST).context["page_obj"]
    assert row.state == state


def test_the_list_counts_the_months_that_the_reader_sees(client, district):
    InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    district.submitted(MARCH, {"110": 1})
    for user, owed, missing in ((district.department_user, 1, 0), (district.manager, 2, 1)):
        client.force_login(user)
        [row] = client.get(LIST).context["page_obj"]
        counts = {code: number for code, _, number in row.counts}
        assert (row.owed, counts["missing"], counts["submitted"]) == (owed, missing, 1)
    html = read(client, district.manager)
    assert f'href="{reverse("reporting:report-list")}?month=2025-03&amp;state=submitted"' in html


def test_only_who_sets_the_calendar_is_offered_to(client, district):
    district.report(MARCH)
    assert "调整日期" in read(client, district.manager)
    for user in (district.reviewer, district.department_user, district.observer):
        assert "调整日期" not in read(client, user)
        assert post(client, user, EDIT, reason="x").status_code == 403
        assert post(client, user, NEW, reason="x").status_code == 403
        assert post(client, user, EXTEND, reason="x").status_code == 403


def test_the_list_costs_the_same_for_one_month_and_for_six(client, district):
    actions.open_period(MARCH)
    client.force_login(district.manager)
    one = cost(client, LIST)
    for month in range(4, 9):
        actions.open_period(date(2025, month, 1))
    assert cost(client, LIST) == one


# Moving the days


def moved(period, reason="国庆假期顺延", **days):
    before = [getattr(period, name) for name in DAYS]
    return (
        dict(zip(DAYS, before, strict=True)) | days | {"reason": reason, "seen": " ".join(map(str, before))}
    )


def test_the_manager_moves_a_day_and_the_trail_has_both(client, district):
    period = settled(district.report(MARCH), -3, 3, 9)
    answer = post(client, district.manager, EDIT, **moved(period, due_on=today(5)))
    assert (answer.status_code, answer.url) == (302, LIST)
    assert Period.objects.get(pk=period.pk).due_on == today(5)
    verb, actor, detail = last_event()
    assert (verb, actor) == ("calendar", district.manager)
    assert f"截止 {today(3)}" in detail
    assert detail.endswith(f"→ 开放 {today(-3)}，截止 {today(5)}，关闭 {today(9)}。理由：国庆假期顺延")


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"due_on": "2020-01-01"}, "due_on", "截止日不能早于开放日（"),
        ({"closes_on": "2020-01-01"}, "closes_on", "关闭日不能早于截止日（"),
        ({"due_on": "三月"}, "due_on", "请填写日期，如 2026-03-10。"),
        ({"opens_on": ""}, "opens_on", "请填写日期。"),
        ({"reason": " "}, "reason", "请写明调整原因，如“国庆假期顺延”。"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_moves(client, district, wrong, field, sentence):
    period = settled(district.report(MARCH), -3, 3, 9)
    answer = post(client, district.manager, EDIT, **moved(period, **wrong))
    assert errors(answer)[field][0].startswith(sentence)
    assert Period.objects.get(pk=period.pk).due_on == today(3)
    assert not Event.objects.filter(verb="calendar").exists()


def test_days_that_are_the_same_are_said_to_be(client, district):
    period = settled(district.report(MARCH), -3, 3, 9)
    answer = post(client, district.manager, EDIT, **moved(period))
    assert errors(answer)["__all__"] == ["三个日期与现行的相同，没有需要调整的。"]


def test_who_was_slower_is_told_what_holds_now(client, district):
    period = settled(district.report(MARCH), -3, 3, 9)
    fields = moved(period, due_on=today(5))
    settled(district.report(MARCH), -3, 4, 9)
    answer = post(client, district.manager, EDIT, **fields)
    assert f"刚刚已由他人调整为：开放 {today(-3)}，截止 {today(4)}" in errors(answer)["__all__"][0]
    assert Period.objects.get(pk=period.pk).due_on == today(4)


@pytest.mark.parametrize(
    ("is_filed", "days", "sentence"),
    [
        (False, {"due_on": -2, "closes_on": -1}, "1 个机构今天还能填报，调整后立即锁定。"),
        (False, {"opens_on": 1}, "1 个机构今天还能填报，调整后立即锁定。"),
        (True, {"due_on": -1}, "1 个机构已按时报送，调整后改计为迟报。"),
    ],
)
def test_what_a_day_would_do_at_once_is_confirmed_first(client, district, is_filed, days, sentence):
    report = district.submitted(MARCH, {"110": 1}) if is_filed else district.report(MARCH)
    period = settled(report, -3, 3, 9)
    fields = moved(period, **{name: today(number) for name, number in days.items()})
    assert errors(post(client, district.manager, EDIT, **fields)) == {
        "is_confirmed": [f"请先确认：{sentence}"]
    }
    assert Period.objects.get(pk=period.pk).due_on == today(3)
    assert post(client, district.manager, EDIT, **fields, is_confirmed="on").status_code == 302


def test_a_later_due_day_excuses_and_says_so(client, district):
    period = settled(district.submitted(MARCH, {"110": 1}), -9, -1, 9)
    answer = post(client, district.manager, EDIT, **moved(period, due_on=today()))
    assert errors(answer) == {"is_confirmed": ["请先确认：1 个机构原计为迟报，调整后改计为按时。"]}


# A month set ahead


def test_a_month_set_ahead_has_its_days_and_no_reports_before_it_opens(client, district):
    month = (today().replace(day=1) + timedelta(62)).replace(day=1)
    fields = {"month": f"{month:%Y-%m}", "reason": "寒假提前"}
    fields |= dict(zip(DAYS, map(today, (10, 20, 30)), strict=True))
    assert post(client, district.manager, NEW, **fields).status_code == 302
    assert Period.objects.get(month=month).due_on == today(20)
    assert not Report.objects.filter(period__month=month).exists()
    assert last_event()[0] == "calendar"
    again = errors(post(client, district.manager, NEW, **fields))
    assert again == {"month": ["这个月已有报送期，请在日历上调整它的日期。"]}


@pytest.mark.parametrize("month", ["", "2026-13", "1999-12", "2126-01"])
def test_a_month_that_cannot_be_is_named(client, district, month):
    fields = {"month": month, "reason": "寒假提前"} | dict(zip(DAYS, map(today, (1, 2, 3)), strict=True))
    [sentence] = errors(post(client, district.manager, NEW, **fields))["month"]
    assert sentence.startswith(("请填写月份，如 2026-12。", "月份应在 2000-01 到 "))


# Extensions


@pytest.fixture
def closed(district):
    """Three institutions whose March has closed, one of them of another department; one has filed."""
    neighbour = InstitutionFactory(parent=district.department, name="邻居")
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), name="外人")
    filed = InstitutionFactory(parent=district.department, name="已报")
    report = district.submitted(MARCH, {"110": 1}, agency=filed, by=user_with(Role.FILER, filed))
    settled(report, -30, -20, -10)
    return {each.name: Report.objects.get(agency=each) for each in (neighbour, stranger)} | {
        "own": district.report(MARCH)
    }


def listed(client, user, query=""):
    client.force_login(user)
    return {report.agency.name for report, _ in client.get(f"{EXTEND}{query}").context["page_obj"]}


def test_who_owes_the_month_is_listed(client, district, closed):
    own = district.institution.name
    assert listed(client, district.manager) == {own, "邻居", "外人"}
    assert listed(client, district.manager, f"?department={district.department.pk}") == {own, "邻居"}
    assert listed(client, district.manager, "?words=邻") == {"邻居"}
    assert listed(client, district.manager, f"?agency={district.institution.key}") == {own}


def test_one_institution_gets_more_days_with_a_reason(client, district, closed):
    fields = {"reports": [closed["own"].pk], "last_day": today(2), "reason": "办公楼停电"}
    answer = post(client, district.manager, EXTEND, **fields)
    assert (answer.status_code, answer.url) == (302, EXTENDED)
    [extension] = Extension.objects.all()
    assert (extension.report, extension.last_day, extension.is_in_time) == (closed["own"], today(2), False)
    event = Event.objects.about(district.institution, MARCH).last()
    assert (event.verb, event.actor, event.detail) == (
        "extend",
        district.manager,
        f"延至 {today(2)}：办公楼停电",
    )
    html = read(client, district.department_user, EXTENDED)
    assert "办公楼停电" in html
    assert "否，只解除锁定" in html
    actions.save_draft(Report.objects.get(pk=closed["own"].pk), {}, by=district.filer)


def test_all_that_owe_it_get_more_days_and_those_of_the_bar_only(client, district, closed):
    fields = {"is_for_all": "on", "last_day": today(2), "reason": "系统检修"}
    address = f"{EXTEND}?department={district.department.pk}"
    assert post(client, district.manager, address, **fields).status_code == 302
    assert {each.report for each in Extension.objects.all()} == {closed["own"], closed["邻居"]}


def test_who_has_the_days_already_is_named_and_gets_none(client, district, closed):
    actions.extend([closed["own"]], by=district.manager, last_day=today(5), reason="停电")
    fields = {"is_for_all": "on", "last_day": today(2), "reason": "系统检修"}
    client.force_login(district.manager)
    html = client.post(EXTEND, fields, follow=True).content.decode()
    assert f"1 个机构本来就可填报到该日或更晚，未作延期：{district.institution.name}。" in html
    assert Extension.objects.filter(report=closed["own"]).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"last_day": today(-1)}, "last_day", "延至日期不能早于今天（"),
        ({"reason": ""}, "reason", "请写明延期原因，如“办公楼停电检修”。"),
        ({"reports": []}, "reports", "请勾选至少一个机构，或选“全部未报”。"),
        ({"reports": ["x"]}, "reports", "所选机构无法识别，请重新选择。"),
        ({"reports": ["0"]}, "reports", "所选机构中有的已经报送或不在列，请核对后重新选择。"),
    ],
)
def test_a_wrong_extension_is_refused_and_what_was_ticked_is_kept(
    client, district, closed, wrong, field, sentence
):
    fields = {"reports": [closed["own"].pk], "last_day": today(2), "reason": "停电"} | wrong
    answer = post(client, district.manager, EXTEND, **fields)
    assert errors(answer)[field][0].startswith(sentence)
    assert Extension.objects.count() == 0
    if field != "reports":
        assert f'value="{closed["own"].pk}" checked>' in squeezed(answer.content.decode())


def test_a_department_sees_the_extensions_of_its_own(client, district, closed):
    actions.extend([closed["外人"]], by=district.manager, last_day=today(5), reason="停电")
    assert "外人" not in read(client, district.department_user, EXTENDED)
    assert "外人" in read(client, district.observer, EXTENDED)


# The lock leads to who can lift it


def test_a_locked_month_leads_the_manager_to_its_extension(client, district, closed):
    page = reverse("reporting:report-detail", args=[district.institution.key, MARCH])
    link = f'href="{EXTEND}?agency={district.institution.key}"'
    html = read(client, district.manager, page)
    assert "关闭填报" in html
    assert link in html
    assert "关闭填报" in read(client, district.filer, page)
    assert link not in read(client, district.filer, page)
    actions.extend([closed["own"]], by=district.manager, last_day=today(), reason="停电")
    assert link not in read(client, district.manager, page)
