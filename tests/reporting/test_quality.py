"""On time, late, missing, right the first time: each word of the definition by a month that shows it."""

import csv
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency, Event
from reporting import actions, quality
from reporting.models import Period, Report
from reporting.quality import Counts
from tests.clock import Clock
from tests.factories import DepartmentFactory, InstitutionFactory, entries, explain, user_with
from tests.targets.months import settle
from tests.targets.pages import cost, squeezed

YEAR = 2025
DUE, CLOSES, LOOKED_AT = 2, 4, 10


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class Month:
    """A month of an institution that opens on day 0, is due on day 2 and closes on day 4."""

    def __init__(self, district, clock, month=3, agency=None, filer=None):
        self.district, self.clock, self.first = district, clock, timezone.localdate()
        self.filer = filer or district.filer
        report = district.report(timezone.datetime(YEAR, month, 1).date(), agency)
        days = {"opens_on": self.day(0), "due_on": self.day(DUE), "closes_on": self.day(CLOSES)}
        Period.objects.filter(pk=report.period_id).update(**days)
        self.pk = report.pk

    def day(self, number):
        return self.first + timedelta(number)

    @property
    def report(self):
        return Report.objects.select_related("agency", "period").get(pk=self.pk)

    def live(self, steps):
        """steps: “1 submit, 3 return”, the verbs with the day on which each was done."""
        for step in filter(None, steps.split(", ")):
            day, verb, *more = step.split()
            self.clock.days = int(day)
            getattr(self, verb)(*more)
        self.clock.days = LOOKED_AT

    def submit(self):
        report = self.report
        actions.save_draft(report, entries(report, {"110": 1000}), by=self.filer)
        explain(report, by=self.filer)
        actions.submit(report, by=self.filer)

    def withdraw(self):
        actions.withdraw(self.report, by=self.filer)

    def give_back(self):
        actions.send_back(self.report, by=self.district.reviewer, reason="请核对")

    def approve(self):
        actions.approve(self.report, by=self.district.reviewer)

    def correct(self):
        actions.open_correction(self.report, by=self.filer, reason="漏计")

    def extend(self, until):
        last_day = self.day(int(until))
        actions.extend([self.report], by=self.district.manager, last_day=last_day, reason="停电")


def counts(today=None):
    return quality.of_year(Agency.objects.all(), YEAR, today or timezone.localdate())


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("", Counts(missing=1)),
        ("1 submit", Counts(on_time=1)),
        ("2 submit", Counts(on_time=1)),
        ("3 submit", Counts(late=1)),
        # What was taken back by the due day did not stand at its end.
        ("1 submit, 2 withdraw, 3 submit", Counts(late=1)),
        ("1 submit, 3 withdraw, 4 submit", Counts(on_time=1)),
        ("1 submit, 1 withdraw, 2 submit", Counts(on_time=1)),
        ("1 submit, 3 withdraw", Counts(missing=1)),
        # A returned one stood.
        ("1 submit, 2 give_back", Counts(on_time=1, returns=1)),
        ("1 submit, 3 give_back, 4 submit", Counts(on_time=1, returns=1)),
        # An extension moves the due day only where it was granted before it.
        ("1 extend 5, 5 submit", Counts(on_time=1)),
        ("1 extend 3, 2 extend 5, 5 submit", Counts(on_time=1)),
        ("1 extend 3, 3 extend 5, 5 submit", Counts(on_time=1)),
        ("3 extend 6, 5 submit", Counts(late=1)),
        ("1 extend 5", Counts(missing=1)),
        # Right the first time: no return before the first approval; taking back is one's own affair.
        ("1 submit, 3 approve", Counts(on_time=1, approved=1, right=1)),
        ("1 submit, 3 withdraw, 4 submit, 5 approve", Counts(on_time=1, approved=1, right=1)),
        ("1 submit, 3 give_back, 4 submit, 5 approve", Counts(on_time=1, approved=1, returns=1)),
        (
            "3 submit, 4 approve, 5 correct, 6 submit, 7 give_back, 8 submit, 9 approve",
            Counts(late=1, approved=1, right=1, returns=1, corrections=1),
        ),
        (
            "1 submit, 2 approve, 5 correct, 6 submit, 7 approve, 8 correct, 9 submit",
            Counts(on_time=1, approved=1, right=1, corrections=2),
        ),
    ],
)
def test_a_month_counts_as_its_definition_says(district, clock, steps, expected):
    Month(district, clock).live(steps)
    assert counts() == {district.institution.pk: expected}


