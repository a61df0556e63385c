"""Where an institution stands among its peers and against a quota, and whether it comes into question as 领跑者.

Pure: NumPy arrays in, arrays out; NaN is unknown. Rules and their sources: docs/figures.md, section "Peers".
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .indicators import SAME, Bools, Floats

# A group that is smaller ranks nobody: one institution would be told about another. 平台, not from a document.
LEAST_PEERS = 5
# The part of a group that is ahead, at least one institution. 平台, not from a document.
AHEAD = 0.1
QUARTERS = (25, 50, 75)


class Band(StrEnum):
    """The three values of a quota part the figures into four bands; the boundary belongs to the better one."""

    OVER = "over"  # above 约束值
    CONSTRAINT = "constraint"  # up to 约束值
    BENCHMARK = "benchmark"  # up to 基准值
    GUIDE = "guide"  # up to 引导值
    INCOMPARABLE = "incomparable"  # the quota counts electricity otherwise than the rule set
    NONE = "none"  # no quota, or no whole year


class Verdict(StrEnum):
    """Why an institution is a candidate or not: the first of these that is true of it."""

    INCOMPLETE = "incomplete"
    FEW_PEERS = "few-peers"
    OVER_QUOTA = "over-quota"
    BEHIND = "behind"
    ABOVE_MEDIAN = "above-median"
    NOT_AHEAD = "not-ahead"
    CANDIDATE = "candidate"


@dataclass(frozen=True)
class Placing:
    """Each figure among those of its group, arrays (n,).

    peers: how many of the group are known, itself among them; rank: 1 for the lowest, equal figures share one;
    above: how many are higher; low, median, high: the group's quartiles. All but `peers` are NaN where the figure
    is unknown or its group has fewer than LEAST_PEERS.
    """

    peers: Floats
    rank: Floats
    above: Floats
    low: Floats
    median: Floats
    high: Floats


def placed(values: Floats, groups: NDArray[np.str_]) -> Placing:
    """values: (n,), of whole years only; groups: (n,), whose figures are ranked together."""
    found = np.full((6, len(values)), np.nan)
    found[0] = 0.0
    for group in np.unique(groups):
        members = np.flatnonzero((groups == group) & ~np.isnan(values))
        found[0, groups == group] = len(members)
        if len(members) >= LEAST_PEERS:
            own = values[members]
            ordered = np.sort(own)
            found[1, members] = np.searchsorted(ordered, own, side="left") + 1
            found[2, members] = len(members) - np.searchsorted(ordered, own, side="right")
            found[3:, members] = np.percentile(ordered, QUARTERS)[:, np.newaxis]
    return Placing(*found)


def ahead(peers: int) -> int:
    """How many ranks of a group of so many are ahead: a tenth, rounded up."""
    return max(1, math.ceil(peers * AHEAD))


def band(value: float, constraint: float, benchmark: float, guide: float) -> Band:
    """guide ≤ benchmark ≤ constraint, in the unit of the value; raises ValueError otherwise."""
    if not 0 < guide <= benchmark <= constraint:
        raise ValueError(f"A quota has 0 < {guide} <= {benchmark} <= {constraint}.")
    limits = ((Band.GUIDE, guide), (Band.BENCHMARK, benchmark), (Band.CONSTRAINT, constraint))
    if math.isnan(value):
        return Band.NONE
    return next((found for found, limit in limits if value <= limit * (1 + SAME)), Band.OVER)


@dataclass(frozen=True)
class Entry:
    """What decides about candidates, arrays (n,).

    is_whole: all twelve months known in the year and in its base year; peers, rank: of the first figure;
    is_over: above a quota; is_enough: the reduction that is required; is_below_median: every other figure.
    """

    is_whole: Bools
    peers: Floats
    rank: Floats
    is_over: Bools
    is_enough: Bools
    is_below_median: Bools


def verdicts(entry: Entry) -> NDArray[np.str_]:
    """The `Verdict` of each, (n,)."""
    places = np.array([ahead(int(peers)) for peers in entry.peers])
    conditions = (
        (Verdict.INCOMPLETE, ~entry.is_whole),
        (Verdict.FEW_PEERS, entry.peers < LEAST_PEERS),
        (Verdict.OVER_QUOTA, entry.is_over),
        (Verdict.BEHIND, ~entry.is_enough),
        (Verdict.ABOVE_MEDIAN, ~entry.is_below_median),
        (Verdict.NOT_AHEAD, ~(entry.rank <= places)),
    )
    found: NDArray[np.str_] = np.select(
        [holds for _, holds in conditions],
        [verdict.value for verdict, _ in conditions],
        Verdict.CANDIDATE.value,
    )
    return found
