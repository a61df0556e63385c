"""A month that is owed is told of at each stage, once, to whom it concerns."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency, Membership, Message, MessageKind, MessageSwitch
from reporting import actions, digests, reminders, tasks
from reporting.models import Extension, Period, Report
from tests.factories import DepartmentFactory, InstitutionFactory, entries, user_with

MONTH = date(2026, 10, 1)
# Opens on 2026-10-31, due on 2026-11-10, closes 60 days later.
OVERDUE_DAY = date(2026, 11, 26)
QUANTITIES = {"110": 1000, "102": 100, "103": 10}


def days(opens_on, due_on, closes_on):
    return SimpleNamespace(
        **{
            name: date.fromisoformat(day)
            for name, day in (("opens_on", opens_on), ("due_on", due_on), ("closes_on", closes_on))
        }
    )


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2026-10-30", None),
        ("2026-10-31", "opened"),
        ("2026-11-06", "opened"),
        ("2026-11-07", "due-soon"),
        ("2026-11-10", "due-soon"),
        ("2026-11-11", "overdue"),
        ("2027-01-05", "overdue"),
        ("2027-01-06", "closing-soon"),
        ("2027-01-09", "closing-soon"),
        ("2027-01-10", "closed"),
        ("2027-01-23", "closed"),
        ("2027-01-24", None),
    ],
)
def test_the_stages_of_a_month_day_by_day(today, expected):
    month = days("2026-10-31", "2026-11-10", "2027-01-09")
    assert reminders.stage(month, date.fromisoformat(today)) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-11-08", "due-soon"), ("2026-11-10", "due-soon"), ("2026-11-11", "closing-soon")],
)
def test_of_two_stages_on_one_day_the_later_counts(today, expected):
    month = days("2026-11-08", "2026-11-10", "2026-11-12")
    assert reminders.stage(month, date.fromisoformat(today)) == expected


def test_a_month_that_closes_on_its_due_day_is_never_overdue_but_closed():
    month = days("2026-10-31", "2026-11-10", "2026-11-10")
    found = [reminders.stage(month, date(2026, 11, day)) for day in (10, 11)]
    assert found == ["due-soon", "closed"]


def told(**narrowed):
    rows = Message.objects.filter(**narrowed).order_by("recipient__pk", "pk")
    return list(rows.values_list("recipient", "kind"))


def test_from_the_due_day_on_the_department_is_told_and_after_the_end_the_bureau(district):
    district.report(MONTH)
    period = Period.objects.get()
    filer, department = district.filer.pk, district.department_user.pk
    reminders.send(period.opens_on)
    reminders.send(period.due_on)
    assert told() == [(filer, "opened"), (filer, "due-soon")]
    reminders.send(period.due_on + timedelta(days=1))
    reminders.send(period.closes_on)
    expected = ["overdue", "closing-soon"]
    assert told(recipient=department) == [(department, kind) for kind in expected]
    reminders.send(period.closes_on + timedelta(days=1))
    closed = told(kind="closed")
    bureau = [district.reviewer.pk, district.manager.pk]
    assert closed == [(each, "closed") for each in (filer, department, *bureau)]
    assert Message.objects.count() == 5 + 3 + 2


@pytest.mark.parametrize("day", [0, 1, 20])
def test_a_second_run_on_the_same_or_a_later_day_of_the_stage_tells_nobody(district, day):
    district.report(MONTH)
    first = Period.objects.get().due_on + timedelta(days=1)
    assert reminders.send(first) == 2
    assert reminders.send(first + timedelta(days=day)) == 0
    assert Message.objects.count() == 2


def test_when_the_worker_was_down_for_weeks_only_the_last_stage_is_told(district):
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    assert told() == [(district.filer.pk, "overdue"), (district.department_user.pk, "overdue")]


def test_what_closed_long_ago_is_not_told_of(district):
    report = district.report(date(2020, 1, 1))
    Period.objects.filter(pk=report.period_id).update(closes_on=date(2020, 4, 10))
    assert reminders.send(OVERDUE_DAY) == 0


def test_one_message_names_all_the_institutions_of_a_filer(district, neighbour):
    third = InstitutionFactory(parent=district.department, name="第三所")
    for agency in (neighbour, third):
        Membership.objects.create(
            user=district.filer, agency=agency, role=Role.FILER, valid_from=date(2020, 1, 1)
        )
    district.report(MONTH)
    reminders.send(date(2026, 11, 8))
    [message] = Message.objects.all()
    names = sorted([district.institution, neighbour, third], key=lambda agency: agency.path)
    assert message.subject == "3 家机构2026年10月月报即将截止"
    assert message.text == (
        f"2026年10月月报将于 2026-11-10 截止，尚未提交。共 3 家机构：{'、'.join(map(str, names))}。"
    )
    assert message.address == "/"


def test_the_departments_message_leads_to_the_list_and_a_single_one_to_its_month(district, neighbour):
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    key = district.institution.key
    assert Message.objects.get(recipient=district.filer).address == f"/reports/{key}/2026-10/"
    department = Message.objects.get(recipient=district.department_user)
    assert department.address == "/reports/?month=2026-10&state=overdue"
    assert department.subject == "2 家机构2026年10月月报逾期未报"


def test_the_list_that_the_department_is_led_to_shows_those_institutions(district, neighbour, client):
    district.report(MONTH)
    Period.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    reminders.send(timezone.localdate())
    client.force_login(district.department_user)
    page = client.get(Message.objects.get(recipient=district.department_user).address)
    assert {report.agency for report in page.context["page_obj"]} == {district.institution, neighbour}


def test_twenty_are_named_and_the_rest_counted(district):
    for _ in range(24):
        InstitutionFactory(parent=district.department)
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    text = Message.objects.get(recipient=district.department_user).text
    assert "共 25 家机构，前 20 家：" in text
    assert text.count("、") == 19


def test_only_ones_own_institutions_are_told_of(district):
    elsewhere = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), name="别处")
    other = user_with(Role.FILER, elsewhere)
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    assert "别处" in Message.objects.get(recipient=other).text
    assert not Message.objects.exclude(recipient=other).filter(text__contains="别处").exists()


def test_who_files_and_has_charge_too_gets_one_message(district, neighbour):
    Membership.objects.create(
        user=district.filer, agency=district.department, role=Role.DEPARTMENT, valid_from=date(2020, 1, 1)
    )
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    [message] = Message.objects.filter(recipient=district.filer)
    assert message.subject == "2 家机构2026年10月月报逾期未报"


def test_what_is_handed_in_is_not_owed_and_what_came_back_is(district):
    report = district.submitted(MONTH, QUANTITIES)
    assert reminders.send(OVERDUE_DAY) == 0
    actions.send_back(report, by=district.reviewer, reason="请核对")
    assert reminders.send(OVERDUE_DAY) == 2


def test_a_correction_of_an_approved_month_is_not_owed(district):
    report = district.approved(MONTH, QUANTITIES)
    actions.open_correction(report, by=district.filer, reason="漏计")
    assert reminders.send(OVERDUE_DAY) == 0


def test_two_months_are_two_messages(district):
    district.report(date(2026, 9, 1))
    district.report(MONTH)
    reminders.send(OVERDUE_DAY)
    keys = Message.objects.filter(recipient=district.filer).values_list("key", flat=True)
    assert set(keys) == {"reminder:2026-09:overdue", "reminder:2026-10:overdue"}


def test_an_institution_with_an_extension_is_told_by_its_own_days(district, neighbour):
    report = district.report(MONTH)
    later, granted = date(2026, 11, 20), "停电检修"
    Period.objects.filter(pk=report.period_id).update(closes_on=date(2026, 11, 15))
    other = Report.objects.get(agency=neighbour)
    Extension.objects.create(
        report=other, last_day=later, is_in_time=True, reason=granted, granted_by=district.manager
    )
    reminders.send(date(2026, 11, 11))
    reminders.send(date(2026, 11, 21))
    messages = Message.objects.filter(recipient=district.department_user).order_by("pk")
    assert [(message.key, message.subject) for message in messages] == [
        ("reminder:2026-10:overdue", f"{district.institution} 2026年10月月报逾期未报"),
        ("reminder:2026-10:closed", f"{district.institution} 2026年10月月报已关闭未报"),
        ("reminder:2026-10:closed:2026-11-20", "邻居 2026年10月月报已关闭未报"),
    ]


def test_who_switched_a_stage_off_is_spared_unless_it_is_guaranteed(district):
    for kind in (MessageKind.DUE_SOON, MessageKind.OVERDUE):
        MessageSwitch.objects.create(user=district.filer, kind=kind, is_on=False)
    district.report(MONTH)
    reminders.send(date(2026, 11, 8))
    reminders.send(OVERDUE_DAY)
    assert told(recipient=district.filer) == [(district.filer.pk, "overdue")]


@pytest.mark.parametrize("number", [1, 3, 60])
def test_the_queries_do_not_grow_with_the_institutions(district, number):
    for _ in range(number - 1):
        user_with(Role.FILER, InstitutionFactory(parent=district.department))
    district.report(MONTH)
    with CaptureQueriesContext(connection) as queries:
        assert reminders.send(OVERDUE_DAY) == number + 1
    own = [each for each in queries if "SAVEPOINT" not in each["sql"]]
    # People, owed months, who was told, switches, the messages.
    assert len(own) == 5


# The digest


def test_who_decides_is_told_once_a_day_how_much_waits(district, neighbour):
    for agency in (district.institution, neighbour):
        filer = user_with(Role.FILER, agency)
        district.submitted(MONTH, QUANTITIES, agency=agency, by=filer)
    for _ in range(2):
        digests.send(OVERDUE_DAY)
    [message] = Message.objects.filter(kind=MessageKind.TO_REVIEW)
    assert (message.recipient, message.subject) == (district.reviewer, "2 份月报待审核")
    assert (message.key, message.address) == ("digest:to-review:2026-11-26", "/review/")
    assert digests.send(OVERDUE_DAY + timedelta(days=1)) == 1


def test_who_holds_the_role_at_two_places_of_one_branch_is_told_of_each_month_once(district):
    district.reviewer.memberships.create(
        role=Role.REVIEWER, agency=district.department, valid_from=date(2020, 1, 1)
    )
    district.submitted(MONTH, QUANTITIES)
    digests.send(OVERDUE_DAY)
    assert Message.objects.get(kind=MessageKind.TO_REVIEW).subject == "1 份月报待审核"


def test_where_nothing_waits_nobody_is_told(district):
    district.report(MONTH)
    assert digests.send(OVERDUE_DAY) == 0


def test_a_department_is_told_only_where_it_reviews_first(district):
    district.submitted(MONTH, QUANTITIES)
    digests.send(OVERDUE_DAY)
    assert not Message.objects.filter(recipient=district.department_user).exists()
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    digests.send(OVERDUE_DAY)
    message = Message.objects.get(recipient=district.department_user)
    assert (message.subject, message.address) == ("1 份月报待初审", "/review/")


def test_a_digest_costs_the_same_for_one_report_and_for_three(district, neighbour):
    costs = []
    agencies = [district.institution, neighbour, InstitutionFactory(parent=district.department)]
    for day, added in enumerate((agencies[:1], agencies[1:]), start=1):
        for agency in added:
            district.submitted(MONTH, QUANTITIES, agency=agency, by=user_with(Role.FILER, agency))
        with CaptureQueriesContext(connection) as queries:
            digests.send(date(2026, 11, day))
        costs.append(len(queries))
    assert costs[0] == costs[1]


# The job


@pytest.mark.parametrize(("hour", "number"), [(0, 2), (24, 0)])
def test_the_job_tells_once_and_not_before_its_hour(district, settings, hour, number):
    settings.REMIND_FROM_HOUR = hour
    district.report(MONTH)
    today = timezone.localdate()
    Period.objects.update(
        opens_on=today - timedelta(days=20),
        due_on=today - timedelta(days=10),
        closes_on=today + timedelta(days=20),
    )
    for _ in range(2):
        tasks.send_reminders()
    assert Message.objects.count() == number


def test_a_draft_is_owed(district):
    report = district.report(MONTH)
    actions.save_draft(report, entries(report, QUANTITIES), by=district.filer)
    assert [row.key for row in reminders.owed(OVERDUE_DAY)] == [Report.objects.get().agency.key]