def test_a_month_that_is_not_due_is_not_owed_yet(district, clock):
    month = Month(district, clock)
    assert counts(month.day(DUE)) == {}
    assert counts(month.day(DUE + 1)) == {district.institution.pk: Counts(missing=1)}
    month.live("1 extend 5")
    assert counts(month.day(5)) == {}
    assert counts(month.day(6)) == {district.institution.pk: Counts(missing=1)}


def test_what_the_history_brought_is_not_counted_nor_what_corrects_it(district, clock):
    settle(district.institution, YEAR, [3])
    month = Month(district, clock)
    month.live("1 correct, 3 submit, 4 give_back, 5 submit")
    assert counts() == {}


def test_months_add_up_and_rates_are_of_the_sums():
    found = quality.total([Counts(on_time=1, late=1, approved=1, right=1), Counts(missing=2, approved=2)])
    assert (found.owed, found.on_time_rate, found.late_rate, found.missing_rate) == (4, 0.25, 0.25, 0.5)
    assert found.right_rate == 1 / 3
    nothing = quality.total([])
    assert (nothing.owed, nothing.on_time_rate, nothing.right_rate) == (0, None, None)


@pytest.fixture
def three(district, clock):
    """One institution on time and late, a neighbour with a missing month, a stranger of another department."""
    neighbour = InstitutionFactory(parent=district.department, name="邻居")
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), name="外人")
    for number, steps in ((3, "1 submit, 3 approve"), (4, "3 submit")):
        clock.days = 0
        Month(district, clock, number).live(steps)
    Report.objects.exclude(agency=district.institution).filter(period__month__month=4).delete()
    clock.days = LOOKED_AT
    return neighbour, stranger


def page(client, user, query=""):
    client.force_login(user)
    return client.get(f"{reverse('reporting:quality')}?year={YEAR}{query}")


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("filer", {"own"}),
        ("department_user", {"own", "邻居"}),
        ("reviewer", {"own", "邻居", "外人"}),
        ("observer", {"own", "邻居", "外人"}),
    ],
)
def test_each_sees_the_rates_of_those_whose_months_they_see(client, district, three, who, names):
    answer = page(client, getattr(district, who))
    shown = {row.name for row in answer.context["page_obj"]}
    assert shown == {district.institution.name if name == "own" else name for name in names}


def test_groups_are_sums_and_the_worst_come_first(client, district, three):
    answer = page(client, district.manager)
    assert [(row.name, row.counts.on_time_rate) for row in answer.context["page_obj"]] == [
        ("邻居", 0.0),
        ("外人", 0.0),
        (district.institution.name, 0.5),
    ]
    whole, own, other = answer.context["groups"]
    assert whole.counts == Counts(on_time=1, late=1, missing=2, approved=1, right=1)
    assert (own.name, own.counts.owed, own.counts.on_time_rate) == (district.department.name, 3, 1 / 3)
    assert other.counts == Counts(missing=1)
    assert "33.33 %" in squeezed(answer.content.decode())
    best = page(client, district.manager, "&sort=-on_time_rate")
    assert best.context["page_obj"][0].name == district.institution.name
    right = page(client, district.manager, "&sort=-right_rate")
    # Nothing approved, no rate: last either way.
    assert [row.counts.right_rate for row in right.context["page_obj"]] == [1.0, None, None]


def test_the_page_costs_the_same_for_one_institution_and_for_more(client, district, three):
    client.force_login(district.manager)
    address = f"{reverse('reporting:quality')}?year={YEAR}"
    one = cost(client, f"{address}&words=邻居")
    for _ in range(4):
        InstitutionFactory(parent=district.department)
    actions.open_period(Period.objects.last().month)
    assert cost(client, address) == one


def test_the_file_says_what_the_page_says_and_leaves_a_trace(client, district, three):
    client.force_login(district.department_user)
    answer = client.get(f"{reverse('reporting:quality-export')}?year={YEAR}&words=邻")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    [row] = [each for each in csv.DictReader(lines) if each["范围"] == "机构"]
    assert (row["名称"], row["应报"], row["缺报"], row["按时率"], row["一次通过率"]) == (
        "邻居",
        "1",
        "1",
        "0.00 %",
        "—",
    )
    event = Event.objects.order_by("sequence").last()
    assert (event.verb, event.actor) == ("export", district.department_user)
    assert event.detail == f"报送质量；{YEAR}年；机构 邻；1 个机构"


def test_a_filer_needs_no_bar_of_departments(client, district, three):
    assert "主管部门" not in [field.label for field in page(client, district.filer).context["filters"]]
    assert page(client, user_with(Role.AUDITOR, district.bureau)).status_code == 403
