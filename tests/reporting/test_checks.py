"""The rule engine: what keeps a month from being submitted, and what a reviewer should look at."""

from datetime import date
from decimal import Decimal

import pytest

from reporting.checks import Earlier, Finding, Severity, Statement, change, errors, warnings

NAMES = {
    "102": "建筑面积", "103": "用能人数", "1031": "编制人数", "104": "车辆总量", "1041": "汽油车", "1042": "柴油车",
    "1043": "新能源车", "110": "电", "120": "水", "150": "汽油(合计)", "1501": "汽油—车辆用油",
    "1502": "汽油—其他用油", "201": "机房面积", "240": "机房用电量", "2401": "IT设备用电量",
    "2402": "空调用电量", "2403": "配电及附属用电量", "PV": "太阳能光伏发电量", "PV1": "光伏自用电量",
    "PV2": "光伏上网电量",
}  # fmt: skip


def stated(**quantities):
    """Item (with a leading underscore) → a number, a pair of quantity and cost, or None for a state."""
    return {code.lstrip("_"): _statement(value) for code, value in quantities.items()}


def _statement(value):
    quantity, cost = value if isinstance(value, tuple) else (value, None)
    return Statement(*(None if part is None else Decimal(str(part)) for part in (quantity, cost)))


def test_an_unanswered_required_item_is_an_error_that_says_what_to_do():
    assert errors(stated(_110=5), ["110", "120"], NAMES) == [
        Finding(
            "required",
            "120",
            Severity.ERROR,
            "水尚未填写。请填数量；没有此项时选“不适用”，有而未装表时选“未计量”。",
        )
    ]


def test_zero_and_the_states_are_answers():
    assert errors(stated(_110=0, _120=None), ["110", "120"], NAMES) == []


@pytest.mark.parametrize(
    ("quantities", "item", "sentence"),
    [
        (
            {"_150": 10, "_1501": 4, "_1502": 5},
            "150",
            "汽油(合计)应等于汽油—车辆用油、汽油—其他用油之和 9，现为 10。",
        ),
        (
            {"PV": 1300, "PV1": 1000, "PV2": 200},
            "PV",
            "太阳能光伏发电量应等于光伏自用电量、光伏上网电量之和 1,200，现为 1,300。",
        ),
        ({"_104": 2, "_1041": 2, "_1043": 1}, "104", "车辆总量 2 不应小于汽油车、柴油车、新能源车合计 3。"),
        ({"_103": 10, "_1031": 11}, "103", "用能人数 10 不应小于编制人数合计 11。"),
        ({"_110": 100, "_240": 120}, "110", "电 100 不应小于机房用电量合计 120。"),
        ({"_102": 50, "_201": 60}, "102", "建筑面积 50 不应小于机房面积合计 60。"),
    ],
)
def test_what_contradicts_itself_is_an_error(quantities, item, sentence):
    [finding] = errors(stated(**quantities), [], NAMES)
    assert (finding.item, finding.severity, finding.message) == (item, Severity.ERROR, sentence)


def test_a_total_that_its_parts_make_up_is_fine():
    whole = stated(_150=9, _1501=4, _1502=5, _104=3, _1041=2, _1043=1, _110=100, _240=100)
    assert errors(whole, [], NAMES) == []


def warned(now, newest=None, last_year=None):
    earlier = Earlier(date(2025, 2, 1), stated(**newest)) if newest else None
    found = warnings(stated(**now), earlier, stated(**(last_year or {})), NAMES)
    return [(finding.rule, finding.item) for finding in found]


def test_a_unit_price_outside_its_band_is_a_warning():
    assert warned({"_110": (100, 30)}) == []
    assert warned({"_110": (100, "29.99")}) == [("unit-price", "110")]
    assert warned({"_110": (100, 151)}) == [("unit-price", "110")]


def test_area_that_moved_by_more_than_a_tenth_is_a_warning():
    assert warned({"_102": 110}, newest={"_102": 100}) == []
    assert warned({"_102": 111}, newest={"_102": 100}) == [("steady", "102")]


def test_a_move_of_the_area_names_the_month_it_is_held_against():
    newest = Earlier(date(2026, 8, 1), stated(_102=100))
    [warning] = warnings(stated(_102=121), newest, {}, NAMES)
    assert warning.message == "建筑面积比2026年8月变化 +21.0 %，超过 10 %。请核对，并在说明中写明原因。"


def test_area_without_an_approved_month_before_is_not_held_against_anything():
    assert warnings(stated(_102=121), None, stated(_102=100), NAMES) == []


def test_use_is_held_against_the_same_month_last_year():
    assert warned({"_110": 130}, last_year={"_110": 100}) == []
    assert warned({"_110": 131}, last_year={"_110": 100}) == [("last-year", "110")]
    assert warned({"_110": 131}, newest={"_110": 100}) == []


@pytest.mark.parametrize("quantity", [1000_000, 10_000_000, "0.9"])
def test_a_factor_of_a_thousand_is_taken_for_a_slip_of_the_unit(quantity):
    assert warned({"_110": quantity}, last_year={"_110": 1000}) == [("unit-slip", "110")]


def test_vehicle_fuel_without_vehicles_is_a_warning():
    assert warned({"_104": 0, "_1501": 20}) == [("fuel-without-vehicle", "104")]
    assert warned({"_104": 0, "_1501": None}) == []


def test_a_change_from_nothing_or_from_the_unknown_is_unknown():
    assert change(stated(_110=5), stated(_110=4), "110") == Decimal("0.25")
    assert change(stated(_110=5), stated(_110=0), "110") is None
    assert change(stated(_110=None), stated(_110=4), "110") is None
    assert change({}, stated(_110=4), "110") is None
