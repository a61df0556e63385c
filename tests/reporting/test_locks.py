"""A lock says why, who can lift it and until when; extensions, returns and corrections lift it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from agencies.models import Event
from reporting import actions, locks
from reporting.models import Period, Report, Status
from tests.clock import Clock
from tests.factories import entries

MARCH = date(2025, 3, 1)
TODAY = timezone.localdate()


def days(report, **days):
    Period.objects.filter(pk=report.period_id).update(**days)
    return Report.objects.select_related("period", "agency").get(pk=report.pk)


def closed(district, by=TODAY - timedelta(20)):
    return days(district.report(MARCH), closes_on=by, due_on=by, opens_on=by)


def file(report, district):
    actions.save_draft(report, entries(report, {"110": 1}), by=district.filer)


def test_a_month_that_has_closed_names_cause_helper_and_end(district):
    report = closed(district, date(2026, 4, 20))
    assert str(locks.of(report)) == (
        "2025年3月已于2026年4月20日关闭填报，如需补报，请联系区机关事务管理局的局管理员为本单位延期；"
        "锁定至延期获批时为止。"
    )
    with pytest.raises(actions.Locked, match="已于2026年4月20日关闭"):
        file(report, district)
    assert Event.objects.about(district.institution, MARCH).count() == 0


def test_a_draft_of_a_closed_month_is_kept_and_not_handed_in(district):
    report = district.report(MARCH)
    file(report, district)
    report = closed(district)
    with pytest.raises(actions.Locked):
        actions.submit(report, by=district.filer)
    report = Report.objects.get(pk=report.pk)
    assert (report.status, report.latest.lines.get(item="110").quantity) == (Status.DRAFT, 1)


def test_a_month_that_has_not_opened_says_when_it_does(district):
    tomorrow = TODAY + timedelta(1)
    report = days(district.report(MARCH), opens_on=tomorrow, due_on=tomorrow, closes_on=tomorrow)
    assert f"将于{tomorrow.year}年{tomorrow.month}月{tomorrow.day}日开放" in str(locks.of(report))
    with pytest.raises(actions.Locked):
        file(report, district)


def test_the_last_day_is_still_open(district):
    assert locks.of(closed(district, TODAY)) is None


def test_an_extension_opens_a_closed_month_until_its_day(district):
    report = closed(district)
    granted = actions.extend([report], by=district.manager, last_day=TODAY, reason="停电检修")
    report = Report.objects.get(pk=report.pk)
    assert (granted, locks.of(report)) == (1, None)
    assert locks.of(report, TODAY + timedelta(1)).why.endswith("关闭填报，")
    event = Event.objects.about(district.institution, MARCH).get()
    assert (event.verb, event.detail) == ("extend", f"延至 {TODAY}：停电检修")


def test_an_extension_granted_in_time_moves_the_due_day_and_a_later_one_does_not(district, monkeypatch):
    clock = Clock(monkeypatch)
    report = days(district.report(MARCH), due_on=TODAY, closes_on=TODAY + timedelta(5), opens_on=MARCH)
    until = TODAY + timedelta(9)
    actions.extend([report], by=district.manager, last_day=until, reason="停电检修")
    assert locks.due_day(Report.objects.get(pk=report.pk)) == until
    clock.days = 9
    until += timedelta(3)
    actions.extend([report], by=district.manager, last_day=until, reason="停电检修")
    assert locks.due_day(Report.objects.get(pk=report.pk)) == until
    clock.days = 13
    actions.extend([report], by=district.manager, last_day=until + timedelta(5), reason="停电检修")
    assert locks.due_day(Report.objects.get(pk=report.pk)) == until


@pytest.mark.parametrize(
    ("last_day", "reason", "sentence"),
    [(TODAY - timedelta(1), "停电", "不能早于今天"), (TODAY, " ", "请写明延期原因")],
)
def test_an_extension_that_says_nothing_is_refused(district, last_day, reason, sentence):
    report = closed(district)
    with pytest.raises(ValueError, match=sentence):
        actions.extend([report], by=district.manager, last_day=last_day, reason=reason)
    assert report.extensions.count() == 0


def test_a_return_leaves_days_to_answer_though_the_month_has_closed(district, settings):
    report = district.submitted(MARCH, {"110": 100})
    closed(district)
    actions.send_back(report, by=district.reviewer, reason="请核对")
    report = Report.objects.get(pk=report.pk)
    last = timezone.localdate() + timedelta(settings.REPORTING_ANSWER_DAYS)
    assert (locks.of(report, last), locks.last_day(report)) == (None, last)
    assert locks.of(report, last + timedelta(1)) is not None


def test_a_correction_is_not_kept_by_the_calendar(district):
    report = district.approved(MARCH, {"110": 100})
    closed(district)
    actions.open_correction(report, by=district.filer, reason="漏计")
    report = Report.objects.get(pk=report.pk)
    assert locks.of(report) is None
    actions.save_draft(report, entries(report, {"110": 120}), by=district.filer)


def test_what_waits_or_is_approved_says_how_to_go_on(district):
    report = district.submitted(MARCH, {"110": 100})
    assert "请填报员先撤回" in str(locks.of(report))
    actions.approve(report, by=district.reviewer)
    assert "发起更正" in str(locks.of(Report.objects.get(pk=report.pk)))
