"""How a month of lines becomes a row of numbers."""

import numpy as np
import pytest

from reporting import panels

ASKED = {"102", "103", "110", "120", "140", "1501", "1502", "1601", "1602"}


def cell(row, code):
    return row[panels.COLUMN[code]]


def test_a_packed_panel_comes_back_bit_for_bit():
    values = panels.empty()
    values[3, panels.COLUMN["110"]] = 0.1 + 0.2
    assert panels.pack(panels.unpack(panels.pack(values))) == panels.pack(values)


def test_a_panel_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="reshape"):
        panels.unpack(b"\0" * 8)


def test_a_measured_zero_is_zero_and_an_unanswered_item_unknown():
    row = panels.month_row({"110": 0.0}, ASKED)
    assert cell(row, "110") == 0.0
    assert np.isnan(cell(row, "140"))


def test_an_item_filed_as_not_metered_is_unknown():
    assert np.isnan(cell(panels.month_row({"140": None}, ASKED), "140"))


def test_an_item_that_the_edition_did_not_ask_for_counts_nothing():
    assert cell(panels.month_row({}, ASKED), "PV1") == 0.0


def test_a_fuel_total_alone_stands_for_itself_and_its_parts_count_nothing():
    row = panels.month_row({"150": 12.0}, ASKED)
    assert (cell(row, "150"), cell(row, "1501"), cell(row, "1502")) == (12.0, 0.0, 0.0)


def test_fuel_parts_leave_nothing_to_the_total():
    row = panels.month_row({"1501": 12.0, "1502": 3.0}, ASKED)
    assert (cell(row, "150"), cell(row, "1501"), cell(row, "1502")) == (0.0, 12.0, 3.0)


def test_a_missing_fuel_part_stays_unknown():
    row = panels.month_row({"1501": 12.0}, ASKED)
    assert np.isnan(cell(row, "1502"))
