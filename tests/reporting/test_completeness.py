"""The matrix institution × month: each state has its letter, each user their rows, the foot its sums."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from reporting import actions, completeness
from reporting.models import Period, Report
from tests.clock import Clock
from tests.factories import DepartmentFactory, InstitutionFactory, entries, user_with
from tests.targets.pages import cost, squeezed

YEAR = 2025
ADDRESS_OF = "reporting:completeness"
TODAY = timezone.localdate()


def month(number):
    return date(YEAR, number, 1)


def due(report, days):
    """The month is due so many days from today."""
    last = TODAY + timedelta(days)
    Period.objects.filter(pk=report.period_id).update(opens_on=month(1), due_on=last)
    return report


@pytest.fixture
def year(district):
    """One institution, a state in each month from January on; December is not opened."""
    draft = district.report(month(2))
    actions.save_draft(draft, entries(draft, {"110": 1}), by=district.filer)
    district.submitted(month(3), {"110": 1})
    returned = district.submitted(month(4), {"110": 1})
    actions.send_back(returned, by=district.reviewer, reason="请核对")
    withdrawn = district.submitted(month(5), {"110": 1})
    actions.withdraw(withdrawn, by=district.filer)
    district.approved(month(6), {"110": 1})
    correcting = district.approved(month(7), {"110": 1})
    actions.open_correction(correcting, by=district.filer, reason="漏计")
    corrected = district.approved(month(8), {"110": 1})
    actions.open_correction(corrected, by=district.filer, reason="漏计")
    actions.save_draft(corrected, entries(corrected, {"110": 2}), by=district.filer)
    actions.submit(corrected, by=district.filer)
    district.report(month(1))
    due(district.report(month(9)), 0)
    waits = due(district.submitted(month(10), {"110": 1}), 0)
    assert waits.status == "submitted"
    began = due(district.report(month(11)), 0)
    actions.save_draft(began, entries(began, {"110": 1}), by=district.filer)
    return district


def cells(client, user, query=""):
    """Name → what each of the twelve cells says."""
    client.force_login(user)
    answer = client.get(f"{reverse(ADDRESS_OF)}?year={YEAR}{query}")
    assert answer.status_code == 200
    return {row.agency.name: [cell.words for cell in row.cells] for row in answer.context["page_obj"]}


def test_each_state_of_a_month_has_its_words(client, year):
    assert cells(client, year.manager)[year.institution.name] == [
        "截止日已过，未填报",
        "草稿，未提交，已逾期",
        "已提交，等待审核",
        "已退回，待修改，已逾期",
        "已撤回，未再提交，已逾期",
        "已通过",
        "已通过，正在更正",
        "已通过，正在更正",
        "未到截止日，未填报",
        "已提交，等待审核",
        "草稿，未提交",
        "不在应报范围",
    ]


def test_no_two_states_share_a_letter():
    letters = [letter for letter, _ in completeness.STATES.values()]
    assert len(set(letters)) == len(letters)


def test_each_cell_leads_to_its_report(client, year):
    client.force_login(year.manager)
    html = squeezed(client.get(f"{reverse(ADDRESS_OF)}?year={YEAR}").content.decode())
    june = reverse("reporting:report-detail", args=[year.institution.key, month(6)])
    assert (
        f'href="{june}" title="2025年6月：已通过">通<span class="visually-hidden">，6月已通过</span></a>'
        in html
    )


def test_an_extension_makes_a_missing_month_not_yet_due(client, district, monkeypatch):
    clock, report = Clock(monkeypatch), district.report(month(1))
    Period.objects.filter(pk=report.period_id).update(opens_on=TODAY, due_on=TODAY, closes_on=TODAY)
    actions.extend([report], by=district.manager, last_day=TODAY + timedelta(3), reason="停电")
    for days, words in ((3, "未到截止日，未填报"), (4, "截止日已过，未填报")):
        clock.days = days
        assert cells(client, district.manager)[district.institution.name][0] == words


def test_the_foot_sums_the_institutions_of_the_bar(client, year):
    neighbour = InstitutionFactory(parent=year.department, name="邻居")
    year.report(month(6))
    year.report(month(3))
    client.force_login(year.manager)
    answer = client.get(f"{reverse(ADDRESS_OF)}?year={YEAR}")
    totals = {total.month.month: total for total in answer.context["totals"]}
    assert (totals[6].owed, totals[6].approved, totals[6].waiting) == (2, 1, 0)
    assert (totals[3].owed, totals[3].approved, totals[3].waiting) == (2, 0, 1)
    # In the correction of an approved month nothing is owed that was not there.
    assert (totals[8].owed, totals[8].approved, totals[8].waiting) == (1, 1, 0)
    assert (totals[12].owed, answer.context["owed"], answer.context["approved"]) == (0, 13, 3)
    only = client.get(f"{reverse(ADDRESS_OF)}?year={YEAR}&words={neighbour.key}")
    assert (only.context["owed"], only.context["approved"]) == (2, 0)


def test_who_has_all_that_is_due_is_left_out_on_demand(client, district):
    complete = InstitutionFactory(parent=district.department, name="齐全")
    filer = user_with(Role.FILER, complete)
    district.approved(month(1), {"110": 1}, agency=complete, by=filer)
    due(district.report(month(2)), 0)
    assert set(cells(client, district.manager)) == {"齐全", district.institution.name}
    assert set(cells(client, district.manager, "&is_incomplete=on")) == {district.institution.name}
    due(Report.objects.get(agency=complete, period__month=month(2)), -1)
    assert set(cells(client, district.manager, "&is_incomplete=on")) == {"齐全", district.institution.name}


def test_a_department_sees_its_own_rows(client, district):
    InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), name="外人")
    district.report(month(1))
    assert set(cells(client, district.department_user)) == {district.institution.name}
    assert set(cells(client, district.observer)) == {"外人", district.institution.name}


def test_the_matrix_costs_the_same_for_one_institution_and_for_ten(client, district):
    district.approved(month(1), {"110": 1})
    client.force_login(district.manager)
    address = f"{reverse(ADDRESS_OF)}?year={YEAR}"
    one = cost(client, address)
    for _ in range(9):
        InstitutionFactory(parent=district.department)
    for number in (1, 2, 3):
        actions.open_period(month(number))
    assert cost(client, address) == one
