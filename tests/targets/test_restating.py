"""Restated base years, worked by hand; what is merged or split is neither lost nor made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting import panels
from reporting.panels import COLUMN
from targets import restating

OWES = np.ones(12)
NOTHING_OWED = np.zeros(12)


def base(**items):
    values = panels.empty()
    for code, quantity in items.items():
        values[:, COLUMN[code.strip("_")]] = quantity
    return values


def column(values, code):
    return values[:, COLUMN[code]].tolist()


def test_a_merger_adds_item_by_item_and_month_by_month_and_what_is_unknown_stays_unknown():
    one, other = base(_110=1000, _102=100), base(_110=500, _102=50)
    other[3, COLUMN["110"]] = np.nan
    merged, owes = restating.merged(one, other, OWES, OWES)
    assert column(merged, "102") == [150.0] * 12
    assert np.isnan(merged[3, COLUMN["110"]])
    assert merged[4, COLUMN["110"]] == 1500
    assert owes.tolist() == [1.0] * 12


def test_an_institution_that_owed_nothing_yet_adds_nothing():
    merged, owes = restating.merged(base(_110=1000), panels.empty(), OWES, NOTHING_OWED)
    assert column(merged, "110") == [1000.0] * 12
    assert owes.tolist() == [1.0] * 12


def test_a_split_gives_the_share_and_keeps_the_rest():
    stays, goes = restating.split(base(_110=1000, _102=100), 0.25)
    assert (column(stays, "110"), column(goes, "110")) == ([750.0] * 12, [250.0] * 12)
    assert (column(stays, "102"), column(goes, "102")) == ([75.0] * 12, [25.0] * 12)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        restating.split(base(_110=1), share)


def test_a_resurvey_states_the_area_and_leaves_the_rest():
    found = restating.stated(base(_110=1000, _102=100), {"102": 80})
    assert (column(found, "102"), column(found, "110")) == ([80.0] * 12, [1000.0] * 12)


def test_a_move_states_the_new_place_and_scales_what_is_used_there():
    found = restating.moved(base(_110=1000, _120=10, _102=100, _103=10), {"102": 200}, 1.5)
    assert [column(found, code)[0] for code in ("110", "120", "102", "103")] == [1500, 15, 200, 10]


def test_a_change_of_definition_scales_one_item():
    found = restating.scaled(base(_110=1000, _120=10), {"120": 0.5})
    assert [column(found, code)[0] for code in ("110", "120")] == [1000, 5]


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_a_negative_quantity_or_factor_is_refused(value):
    with pytest.raises(ValueError, match="not 0 or more"):
        restating.stated(base(), {"102": value})
    with pytest.raises(ValueError, match="not 0 or more"):
        restating.scaled(base(), {"102": value})


quantity = st.floats(0, 1e9)


@given(one=quantity, other=quantity, share=st.floats(0.01, 0.99))
def test_merging_and_splitting_conserve_the_sum(one, other, share):
    merged, _ = restating.merged(base(_110=one), base(_110=other), OWES, OWES)
    assert column(merged, "110")[0] == one + other
    stays, goes = restating.split(merged, share)
    assert column(stays + goes, "110")[0] == pytest.approx(one + other, rel=1e-12)
