"""Where a task stands: from numerator, denominator and threshold to one of six states.

Pure; arrays over institutions or groups. Source: tasks reference, "What the table implies", and its table's head.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ..progress import TOLERANCE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Kind(StrEnum):
    """The table's 型."""

    REDUCTION = "S"
    CUMULATIVE = "A"
    RATIO = "R"
    THRESHOLD = "T"  # how many of the objects meet a limit
    COUNT = "N"
    STATE = "C"


# What can slip back is done only once its last day is over.
SLIPPING = {Kind.REDUCTION, Kind.RATIO, Kind.THRESHOLD}


class State(StrEnum):
    NOT_STARTED = "not-started"
    NORMAL = "normal"
    BEHIND = "behind"
    DONE = "done"
    OVERDUE = "overdue"
    NOT_APPLICABLE = "inapplicable"


# From best to worst; of several judged measures of a task the worst counts.
WORST_LAST = (
    State.NOT_APPLICABLE,
    State.DONE,
    State.NORMAL,
    State.NOT_STARTED,
    State.BEHIND,
    State.OVERDUE,
)


class Better(StrEnum):
    MORE = "more"  # at least the threshold
    LESS = "less"  # at most the threshold
    NEITHER = ""  # looked at, not judged


@dataclass(frozen=True)
class Rule:
    """How a measure is judged.

    threshold: of the share where there is a denominator, of the count otherwise; None where nothing is asked.
    first_day, last_day: the path runs from 0 on 1 January of first_day's year to
    the threshold on last_day; last_day None: undated.
    """

    kind: Kind
    threshold: float | None
    better: Better
    first_day: date
    last_day: date | None
    has_denominator: bool


def yearly(rule_year: int) -> tuple[date, date]:
    """First and last day of what is asked anew each year."""
    return date(rule_year, 1, 1), date(rule_year, 12, 31)


def value(numerator: Floats, denominator: Floats | None) -> Floats:
    """Share or count; unknown (NaN) where a part is unknown or nothing stands below the line."""
    if denominator is None:
        return numerator
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)


def required(rule: Rule, as_of: date) -> float | None:
    """What the straight path asks for by a day: threshold × years gone ÷ years in all; None where nothing is dated.

    On 31 December of the t-th of five years that is r_t = threshold × t/5; within a year it goes by days. Where less
    is better the threshold itself is asked for at any time. Raises ValueError for a last day before the first.
    """
    if rule.threshold is None or rule.last_day is None:
        return None
    if rule.last_day < rule.first_day:
        raise ValueError(f"The path ends on {rule.last_day}, before it begins on {rule.first_day}.")
    if rule.better == Better.LESS:
        return rule.threshold
    begin, end = rule.first_day.year, _years(rule.last_day)
    gone = min(max(_years(as_of) - begin, 0.0), end - begin)
    return rule.threshold * gone / (end - begin)


def _years(day: date) -> float:
    """The day as years: 31 December 2025 is 2026.0."""
    days = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return day.year + day.timetuple().tm_yday / days


def is_met(rule: Rule, reached: Floats) -> Flags:
    """Whether the threshold is reached; never where it or the value is unknown."""
    if rule.threshold is None or rule.better == Better.NEITHER:
        return np.zeros(reached.shape, dtype=bool)
    if rule.better == Better.LESS:
        return reached <= rule.threshold + TOLERANCE
    return reached >= rule.threshold - TOLERANCE


def states(
    rule: Rule, numerator: Floats, denominator: Floats | None, is_eligible: Flags, as_of: date
) -> NDArray[np.str_]:
    """The state of each, (n,). Of 有条件的 tasks `is_eligible` says who is asked at all.

    - inapplicable: not eligible, or a denominator of 0: neither 0 % nor 100 %.
    - not-started: nothing known, or nothing done and no path that asks for it yet.
    - An undated task is never behind and never overdue.
    """
    reached = value(numerator, denominator)
    asked = is_eligible if denominator is None else is_eligible & (denominator != 0)
    found = _judged(rule, reached, as_of) if rule.threshold is not None else _unjudged(rule, reached)
    found = np.where(np.isnan(reached), State.NOT_STARTED.value, found)
    return np.where(asked, found, State.NOT_APPLICABLE.value)


def _judged(rule: Rule, reached: Floats, as_of: date) -> NDArray[np.str_]:
    met = is_met(rule, reached)
    if rule.last_day is None:
        waiting = np.where(reached == 0, State.NOT_STARTED.value, State.NORMAL.value)
        kept = State.NORMAL if rule.kind in SLIPPING else State.DONE
        return np.where(met, kept.value, waiting)
    if as_of >= rule.last_day:
        return np.where(met, State.DONE.value, State.OVERDUE.value)
    asked_by_now = required(rule, as_of)
    on_path = met if rule.better == Better.LESS else reached >= np.float64(asked_by_now) - TOLERANCE
    found = np.where(on_path, State.NORMAL.value, State.BEHIND.value)
    return found if rule.kind in SLIPPING else np.where(met, State.DONE.value, found)


def _unjudged(rule: Rule, reached: Floats) -> NDArray[np.str_]:
    """Nothing numeric is asked: done is what is whole (all of the denominator; a state that is there)."""
    begun = np.where(reached == 0, State.NOT_STARTED.value, State.NORMAL.value)
    if rule.better != Better.MORE or not (rule.has_denominator or rule.kind == Kind.STATE):
        return begun if rule.better == Better.MORE else np.full(reached.shape, State.NORMAL.value)
    return np.where(reached >= 1 - TOLERANCE, State.DONE.value, begun)


def worst(found: list[NDArray[np.str_]]) -> NDArray[np.str_]:
    """The worst of several states of each, (n,)."""
    order = {state.value: place for place, state in enumerate(WORST_LAST)}
    ranks = np.array([[order[str(state)] for state in states] for states in found], dtype=np.intp)
    names = np.array([state.value for state in WORST_LAST])
    found_names: NDArray[np.str_] = names[ranks.max(axis=0)]
    return found_names
