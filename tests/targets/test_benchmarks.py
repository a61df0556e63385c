"""Ranks, quotas and verdicts, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets import benchmarks
from targets.benchmarks import Band, Entry, Verdict, ahead, band, placed, verdicts

NAN = np.nan


def entry(**changed):
    """One institution that nothing speaks against: first of twenty."""
    found = {
        "is_whole": True,
        "peers": 20.0,
        "rank": 1.0,
        "is_over": False,
        "is_enough": True,
        "is_below_median": True,
    } | changed
    return Entry(**{name: np.array([value]) for name, value in found.items()})


def test_the_lowest_figure_is_first_and_equal_figures_share_a_rank():
    found = placed(np.array([3.0, 1.0, 2.0, 2.0, 5.0]), np.array(["021"] * 5))
    assert found.rank.tolist() == [4, 1, 2, 2, 5]
    assert found.above.tolist() == [1, 4, 2, 2, 0]
    assert found.peers.tolist() == [5] * 5
    assert (found.low[0], found.median[0], found.high[0]) == (2.0, 2.0, 3.0)


def test_unknown_figures_are_not_peers_and_types_are_ranked_apart():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN, 9.0])
    found = placed(values, np.array(["01"] * 6 + ["03"]))
    assert found.peers.tolist() == [5, 5, 5, 5, 5, 5, 1]
    assert found.rank[:5].tolist() == [1, 2, 3, 4, 5]
    assert np.isnan(found.rank[5:]).all()
    assert np.isnan(found.median[5:]).all()


def test_fewer_than_five_peers_rank_nobody():
    found = placed(np.array([1.0, 2.0, 3.0, 4.0]), np.array(["01"] * 4))
    assert np.isnan(found.rank).all()
    assert found.peers.tolist() == [4] * 4


@given(st.lists(st.floats(0, 1e6), min_size=benchmarks.LEAST_PEERS, max_size=60))
def test_below_above_and_equal_ones_are_all_peers(values):
    found = placed(np.array(values), np.array(["x"] * len(values)))
    for value, rank, above in zip(values, found.rank, found.above, strict=True):
        assert rank - 1 + values.count(value) + above == len(values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.0, Band.GUIDE),
        (3.0001, Band.BENCHMARK),
        (3.5, Band.BENCHMARK),
        (4.2, Band.CONSTRAINT),
        (4.2001, Band.OVER),
        (NAN, Band.NONE),
    ],
)
def test_a_limit_belongs_to_the_better_band(value, expected):
    assert band(value, 4.2, 3.5, 3.0) == expected


@pytest.mark.parametrize("limits", [(3.0, 3.5, 4.2), (4.2, 3.5, 0.0)])
def test_limits_out_of_order_are_refused(limits):
    with pytest.raises(ValueError, match="A quota has"):
        band(1.0, *limits)


@pytest.mark.parametrize(("peers", "places"), [(5, 1), (10, 1), (11, 2), (24, 3), (20_000, 2_000)])
def test_a_tenth_is_ahead_rounded_up(peers, places):
    assert ahead(peers) == places


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.CANDIDATE),
        ({"rank": 2.0}, Verdict.CANDIDATE),
        ({"rank": 3.0}, Verdict.NOT_AHEAD),
        ({"is_below_median": False}, Verdict.ABOVE_MEDIAN),
        ({"is_enough": False}, Verdict.BEHIND),
        ({"is_over": True}, Verdict.OVER_QUOTA),
        ({"peers": 4.0, "rank": NAN}, Verdict.FEW_PEERS),
        ({"is_whole": False}, Verdict.INCOMPLETE),
        ({"is_whole": False, "is_over": True, "is_enough": False}, Verdict.INCOMPLETE),
        ({"is_over": True, "is_enough": False, "rank": 9.0}, Verdict.OVER_QUOTA),
    ],
)
def test_the_first_condition_that_fails_is_the_verdict(changed, verdict):
    assert verdicts(entry(**changed)).tolist() == [verdict.value]
