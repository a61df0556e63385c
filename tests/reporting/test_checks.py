"""The rule engine's table, its errors, cost beside quantity, dates, and which limit holds."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.checks import (
    RULES,
    Finding,
    Limit,
    Limits,
    Month,
    Place,
    Severity,
    Statement,
    change,
    check,
    errors,
    limits_with,
    warnings,
)

NAMES = {
    "102": "建筑面积", "103": "用能人数", "1031": "编制人数", "104": "车辆总量", "1041": "汽油车", "1042": "柴油车",
    "1043": "新能源车", "110": "电", "120": "水", "140": "天然气", "150": "汽油(合计)", "1501": "汽油—车辆用油",
    "1502": "汽油—其他用油", "1601": "柴油—车辆用油", "201": "机房面积", "240": "机房用电量",
    "2401": "IT设备用电量", "2402": "空调用电量", "2403": "配电及附属用电量", "PV": "太阳能光伏发电量",
    "PV1": "光伏自用电量", "PV2": "光伏上网电量",
}  # fmt: skip
UNITS = {"110": "kWh", "120": "m³", "140": "m³", "102": "m²", "103": "人", "104": "辆", "PV": "kWh"}
MARCH = date(2025, 3, 1)


def stated(**quantities):
    """Item (with a leading underscore) → a number, a pair of quantity and cost, None for 未计量, or a Statement."""
    return {code.lstrip("_"): _statement(value) for code, value in quantities.items()}


def _statement(value):
    if isinstance(value, Statement):
        return value
    quantity, cost = value if isinstance(value, tuple) else (value, None)
    return Statement(*(None if part is None else Decimal(str(part)) for part in (quantity, cost)))


def month(facts=None, /, **quantities):
    """A month with these quantities; `facts` are further fields of the Month."""
    given = {"names": NAMES, "units": UNITS, "limits": limits_with(), "day": MARCH, "today": date(2025, 4, 5)}
    return Month(stated(**quantities), **(given | (facts or {})))


def places(findings):
    return [(finding.rule, finding.item) for finding in findings]


def test_the_documented_table_is_the_table_of_rules():
    text = (Path(__file__).resolve().parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    assert rows[2:] == [
        [rule.slug, rule.title, str(rule.severity), rule.what, rule.source, rule.mark or "—"]
        for rule in RULES.values()
    ]


def test_every_rule_fits_its_column_and_yields_only_to_rules_that_there_are():
    assert all(len(slug) <= 24 for slug in RULES)
    for rule in RULES.values():
        assert rule.yields_to | rule.yields_anywhere_to <= set(RULES) - {rule.slug}
        assert {item for item, _type in rule.shipped} <= set(rule.items)
        assert bool(rule.shipped) == bool(rule.meaning) == bool(rule.ground)


# Errors


def test_an_unanswered_required_item_is_an_error_that_says_what_to_do():
    assert errors(month({"required": ("110", "120")}, _110=5)) == [
        Finding(
            "required",
            "120",
            Severity.ERROR,
            "水尚未填写。请填数量；没有此项时选“不适用”，有而未装表时选“未计量”。",
            "数量、“不适用”或“未计量”",
            "公共机构能源资源消费统计调查制度 [B]",
        )
    ]


def test_zero_and_the_states_are_answers():
    absent = Statement(None, is_absent=True)
    assert errors(month({"required": ("110", "120", "140")}, _110=0, _120=None, _140=absent)) == []


@pytest.mark.parametrize(
    ("quantities", "item", "sentence", "expected"),
    [
        ({"_110": "-1"}, "110", "电不能为负，请填 0 或更大的数。", "0 或更大的数"),
        (
            {"_150": 10, "_1501": 4, "_1502": 5},
            "150",
            "汽油(合计)应等于汽油—车辆用油、汽油—其他用油之和 9，现为 10。",
            "9",
        ),
        (
            {"PV": 1300, "PV1": 1000, "PV2": 200},
            "PV",
            "太阳能光伏发电量应等于光伏自用电量、光伏上网电量之和 1,200，现为 1,300。",
            "1,200 kWh",
        ),
        (
            {"_104": 2, "_1041": 2, "_1043": 1},
            "104",
            "车辆总量 2 不应小于汽油车、柴油车、新能源车合计 3。",
            "不低于 3 辆",
        ),
        ({"_103": 10, "_1031": 11}, "103", "用能人数 10 不应小于编制人数合计 11。", "不低于 11 人"),
        ({"_110": 100, "_240": 120}, "110", "电 100 不应小于机房用电量合计 120。", "不低于 120 kWh"),
        ({"_102": 50, "_201": 60}, "102", "建筑面积 50 不应小于机房面积合计 60。", "不低于 60 m²"),
    ],
)
def test_what_contradicts_itself_is_an_error(quantities, item, sentence, expected):
    [finding] = errors(month(**quantities))
    assert (finding.item, finding.severity, finding.message) == (item, Severity.ERROR, sentence)
    assert finding.expected == expected


def test_a_total_that_its_parts_make_up_is_fine():
    assert errors(month(_150=9, _1501=4, _1502=5, _104=3, _1041=2, _1043=1, _110=100, _240=100)) == []


def test_in_a_sum_what_does_not_apply_is_nothing_and_what_was_not_metered_is_unknown():
    absent = Statement(None, is_absent=True)
    assert places(errors(month(_150=9, _1501=4, _1502=absent))) == [("sum", "150")]
    assert errors(month(_150=9, _1501=4, _1502=None)) == []


def test_a_month_can_be_submitted_from_its_last_day_on():
    assert errors(month({"today": date(2025, 3, 31)}, _110=1)) == []
    [finding] = errors(month({"today": date(2025, 3, 30)}, _110=1))
    assert (finding.rule, finding.message) == ("future-month", "2025年3月尚未结束，3月31日起才能提交。")
    assert places(errors(month({"day": date(2025, 12, 1)}, _110=1))) == [("future-month", "110")]


def test_the_month_in_which_an_institution_closes_is_its_last():
    assert errors(month({"closed_on": date(2025, 3, 1)}, _110=1)) == []
    [finding] = errors(month({"closed_on": date(2025, 2, 28)}, _110=1))
    assert (finding.rule, finding.expected) == ("closed-month", "不晚于2025年2月")
    assert finding.message == "本机构已于2025年2月28日退出名录，不应再有2025年3月的数据。"


# Cost beside quantity: the four cases


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (Statement(Decimal(2000), Decimal(1200), is_paid=True), None),
        (Statement(Decimal(2000), is_paid=False), None),
        (Statement(None, Decimal(1200), is_paid=True), None),
        (Statement(None, is_paid=False), None),
        (Statement(Decimal(2000), Decimal(1200)), None),
        (Statement(Decimal(0)), None),
        (Statement(None, is_absent=True), None),
        (Statement(Decimal(2000)), "电有数量而没有费用。请填费用，或选“不付费”。"),
        (Statement(None), "电未计量而没有费用。请填费用，或选“不付费”。"),
        (Statement(Decimal(2000), is_paid=True), "电选了“付费”，但没有费用。请补填费用，或写明原因。"),
        (Statement(None, is_paid=True), "电选了“付费”，但没有费用。请补填费用，或写明原因。"),
        (Statement(Decimal(0), Decimal(300)), "电数量为 0，却有费用 300 元。"),
        (Statement(None, Decimal(300), is_absent=True), "电不适用，却有费用 300 元。"),
    ],
)
def test_cost_and_quantity_go_together_or_one_of_the_four_cases_is_stated(statement, sentence):
    found = [finding for finding in warnings(month(_110=statement)) if finding.rule == "cost"]
    assert [finding.message for finding in found] == ([sentence] if sentence else [])


# Limits


LAST_YEAR = "last-year"


def limit_of(rows, item="110", type_code="021"):
    return limits_with([(Place(LAST_YEAR, *place), Limit(high=Decimal(high))) for place, high in rows]).of(
        LAST_YEAR, item, type_code
    )


def test_shipped_limits_hold_until_the_bureau_sets_one():
    assert limit_of([]) == Limit(high=Decimal("0.3"), floor=Decimal(800))
    assert limit_of([], item="nothing") == Limit()


def test_the_closest_fit_holds_and_of_two_as_close_the_newer():
    assert limit_of([(("110",), "0.5"), (("110",), "0.6")]).high == Decimal("0.6")
    assert limit_of([(("110", "021"), "0.5"), (("110",), "0.6")]).high == Decimal("0.5")
    assert limit_of([(("110", "024"), "0.5")]).high == Decimal("0.3")
    assert limit_of([(("", "021"), "0.5"), ((), "0.9")], item="other").high == Decimal("0.5")
    assert limit_of([((), "0.9")], item="other").high == Decimal("0.9")
    assert limit_of([((), "0.9")]).high == Decimal("0.3")


PLACES = st.tuples(st.sampled_from(["", "110", "120"]), st.sampled_from(["", "01", "021"]))


@given(st.lists(st.tuples(PLACES, st.integers(1, 99))), st.sampled_from(["110", "120"]))
def test_the_limit_in_force_is_always_one_that_was_set_for_the_item_and_type_or_wider(rows, item):
    limits = Limits((Place("r", *place), Limit(high=Decimal(high))) for place, high in rows)
    fitting = [(place, high) for place, high in rows if place[0] in ("", item) and place[1] in ("", "021")]
    found = limits.of("r", item, "021").high
    if not fitting:
        assert found is None
        return
    closest = max(fitting, key=lambda row: (bool(row[0][0]), bool(row[0][1])))[0]
    assert found == [high for place, high in fitting if place == closest][-1]


def test_a_limit_without_bounds_switches_the_rule_off():
    grown = {"_110": (13100, 7000)}
    earlier = {"last_year": stated(_110=10000)}
    assert places(warnings(month(earlier, **grown))) == [("last-year", "110")]
    off = limits_with([(Place(LAST_YEAR, "110"), Limit())])
    assert warnings(month(earlier | {"limits": off}, **grown)) == []


def test_the_bureaus_limit_moves_the_edge_and_the_sentence():
    wide = limits_with([(Place(LAST_YEAR, "110", "021"), Limit(high=Decimal("0.5")))])
    facts = {"last_year": stated(_110=10000), "limits": wide, "type_code": "021"}
    assert warnings(month(facts, _110=(15000, 9000))) == []
    [finding] = warnings(month(facts, _110=(15001, 9000)))
    assert finding.message == "电比上年同月变化 +50.0 %，超过 50 %。"
    assert places(warnings(month(facts | {"type_code": "01"}, _110=(15000, 9000)))) == [("last-year", "110")]


def test_a_change_from_nothing_or_from_the_unknown_is_unknown():
    assert change(stated(_110=5), stated(_110=4), "110") == Decimal("0.25")
    assert change(stated(_110=5), stated(_110=0), "110") is None
    assert change(stated(_110=None), stated(_110=4), "110") is None
    assert change({}, stated(_110=4), "110") is None


QUANTITIES = st.dictionaries(
    st.sampled_from(["102", "103", "104", "110", "120", "140", "1501", "PV"]),
    st.one_of(st.none(), st.decimals(0, 10**9, places=4)),
)


@given(QUANTITIES, QUANTITIES, QUANTITIES)
def test_whatever_is_stated_each_rule_speaks_once_an_item_and_names_its_source(now, last_month, last_year):
    def stating(quantities):
        return {code: Statement(quantity) for code, quantity in quantities.items()}

    facts = {"last_month": stating(last_month), "last_year": stating(last_year), "type_code": "01"}
    found = check(Month(stating(now), NAMES, UNITS, limits=limits_with(), **facts))
    assert len(places(found)) == len(set(places(found)))
    assert all(finding.source and finding.message and len(finding.expected) <= 120 for finding in found)
