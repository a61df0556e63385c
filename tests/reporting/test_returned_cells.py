"""A return of single cells: only these unlock, whatever way in is tried, and the answer shows what changed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reporting import actions, returned
from reporting.entries import Edit, Entry
from reporting.models import Item, Report, Status
from tests.factories import entries, explain

MARCH = date(2025, 3, 1)
WATER = {"110": 100, "120": 30}


def fresh(report):
    return Report.objects.get(pk=report.pk)


def stated(report):
    return {line.item_id: Entry.of(line) for line in report.latest.lines.all()}


@pytest.fixture
def report(district):
    """A month whose electricity was returned."""
    report = district.submitted(MARCH, WATER)
    actions.send_back(report, by=district.reviewer, cells={"110": "与电费单不符"})
    return fresh(report)


def cell(report, code, quantity, by):
    before = stated(report)[code]
    return actions.save_cell(
        report,
        Item.objects.get(pk=code),
        replace(before, quantity=Decimal(quantity)),
        by=by,
        seen=before.token,
    )


def test_filer_and_trail_read_which_cells_came_back_and_why(report):
    assert report.latest.return_reason == "退回指标：电（110）：与电费单不符"
    assert returned.unlocked(report) == {"110"}


def test_the_returned_cell_opens(district, report):
    cell(report, "110", 90, district.filer)
    assert stated(fresh(report))["110"].quantity == 90


def test_another_cell_stays_as_it_was(district, report):
    with pytest.raises(actions.Locked, match=r"只退回了部分指标，水（120）不在其中.*整份退回"):
        cell(report, "120", 40, district.filer)
    assert (fresh(report).latest, fresh(report).latest.number) == (report.latest, 1)


def test_a_form_that_changes_another_cell_is_refused_whole(district, report):
    with pytest.raises(actions.Locked, match="水（120）"):
        actions.save_draft(report, entries(report, {"110": 90, "120": 40}), by=district.filer)
    assert fresh(report).latest.number == 1
    actions.save_draft(report, entries(report, {"110": 90, "120": 30}), by=district.filer)
    assert stated(fresh(report))["110"].quantity == 90


def test_a_form_that_leaves_another_cell_out_is_refused_too(district, report):
    typed = entries(report, {"110": 90, "120": 30})
    del typed["120"]
    with pytest.raises(actions.Locked, match="水（120）"):
        actions.save_draft(report, typed, by=district.filer)


def test_a_workbook_does_not_reach_another_cell(district, report):
    before = stated(report)["120"]
    edits = {report: {"120": Edit(replace(before, quantity=Decimal(40)), before.token)}}
    with pytest.raises(actions.Locked, match="水（120）"):
        actions.save_months(edits, by=district.filer, document="填报.xlsx")
    assert fresh(report).latest.number == 1


def test_the_lock_survives_a_withdrawal_and_a_second_return_of_cells(district, report):
    cell(report, "110", 90, district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    actions.withdraw(report, by=district.filer)
    assert returned.unlocked(fresh(report)) == {"110"}
    actions.submit(report, by=district.filer)
    actions.send_back(fresh(report), by=district.reviewer, cells={"120": "水表底数"})
    assert returned.unlocked(fresh(report)) == {"120"}


def test_a_whole_return_opens_everything_again(district, report):
    cell(report, "110", 90, district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    actions.send_back(fresh(report), by=district.reviewer, reason="整份重报")
    assert returned.unlocked(fresh(report)) is None
    cell(fresh(report), "120", 40, district.filer)


def test_a_returned_total_opens_its_parts_and_a_returned_part_carries_its_total(district):
    solar = {"PV": 30, "PV1": 10, "PV2": 20}
    report = district.submitted(MARCH, solar)
    actions.send_back(report, by=district.reviewer, cells={"PV1": "与逆变器读数不符"})
    assert returned.unlocked(fresh(report)) == {"PV1"}
    saved = cell(fresh(report), "PV1", 15, district.filer)
    assert saved["PV"].quantity == 35
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    actions.send_back(fresh(report), by=district.reviewer, cells={"PV": "与台账不符"})
    assert returned.unlocked(fresh(report)) == {"PV", "PV1", "PV2"}


def test_a_form_carries_the_total_of_a_returned_part(district):
    solar = {"PV": 30, "PV1": 10, "PV2": 20}
    report = district.submitted(MARCH, solar)
    actions.send_back(report, by=district.reviewer, cells={"PV1": "与逆变器读数不符"})
    actions.save_draft(fresh(report), entries(report, solar | {"PV1": 15}), by=district.filer)
    assert stated(fresh(report))["PV"].quantity == 35


def test_the_answer_shows_what_was_asked_and_what_changed(district, report):
    cell(report, "110", 90, district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    (answer,) = returned.answered(fresh(report).latest)
    assert (answer.item.code, answer.comment) == ("110", "与电费单不符")
    assert (answer.before.quantity, answer.after.quantity, answer.is_changed) == (100, 90, True)


@pytest.mark.parametrize("cells", [{}, {"110": " "}])
def test_a_return_wants_a_word_for_each_cell(district, cells):
    report = district.submitted(MARCH, WATER)
    with pytest.raises(ValueError, match="请写明"):
        actions.send_back(report, by=district.reviewer, cells=cells)
    assert fresh(report).status == Status.SUBMITTED


def test_a_cell_that_the_answer_puts_in_error_opens_too(district):
    """Or the month could not be handed in: the vehicles together cannot be fewer than those that run on electricity."""
    report = district.submitted(MARCH, {"104": 1, "1043": 1})
    actions.send_back(report, by=district.reviewer, cells={"1043": "与行驶证不符"})
    cell(fresh(report), "1043", 3, district.filer)
    assert returned.unlocked(fresh(report)) == {"1043"}
    actions.check(report, by=district.filer)
    assert returned.unlocked(fresh(report)) == {"1043", "104"}
    cell(fresh(report), "104", 3, district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
