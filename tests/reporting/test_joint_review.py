"""What the yearly 会审 lists: each kind by figures worked by hand, and verdicts that outlive a new computation."""

from datetime import date

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies.models import Event
from reporting import actions, joint_review, joint_review_points
from reporting.checks import limits_with
from reporting.models import JointReview, JointReviewPoint, JointReviewRun, Report
from reporting.panels import COLUMN, PANEL_ITEMS
from reporting.refusals import Stale, WrongStatus
from tests.factories import InstitutionFactory, entries
from tests.targets.months import settle

YEAR = 2025
LIMITS = limits_with()


def year_of(months=range(1, 13), **items):
    """A panel in which these items have these numbers, each month the same or a list; everything else is 0."""
    values = np.full((12, len(PANEL_ITEMS)), np.nan)
    rows = [month - 1 for month in months]
    values[rows] = 0
    for name, numbers in items.items():
        values[rows, COLUMN[name.removeprefix("i")]] = numbers
    return values


def changes(values, before=None):
    found = joint_review_points.changes(YEAR, values, before, LIMITS, "01")
    return [(point.kind, point.place, point.statement) for point in found]


# Area and people


@pytest.mark.parametrize(
    ("area", "is_listed"), [(1100, False), (1100.01, True), (900, False), (899.99, True)]
)
def test_a_year_is_listed_from_more_than_ten_percent_on(area, is_listed):
    found = changes(year_of(i102=area, i103=50), year_of(i102=1000, i103=50))
    assert [kind for kind, *_ in found] == ["area-year"] * is_listed


def test_the_year_says_both_means_their_months_and_the_change():
    before = year_of(range(7, 13), i102=[1000, 1000, 1000, 1000, 1000, 1300], i103=50)
    # The area meant 1 050 m² then too.
    [(kind, place, words)] = changes(year_of(i102=1050, i103=60), before)
    assert (kind, place) == ("people-year", "2025")
    assert words == "用能人数月均：2024年 50.00 人（6个月）→ 2025年 60.00 人（12个月），+20.00 %，超过 10 %"


def test_small_moves_below_the_floor_are_not_listed():
    # 2 of 10 persons are 20 %, but nobody would notice; 3 are listed.
    assert changes(year_of(i102=50, i103=12), year_of(i102=50, i103=10)) == []
    assert changes(year_of(i102=59, i103=10), year_of(i102=50, i103=10)) == []
    assert len(changes(year_of(i102=50, i103=13), year_of(i102=50, i103=10))) == 1


def test_a_jump_within_the_year_is_listed_at_its_month_over_a_gap():
    people = [50, 50, np.nan, 60, 60, 60, 60, 60, 60, 60, 60, 60]
    found = changes(year_of(i102=1000, i103=people))
    assert found == [("people-jump", "2025-04", "用能人数：2月 50.00 人 → 4月 60.00 人，+20.00 %，超过 10 %")]


def test_exactly_ten_percent_in_binary_fractions_is_ten_percent():
    # 0.1 × 1 237.5 is not exact in binary.
    assert changes(year_of(i102=1361.25, i103=50), year_of(i102=1237.5, i103=50)) == []


# Bands


def outside(values, type_code="01"):
    found = joint_review_points.outside_bands(YEAR, values, LIMITS, type_code)
    return {point.kind: point.statement for point in found}


def test_a_year_outside_its_types_band_is_listed_with_value_and_band():
    # 12 × 30 000 kWh × 0.1229 = 44 244 kgce: 44.24 a m², 884.88 a person; 12 × 600 m³ over 50 persons = 144 m³.
    found = outside(year_of(i110=30_000, i120=600, i102=1000, i103=50))
    assert found == {"energy-per-area": "2025年单位建筑面积能耗 44.24 kgce/m²，通常范围为 3.67—33.06 kgce/m²"}
    found = outside(year_of(i110=30_000, i120=1000, i102=2000, i103=50))
    assert found == {"water-per-person": "2025年人均用水量 240.00 m³/人，通常范围为 23.33—209.97 m³/人"}


def test_half_a_year_counts_as_if_it_were_whole():
    found = outside(year_of(range(1, 7), i110=30_000, i120=600, i102=1000, i103=50))
    assert found == {
        "energy-per-area": "2025年单位建筑面积能耗 44.24 kgce/m²（按6个月折合全年），通常范围为 3.67—33.06 kgce/m²"
    }


def test_vehicles_do_not_count_for_the_area_but_for_the_persons():
    # 4 000 l × 1.074122 a month: 51 557.86 kgce a year, 1 031 a person and nothing a m².
    found = outside(year_of(i110=10_000, i120=600, i1501=4000, i102=1000, i103=50))
    assert found == {
        "energy-per-person": "2025年人均综合能耗 1,326.12 kgce/人，通常范围为 132.45—1,192.02 kgce/人"
    }


def test_a_type_without_a_published_average_is_not_held_against_one():
    assert outside(year_of(i110=30_000, i120=6000, i102=1000, i103=50), "022") == {}


def test_nothing_known_is_outside_of_nothing():
    assert outside(np.full((12, len(PANEL_ITEMS)), np.nan)) == {}
    assert outside(year_of(i110=100, i120=1, i102=0, i103=0)) == {}


# The computation


def compute(year=YEAR, by=None):
    run = JointReviewRun.objects.create(year=year, asked_by=by)
    return joint_review.compute(run.pk)


