"""Corrections of approved months: the third like the first, and one given up leaves what was approved."""

from datetime import date

import pytest

from agencies.models import Event
from reporting import actions
from reporting.models import Panel, Report, Revision, Status
from reporting.panels import COLUMN
from tests.factories import entries, explain

MARCH = date(2025, 3, 1)


def fresh(report):
    return Report.objects.get(pk=report.pk)


def electricity():
    return Panel.objects.get().values[2][COLUMN["110"]]


def test_the_third_correction_works_like_the_first(district):
    report = district.approved(MARCH, {"110": 100})
    for number, quantity in enumerate((110, 120, 130), start=2):
        before = electricity()
        actions.open_correction(report, by=district.reviewer, reason=f"第{number - 1}次更正")
        actions.save_draft(report, entries(report, {"110": quantity}), by=district.filer)
        explain(report, by=district.filer)
        actions.submit(report, by=district.filer)
        assert electricity() == before
        actions.approve(report, by=district.reviewer)
        assert (fresh(report).approved.number, electricity()) == (number, quantity)
    verbs = list(Event.objects.about(district.institution, MARCH).values_list("verb", flat=True))
    assert verbs == ["save", "submit", "approve", *(["correct", "save", "submit", "approve"] * 3)]


def test_a_correction_given_up_leaves_the_approved_version_and_a_row_in_the_trail(district):
    report = district.approved(MARCH, {"110": 100})
    actions.open_correction(report, by=district.filer, reason="漏计")
    actions.save_draft(report, entries(report, {"110": 140}), by=district.filer)
    actions.abandon(report, by=district.filer)
    report = fresh(report)
    assert (report.status, report.latest, report.approved.number) == (Status.APPROVED, report.approved, 1)
    assert (Revision.objects.count(), electricity()) == (1, 100)
    event = Event.objects.about(district.institution, MARCH).last()
    assert (event.verb, event.revision_number, event.detail) == ("abandon", 2, "第1版继续有效")


def test_a_returned_correction_given_up_stays_on_record_and_the_next_takes_a_new_number(district):
    report = district.approved(MARCH, {"110": 100})
    actions.open_correction(report, by=district.filer, reason="漏计")
    actions.save_draft(report, entries(report, {"110": 140}), by=district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    actions.send_back(report, by=district.reviewer, reason="无依据")
    actions.abandon(report, by=district.reviewer)
    actions.open_correction(report, by=district.filer, reason="另有漏计")
    latest = fresh(report).latest
    assert (latest.number, latest.begun_from.number) == (3, 1)
    assert latest.lines.get(item="110").quantity == 100


def test_a_first_version_cannot_be_given_up(district):
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 100}), by=district.filer)
    with pytest.raises(actions.WrongStatus, match="没有已通过的版次"):
        actions.abandon(report, by=district.filer)
    assert fresh(report).status == Status.DRAFT
