"""What is decided on a month is told to its filers, without a person's name or a figure."""

from datetime import date, timedelta

import pytest

from agencies.access import Role
from agencies.models import Message, MessageSwitch
from reporting import actions, notices
from reporting.models import Extension
from reporting.refusals import WrongStatus
from tests.factories import InstitutionFactory, user_with

MONTH = date(2026, 10, 1)
# Once the manager's roles are known.
EXTENDING = 12
QUANTITIES = {"110": 1000, "102": 100, "103": 10}


def told():
    rows = Message.objects.order_by("pk").values_list("recipient", "kind", "subject", "address")
    return list(rows)


def expected(district, *kinds_and_words):
    agency = district.institution
    address = f"/reports/{agency.key}/2026-10/"
    return [
        (district.filer.pk, kind, f"{agency} 2026年10月月报{word}", address) for kind, word in kinds_and_words
    ]


def test_a_filer_is_told_that_a_month_came_back_and_later_that_it_passed(district):
    report = district.submitted(MONTH, QUANTITIES)
    actions.send_back(report, by=district.reviewer, reason="用电量 1000 有误，问张三")
    report.refresh_from_db()
    actions.submit(report, by=district.filer)
    report.refresh_from_db()
    actions.approve(report, by=district.reviewer)
    assert told() == expected(district, ("returned", "已退回"), ("approved", "已通过"))
    assert not Message.objects.filter(text__regex="1000|张三").exists()


def test_a_month_that_comes_back_twice_is_told_of_twice(district):
    report = district.submitted(MONTH, QUANTITIES)
    for _ in range(2):
        actions.send_back(report, by=district.reviewer, reason="请核对")
        report.refresh_from_db()
        actions.submit(report, by=district.filer)
        report.refresh_from_db()
    key = f"returned:{district.institution.key}:2026-10"
    assert list(Message.objects.order_by("pk").values_list("key", flat=True)) == [f"{key}:1", f"{key}:2"]


def test_a_correction_is_told_of_when_the_bureau_opens_it(district):
    report = district.approved(MONTH, QUANTITIES)
    actions.open_correction(report, by=district.reviewer, reason="抽查发现漏计")
    assert told() == expected(district, ("approved", "已通过"), ("correction", "需要更正"))


def test_ones_own_correction_needs_no_message(district):
    report = district.approved(MONTH, QUANTITIES)
    actions.open_correction(report, by=district.filer, reason="漏计")
    assert told() == expected(district, ("approved", "已通过"))


def test_a_later_last_day_is_told_of(district):
    report = district.report(MONTH)
    extension = Extension.objects.create(
        report=report,
        last_day=date(2026, 11, 20),
        is_in_time=False,
        reason="停电",
        granted_by=district.manager,
    )
    for _ in range(2):
        notices.extended([extension])
    assert told() == expected(district, ("extended", "延期至 2026-11-20"))


def test_all_institutions_of_an_extension_are_told_at_the_cost_of_one(district, django_assert_num_queries):
    more = [InstitutionFactory(parent=district.department) for _ in range(6)]
    for each in more:
        user_with(Role.FILER, each)
    reports = [district.report(MONTH, each) for each in (district.institution, *more)]
    day = reports[0].period.closes_on + timedelta(days=1)
    assert district.manager.roles == {Role.MANAGER}
    for wanted in (reports[:1], reports[1:]):
        with django_assert_num_queries(EXTENDING):
            actions.extend(wanted, by=district.manager, last_day=day, reason="停电")
    assert Message.objects.filter(kind="extended").count() == len(reports)


def test_a_decision_that_is_refused_tells_nobody(district):
    report = district.report(MONTH)
    with pytest.raises(WrongStatus):
        actions.approve(report, by=district.reviewer)
    assert told() == []


def test_every_filer_is_told_but_who_switched_it_off(district):
    second, third = (user_with(Role.FILER, district.institution) for _ in range(2))
    MessageSwitch.objects.create(user=third, kind="approved", is_on=False)
    district.approved(MONTH, QUANTITIES)
    assert {row[0] for row in told()} == {district.filer.pk, second.pk}