def points():
    return {(point.kind, point.place): point for point in JointReviewPoint.objects.all()}


@pytest.fixture
def reviewed(district):
    """2024 and 2025 of one institution: 20 % more area in 2025, November missing, one correction of March."""
    settle(district.institution, 2024, area=1000, kwh=8000, people=30, m3=100)
    settle(district.institution, 2025, range(1, 11), area=1200, kwh=8000, people=30, m3=100)
    district.report(date(2025, 11, 1))
    march = Report.objects.get(period__month=date(2025, 3, 1))
    actions.open_correction(march, by=district.filer, reason="漏计一层楼")
    return district


def test_the_years_points_of_an_institution(reviewed):
    assert compute() == 3
    found = points()
    assert {key: point.statement for key, point in found.items() if key[0] != "correction"} == {
        ("area-year", "2025"): "建筑面积月均：2024年 1,000.00 m²（12个月）→ 2025年 1,200.00 m²（10个月），"
        "+20.00 %，超过 10 %",
        ("not-approved", "2025"): "没有通过审核的数据：11月，共 1 个月",
    }
    correction = found["correction", "2025-03-2"]
    assert correction.month == date(2025, 3, 1)
    assert "2025年3月第2版（草稿）" in correction.statement
    assert correction.statement.endswith(f"由{reviewed.filer}发起更正：漏计一层楼")


def test_a_run_that_is_done_is_not_done_again(reviewed):
    run = JointReviewRun.objects.create(year=YEAR)
    assert joint_review.compute(run.pk) == 3
    before = set(JointReviewPoint.objects.values_list("pk", flat=True))
    assert joint_review.compute(run.pk) == 3
    assert set(JointReviewPoint.objects.values_list("pk", flat=True)) == before


def test_more_institutions_of_a_block_cost_no_more_queries(reviewed):
    compute()
    with CaptureQueriesContext(connection) as one:
        compute()
    for _ in range(4):
        neighbour = InstitutionFactory(parent=reviewed.department)
        settle(neighbour, 2024, area=1000)
        settle(neighbour, 2025, area=1200)
    with CaptureQueriesContext(connection) as five:
        assert compute() > 3 + 4
    assert len(five) == len(one)


# Verdicts


def verify(district, key=("area-year", "2025"), by=None, verdict="true", note="已核对不动产权证", seen=None):
    return joint_review.verify(
        points()[key], verdict=verdict, note=note, by=by or district.reviewer, seen=seen
    )


def test_a_verdict_is_kept_told_and_survives_a_new_computation(reviewed):
    compute()
    verify(reviewed)
    event = Event.objects.order_by("sequence").last()
    assert (event.verb, event.actor, event.agency) == ("verify", reviewed.reviewer, reviewed.institution)
    assert event.detail.endswith("→ 属实：已核对不动产权证")
    compute()
    assert {point.verdict for key, point in points().items() if key[0] == "area-year"} == {"true"}
    assert points()["not-approved", "2025"].verdict == "open"


def test_other_numbers_make_it_open_again_and_the_verdict_stays_on_record(reviewed):
    compute()
    verify(reviewed)
    march = Report.objects.get(period__month=date(2025, 3, 1))
    quantities = {"110": 8000, "120": 100, "102": 1300, "103": 30}
    actions.save_draft(march, entries(march, quantities), by=reviewed.filer)
    reviewed.submitted(date(2025, 3, 1), quantities)
    actions.approve(march, by=reviewed.reviewer)
    compute()
    point = points()["area-year", "2025"]
    assert "1,210.00 m²" in point.statement
    assert point.verdict == "open"
    assert JointReview.objects.get().verdict == "true"


def test_who_looked_at_old_words_or_came_second_is_told(reviewed):
    compute()
    old = joint_review.Seen("建筑面积月均：别的", "open")
    with pytest.raises(Stale, match="这一事项现为：建筑面积月均：2024年 1,000.00"):
        verify(reviewed, seen=old)
    seen = joint_review.Seen(points()["area-year", "2025"].statement, "open")
    verify(reviewed, seen=seen)
    with pytest.raises(WrongStatus, match="刚刚已由他人核实为“属实”"):
        verify(reviewed, verdict="corrected", seen=seen)
    assert JointReview.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"note": " "}, "请写明怎样核实的"),
        ({"verdict": "open"}, "与现在不同"),
        ({"verdict": "x"}, "与现在不同"),
    ],
)
def test_a_verdict_needs_a_note_and_says_something_new(reviewed, wrong, sentence):
    compute()
    with pytest.raises(ValueError, match=sentence):
        verify(reviewed, **wrong)
    assert JointReview.objects.count() == 0


@pytest.mark.parametrize(
    "who", ["filer", "department_user", "manager", "observer", "auditor", "administrator"]
)
def test_only_a_reviewer_verifies(reviewed, who):
    compute()
    with pytest.raises(PermissionDenied):
        verify(reviewed, by=getattr(reviewed, who))


def test_one_computation_of_a_year_at_a_time(reviewed):
    joint_review.ask(YEAR, by=reviewed.reviewer)
    with pytest.raises(WrongStatus, match="正在计算"):
        joint_review.ask(YEAR, by=reviewed.manager)
    joint_review.ask(YEAR - 1, by=reviewed.manager)
    with pytest.raises(PermissionDenied):
        joint_review.ask(YEAR + 1, by=reviewed.observer)
