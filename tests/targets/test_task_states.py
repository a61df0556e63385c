"""The state of a task from its numbers: a figure by hand for each type of the table, and every edge it names."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.plan.standing import Better, Kind, Rule, State, is_met, required, states, value, worst, yearly

FIRST, LAST = date(2021, 1, 1), date(2025, 12, 31)
S, A, R, T, N, C = Kind.REDUCTION, Kind.CUMULATIVE, Kind.RATIO, Kind.THRESHOLD, Kind.COUNT, Kind.STATE
NOT_STARTED, NORMAL, BEHIND, DONE, OVERDUE, NOT_APPLICABLE = State
UNKNOWN = np.nan


def rule(kind, threshold=None, last_day=None, better=Better.MORE, has_denominator=True, first_day=FIRST):
    return Rule(kind, threshold, better, first_day, last_day, has_denominator)


def state(rule, numerator, denominator=None, *, on=LAST, is_eligible=True):
    below = None if denominator is None else np.array([denominator], dtype=float)
    found = states(rule, np.array([numerator], dtype=float), below, np.array([is_eligible]), on)
    return State(found[0])


ENERGY = rule(S, 0.05, LAST)
AREA = rule(A, 40_000, LAST, has_denominator=False)
ORGANS = rule(R, 1, LAST)
NEW_ENERGY = rule(R, 0.3)
JOINED = rule(N, 10, date(2023, 12, 31), has_denominator=False, first_day=date(2023, 1, 1))
BURNING = rule(T, 0, date(2023, 12, 31), Better.LESS, first_day=date(2023, 1, 1))
END_OF_2022 = date(2022, 12, 31)


@pytest.mark.parametrize(
    ("asked", "numerator", "denominator", "on", "expected"),
    [
        # S, −5 % by 2025: 2 % is asked for at the end of 2022; what is reached early can slip back.
        (ENERGY, 0.2, 10, END_OF_2022, NORMAL),
        (ENERGY, 0.19, 10, END_OF_2022, BEHIND),
        (ENERGY, 0.6, 10, END_OF_2022, NORMAL),
        (ENERGY, 0.5, 10, LAST, DONE),
        (ENERGY, 0.4995, 10, LAST, OVERDUE),
        # A, 40 000 m²: 16 000 by the end of 2022; what is renovated stays so.
        (AREA, 16_000, None, END_OF_2022, NORMAL),
        (AREA, 15_999, None, END_OF_2022, BEHIND),
        (AREA, 40_000, None, END_OF_2022, DONE),
        (AREA, 39_999.9, None, LAST, OVERDUE),
        (AREA, 40_000, None, LAST, DONE),
        # R, all organs by 2025.
        (ORGANS, 24, 60, END_OF_2022, NORMAL),
        (ORGANS, 23, 60, END_OF_2022, BEHIND),
        (ORGANS, 60, 60, END_OF_2022, NORMAL),
        (ORGANS, 60, 60, LAST, DONE),
        (ORGANS, 59, 60, LAST, OVERDUE),
        # R without a date: never behind, never overdue.
        (NEW_ENERGY, 0, 10, LAST, NOT_STARTED),
        (NEW_ENERGY, 2, 10, LAST, NORMAL),
        (NEW_ENERGY, 3, 10, LAST, NORMAL),
        # N, ten a year: five by the middle of it, all by its end.
        (JOINED, 4, None, date(2023, 7, 2), BEHIND),
        (JOINED, 6, None, date(2023, 7, 2), NORMAL),
        (JOINED, 10, None, date(2023, 7, 2), DONE),
        (JOINED, 9, None, date(2023, 12, 31), OVERDUE),
        # T, nobody burns coal: asked for on any day.
        (BURNING, 0, 174, date(2023, 7, 2), NORMAL),
        (BURNING, 1, 174, date(2023, 7, 2), BEHIND),
        (BURNING, 0, 174, date(2023, 12, 31), DONE),
        (BURNING, 1, 174, date(2023, 12, 31), OVERDUE),
    ],
)
def test_a_threshold_decides_by_path_and_last_day(asked, numerator, denominator, on, expected):
    assert state(asked, numerator, denominator, on=on) == expected


@pytest.mark.parametrize(
    ("asked", "numerator", "denominator", "expected"),
    [
        (rule(R), 0, 4, NOT_STARTED),
        (rule(R), 3, 4, NORMAL),
        (rule(R), 4, 4, DONE),
        (rule(N, has_denominator=False), 0, None, NOT_STARTED),
        (rule(N, has_denominator=False), 7, None, NORMAL),
        (rule(C, has_denominator=False), 0, None, NOT_STARTED),
        (rule(C, has_denominator=False), 1, None, DONE),
        # Looked at, not judged: office space a head.
        (rule(R, better=Better.NEITHER), 900, 60, NORMAL),
    ],
)
def test_without_a_threshold_done_is_what_is_whole(asked, numerator, denominator, expected):
    assert state(asked, numerator, denominator) == expected


@pytest.mark.parametrize("asked", [ENERGY, ORGANS, NEW_ENERGY, BURNING, rule(R)])
def test_a_denominator_of_zero_is_not_applicable(asked):
    assert state(asked, 0, 0) == NOT_APPLICABLE


@pytest.mark.parametrize("asked", [AREA, JOINED, rule(N, has_denominator=False)])
def test_unknown_is_not_started_and_no_zero(asked):
    assert state(asked, UNKNOWN) == NOT_STARTED
    assert state(ORGANS, UNKNOWN, UNKNOWN) == NOT_STARTED


def test_who_is_not_eligible_is_not_asked():
    assert state(AREA, 0, is_eligible=False) == NOT_APPLICABLE
    assert state(ORGANS, 1, 2, is_eligible=False) == NOT_APPLICABLE


def test_the_path_gives_a_fifth_a_year_and_stays_at_its_ends():
    days = [
        date(2020, 12, 31),
        date(2021, 12, 31),
        date(2022, 12, 31),
        date(2024, 12, 31),
        LAST,
        date(2027, 1, 1),
    ]

    assert [required(AREA, day) for day in days] == [0, 8_000, 16_000, 32_000, 40_000, 40_000]
    # 2 July 2023 is the 183rd of 365 days.
    assert required(JOINED, date(2023, 7, 2)) == pytest.approx(10 * 183 / 365)
    assert required(NEW_ENERGY, LAST) is None
    assert yearly(2024) == (date(2024, 1, 1), date(2024, 12, 31))


def test_a_share_is_unknown_over_nothing():
    found = value(np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, np.nan]))

    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()
    assert is_met(ORGANS, found).tolist() == [False, False, False]


def test_of_several_judged_measures_the_worst_counts():
    found = worst([np.array(["done", "normal", "inapplicable"]), np.array(["behind", "done", "done"])])

    assert found.tolist() == ["behind", "normal", "done"]


def test_without_a_node_there_is_no_worst_state():
    assert worst([np.array([], dtype=str)]).tolist() == []


def test_a_path_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="before it begins"):
        required(rule(A, 40_000, date(2020, 12, 31)), LAST)


@given(
    kind=st.sampled_from(Kind),
    threshold=st.none() | st.floats(0, 10),
    numerator=st.floats(0, 100),
    denominator=st.none() | st.floats(0, 100),
)
def test_an_undated_task_is_never_late(kind, threshold, numerator, denominator):
    asked = rule(kind, threshold, has_denominator=denominator is not None)

    assert state(asked, numerator, denominator) not in (BEHIND, OVERDUE)
