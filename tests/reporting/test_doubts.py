"""What looks unlikely, each rule at its edge and beyond: prices, slips of the unit, changes, intensity, copies."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.accounting import rules as accounting
from reporting.checks import Earlier, Limit, Place, Statement, limits_with, slip, warnings
from reporting.checks.intensity import KGCE_PER_UNIT
from reporting.checks.slips import mended

from .test_checks import month, places, stated

FREE = {"is_paid": False}


def free(quantity):
    """A quantity that is not paid for: nothing to say about its cost."""
    return Statement(Decimal(str(quantity)), **FREE)


def said(facts=None, /, **quantities):
    return places(warnings(month(facts, **quantities)))


def one(facts=None, /, **quantities):
    [finding] = warnings(month(facts, **quantities))
    return finding


# Unit prices


@pytest.mark.parametrize(
    ("code", "inside", "outside"),
    [
        ("_110", ("300", "1500"), ("299.99", "1500.01")),
        ("_120", ("2000", "8000"), ("1999.99", "8000.01")),
        ("_140", ("2000", "6000"), ("1999.99", "6000.01")),
        ("_1501", ("5000", "12000"), ("4999.99", "12000.01")),
        ("_1602", ("5000", "12000"), ("4999.99", "12000.01")),
    ],
)
def test_a_unit_price_outside_its_band_is_a_warning(code, inside, outside):
    assert [said(**{code: (1000, cost)}) for cost in inside] == [[], []]
    assert [said(**{code: (1000, cost)}) for cost in outside] == [[("unit-price", code[1:])]] * 2


def test_a_price_says_its_band_and_source():
    finding = one(_120=(100, 900))
    assert finding.message == "水单价 9 元，通常在 2—8 元。请核对数量与费用的单位。"
    assert (finding.expected, finding.source) == ("2—8 元/m³", "平台默认值，待局核定 [U]")


def test_what_is_not_paid_for_has_no_price():
    assert said(_110=Statement(Decimal(1000), Decimal(0), is_paid=False)) == []


# Slips of the unit


@pytest.mark.parametrize(
    ("now", "meant"),
    [
        (1_000_000, "1000"), (10_000_000, "1000"), ("0.1", "1000"), ("0.09", "900"), (1_500_000, "1500"),
    ],
)  # fmt: skip
def test_a_factor_of_a_thousand_against_last_year_is_a_slip_and_the_likely_value_is_offered(now, meant):
    finding = one({"last_year": stated(_110=1000)}, _110=free(now))
    assert (finding.rule, finding.suggestion, finding.expected) == (
        "unit-slip",
        Decimal(meant),
        "500—1,500 kWh",
    )


def test_beyond_half_as_much_again_it_is_no_slip_but_a_wrong_number():
    assert said({"last_year": stated(_110=1000)}, _110=free(1_500_001)) == [("data-error", "110")]


def test_a_slip_is_told_with_what_it_is_held_against():
    facts = {"last_year": stated(_110=39000)}
    assert one(facts, _110=(4, 24000)).message == (
        "电约为上年同月的 1/10000，疑为单位填错（如万kWh 与 kWh），可能应为 40,000 kWh。"
    )
    assert "（如千m³ 与 m³）" in one({"last_year": stated(_120=900)}, _120=free("0.9")).message
    facts = {"newest": Earlier(date(2024, 12, 1), stated(_102=5000))}
    assert one(facts, _102="0.5").message.startswith("建筑面积约为2024年12月的 1/10000")


def test_without_history_the_cost_tells_a_slip():
    """2.5 万kWh for 15 500 yuan: 6 200 yuan per kWh; ×10⁴ gives 0.62."""
    finding = one(_110=("2.5", 15500))
    assert (finding.rule, finding.suggestion) == ("unit-slip", Decimal(25000))
    assert finding.expected == "10,333.33—51,666.67 kWh"


def test_without_history_and_cost_the_type_s_usual_use_tells_a_slip():
    """Organs use 3.67 to 33.06 kgce/m² a year: of 6 000 m², 14 944 to 134 500 kWh a month."""
    facts = {"type_code": "01"}
    finding = one(facts, _110=free("4.2"), _102=6000)
    assert (finding.rule, finding.item, finding.suggestion) == ("unit-slip", "110", Decimal(42000))
    assert said(facts, _110=free(42000), _102=6000) == []
    assert said({"type_code": "026"}, _110=free("4.2"), _102=6000) == []


def test_a_cost_in_ten_thousands_is_told_from_a_quantity_that_is_as_it_was():
    """40 000 kWh as last year for 2.48 (万元): the quantity stands, the cost was meant as 24 800 yuan."""
    finding = one({"last_year": stated(_110=39000)}, _110=(40000, "2.48"))
    assert (finding.rule, finding.suggestion, finding.suggested_cost) == ("cost-slip", None, Decimal(24800))
    assert finding.expected == "12,000—60,000 元"
    assert one(_110=(40000, "2.48")).rule == "cost-slip"


def test_a_quantity_in_watts_for_its_cost_is_told_from_a_cost_by_history():
    facts = {"last_year": stated(_110=40000)}
    finding = one(facts, _110=(40_000_000, 24800))
    assert (finding.rule, finding.suggestion) == ("unit-slip", Decimal(40000))


def test_a_slip_hides_what_follows_from_it():
    facts = {"last_year": stated(_110=42000), "type_code": "01"}
    assert said(facts, _110=("4.2", 26000), _102=6000, _103=100) == [("unit-slip", "110")]


@given(st.decimals("0.01", 10**6, places=2), st.sampled_from([1000, 10000]), st.booleans())
def test_what_was_typed_in_a_wrong_unit_is_mended_to_what_was_meant(meant, factor, is_larger):
    typed = meant * factor if is_larger else meant / factor
    assert mended(typed, meant * Decimal("0.5"), meant * Decimal("1.5")) == meant


@given(st.decimals("0.01", 10**6, places=2), st.decimals("0.01", 10**6, places=2))
def test_a_value_in_its_range_is_never_mended_and_a_mended_one_always_lies_in_it(value, middle):
    low, high = middle * Decimal("0.5"), middle * Decimal("1.5")
    found = mended(value, low, high)
    assert found is None or (low <= found <= high and not low <= value <= high)


def test_the_factor_of_a_slip_in_words():
    assert [slip(Decimal(ratio)) for ratio in ("1000", "0.0001", "1", "100")] == [
        "1000 倍",
        "1/10000",
        None,
        None,
    ]


# Changes


def test_use_is_held_against_the_same_month_last_year():
    facts = {"last_year": stated(_110=10000)}
    assert said(facts, _110=free(13000)) == []
    finding = one(facts, _110=free(13001))
    assert (finding.rule, finding.message) == ("last-year", "电比上年同月变化 +30.0 %，超过 30 %。")
    assert finding.expected == "7,000—13,000 kWh（上年同月 ±30 %）"
    assert said(facts, _110=free(7000)) == []
    assert said(facts, _110=free(6999)) == [("last-year", "110")]


def test_below_its_floor_a_change_says_nothing():
    facts = {"last_year": stated(_110=1000)}
    assert said(facts, _110=free(1799)) == []
    assert said(facts, _110=free(1800)) == [("last-year", "110")]
    assert said({"last_year": stated(_120=100)}, _120=free(199)) == []


def test_last_month_is_asked_where_last_year_is_not_known():
    last_month = {"last_month": stated(_110=10000)}
    assert said(last_month, _110=free(13000)) == []
    assert said(last_month, _110=free(13001)) == [("last-month", "110")]
    assert said(last_month | {"last_year": stated(_110=13000)}, _110=free(13001)) == []
    assert said(last_month | {"last_year": stated(_110=None)}, _110=free(13001)) == [("last-month", "110")]


def test_three_times_as_much_or_a_third_is_the_edge_of_a_likely_error():
    facts = {"last_year": stated(_110=9000)}
    assert said(facts, _110=free(27000)) == [("last-year", "110")]
    assert said(facts, _110=free(27001)) == [("data-error", "110")]
    assert said(facts, _110=free(3000)) == [("last-year", "110")]
    assert said(facts, _110=free(2999)) == [("data-error", "110")]
    assert said({"last_month": stated(_110=9000)}, _110=free(27001)) == [("data-error", "110")]
    assert one(facts, _110=free(27001)).expected == "3,000—27,000 kWh"


def test_a_measured_zero_after_use_is_a_change_and_the_unknown_is_none():
    facts = {"last_year": stated(_110=9000)}
    assert said(facts, _110=0) == [("last-year", "110")]
    assert said(facts, _110=Statement(None, **FREE)) == []
    assert said(facts, _110=Statement(None, is_absent=True)) == []
    assert said(facts) == []


def test_area_that_moved_by_more_than_a_tenth_is_a_warning():
    newest = {"newest": Earlier(date(2025, 2, 1), stated(_102=1000, _103=40))}
    assert said(newest, _102=1100, _103=44) == []
    assert said(newest, _102=1101) == [("steady", "102")]
    assert said(newest, _103=45) == [("steady", "103")]
    assert said(newest, _103=36) == []


def test_a_few_square_metres_or_people_are_below_the_floor():
    newest = {"newest": Earlier(date(2025, 2, 1), stated(_102=50, _103=8))}
    assert said(newest, _102="59.99", _103=10) == []
    assert said(newest, _102=60, _103=11) == [("steady", "102"), ("steady", "103")]


def test_a_move_of_the_area_names_the_month_it_is_held_against():
    newest = {"newest": Earlier(date(2026, 8, 1), stated(_102=100))}
    assert one(newest, _102=121).message == (
        "建筑面积比2026年8月变化 +21.0 %，超过 10 %。请核对；属实请说明原因。"
    )


def test_area_without_an_approved_month_before_is_not_held_against_anything():
    assert said({"last_year": stated(_102=100)}, _102=121) == []


# Intensity


def test_energy_per_area_outside_a_third_to_three_times_the_type_s_average():
    """Schools: 3.28 kgce/m² a year, so 1.0933 to 9.84. 1 000 m² use 0.82 t a month at most: 6 672 kWh."""
    facts = {"type_code": "021"}
    assert said(facts, _110=free(6672), _102=1000) == []
    finding = one(facts, _110=free(6673), _102=1000)
    assert (finding.rule, finding.item) == ("energy-per-area", "102")
    assert finding.message.startswith("单位建筑面积能耗折合全年 9.84 kgce/m²")
    assert (finding.expected, finding.source) == (
        "全年 1.09—9.84 kgce/m²",
        "广东省2021年公共机构能耗均值 [A]",
    )
    assert said(facts, _110=free(742), _102=1000) == []
    assert said(facts, _110=free(741), _102=1000) == [("energy-per-area", "102")]


def test_vehicle_fuel_counts_per_person_and_not_per_area():
    """Organs: 397.34 kgce/人 a year, at most 1 192.02; 10 people, a month: 993.35 kgce."""
    facts = {"type_code": "01"}
    fuel = {"_110": free(4000), "_104": 1, "_102": 1000, "_103": 10}
    assert said(facts, **fuel, _1501=free(467)) == []
    assert said(facts, **fuel, _1501=free(468)) == [("energy-per-person", "103")]


def test_water_per_person():
    """Hospitals: 55.87 m³/人 a year, so 18.6233 to 167.61; of 100 people 155.2 to 1 396.75 m³ a month."""
    facts = {"type_code": "024"}
    assert said(facts, _120=free("1396.75"), _103=100) == []
    assert said(facts, _120=free("1396.76"), _103=100) == [("water-per-person", "120")]
    assert said(facts, _120=free("155.1"), _103=100) == [("water-per-person", "120")]


def test_what_is_not_known_has_no_intensity():
    facts = {"type_code": "021"}
    assert said(facts, _110=free(1), _102=50000) == [("energy-per-area", "102")]
    assert said(facts, _110=free(1), _140=Statement(None, **FREE), _102=50000) == []
    assert said(facts, _110=Statement(None, is_absent=True), _102=1000) == []
    assert said(facts, _110=free(6673), _102=0) == []
    assert said({"type_code": "022"}, _110=free(6673), _102=1000) == []


def test_coal_coefficients_are_those_of_the_shipped_set():
    carriers = {
        "110": "electricity", "130": "coal", "140": "natural_gas", "105": "lpg", "1501": "petrol", "1502": "petrol",
        "1601": "diesel", "1602": "diesel", "170": "heat", "180": "other",
    }  # fmt: skip
    rows = Path(accounting.__file__).with_name("rows") / "coefficients.csv"
    cells = [line.split(",") for line in rows.read_text(encoding="utf-8").splitlines()]
    shipped = {row[1]: Decimal(row[3]) for row in cells if row[0] == "chongqing-2015"}
    assert {code: shipped[carrier] for code, carrier in carriers.items()} == KGCE_PER_UNIT


# Vehicles


def test_vehicle_fuel_without_vehicles_is_a_warning():
    assert said(_104=0, _1501=free(20)) == [("fuel-without-vehicle", "104")]
    assert said(_104=0, _1501=Statement(None, **FREE)) == []
    assert said(_104=1, _1501=free(20)) == []


def test_vehicles_without_fuel_are_a_warning_unless_they_are_electric():
    absent = Statement(None, is_absent=True)
    assert said(_104=2, _1043=1, _1501=0, _1601=absent) == [("vehicle-without-fuel", "104")]
    assert said(_104=2, _1043=2, _1501=0, _1601=absent) == []
    assert said(_104=2, _1501=Statement(None, **FREE), _1601=absent) == []
    assert said(_104=2) == []


# Copies


def test_all_figures_as_the_month_before_are_a_copy():
    before = {"last_month": stated(_110=9000, _120=90, _102=800)}
    finding = one(before, _110=free(9000), _120=free(90), _102=900)
    assert (finding.rule, finding.item) == ("same-as-last-month", "110")
    assert finding.message.startswith("电、水与上月完全相同")
    assert said(before, _110=free(9000), _120=free(91)) == []
    assert said(before, _110=free(9000), _120=free(90), _140=free(1)) == []


def test_one_equal_figure_may_be_chance():
    assert said({"last_month": stated(_110=9000)}, _110=free(9000)) == []


def test_figures_of_another_institution_are_told_without_its_name():
    finding = one({"twins": 2}, _110=free(9000), _120=free(90))
    assert (finding.rule, finding.item) == ("same-as-another", "110")
    assert finding.message == "电、水与本月另外 2 个机构完全相同，疑为误填他处数据。请核对。"


@given(st.integers(1, 10**6), st.sampled_from([Decimal("0.3"), Decimal("0.5"), Decimal(1)]))
def test_a_change_speaks_exactly_beyond_its_limit(then, high):
    wide = limits_with([(Place("last-year", "110"), Limit(high=high))])
    facts = {"last_year": stated(_110=then), "limits": wide}
    edge = then * (1 + high)
    assert said(facts, _110=free(edge)) == []
    assert said(facts, _110=free(edge + Decimal("0.0001"))) == [("last-year", "110")]
