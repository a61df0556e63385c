"""The formulas of the plan's tasks, over a table of five rows worked by hand."""

from datetime import date

import numpy as np
import pytest

from targets.plan.formula import Moment, Table, check, evaluate, parse

# Base 2020, asked about on the last day of 2025; the rows of three institutions.
MOMENT = Moment(2020, date(2025, 12, 31))
NAT = "NaT"
ROWS = [
    # owner, begun, ended, kind, area
    (0, "2020-12-31", NAT, "改造", 100.0),
    (0, "2021-01-01", NAT, "改造", 200.0),
    (1, "2025-12-31", "2026-05-01", "新建", 400.0),
    (1, "2023-06-30", "2024-06-30", "改造", 800.0),
    (2, NAT, NAT, "新建", np.nan),
]
OWNERS, DAYS, ENDS, KINDS, AREAS = zip(*ROWS, strict=True)
TABLE = Table(
    np.array(OWNERS),
    np.array(DAYS, dtype="datetime64[D]"),
    np.array(ENDS, dtype="datetime64[D]"),
    {"kind": np.array(KINDS), "area": np.array(AREAS), "empty": np.array(["", "甲", "乙", "甲", ""])},
)


def value(text, moment=MOMENT):
    return evaluate(parse(text), TABLE, 3, moment).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What began in the base year is not of the period; the first and the last day are.
        ("count project", [1, 2, 0]),
        ("any project", [1, 1, 0]),
        ("sum project.area", [200, 1200, 0]),
        ("distinct project.kind", [1, 2, 0]),
        ("count project this year", [0, 1, 0]),
        ("count project three years", [0, 2, 0]),
        # Ended in 2024 is not in force; ending next year is.
        ("count project in force", [2, 1, 0]),
        ("count project in base year", [1, 0, 0]),
        ("count project planned", [1, 2, 1]),
    ],
)
def test_each_aggregate_and_span_takes_its_rows(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("kind = 改造", [1, 1, 0]),
        ("kind = 改造|新建", [1, 2, 1]),
        ("kind != 改造", [0, 1, 1]),
        # What is left empty is neither like nor unlike anything.
        ("empty != 甲", [0, 1, 0]),
        ("area >= 400", [0, 2, 0]),
        ("area > 400", [0, 1, 0]),
        ("area <= 400", [1, 1, 0]),
        ("area < 400", [1, 0, 0]),
        ("area = 200|400", [1, 1, 0]),
        # Unknown is not unlike.
        ("area != 200", [0, 2, 0]),
        ("kind = 新建 and area >= 400", [0, 1, 0]),
    ],
)
def test_a_condition_holds_of_what_is_known(condition, expected):
    assert value(f"count project planned where {condition}") == expected


def test_a_sum_over_an_unknown_number_is_unknown_and_zero_without_rows():
    found = value("sum project.area planned where kind = 新建")

    assert found[:2] == [0, 400]
    assert np.isnan(found[2])


def test_what_begins_after_the_day_asked_about_does_not_count_yet():
    assert value("count project", Moment(2020, date(2025, 12, 30))) == [1, 1, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("average project.area", "应为 count、any、sum、distinct 或 reduction"),
        ("sum project", "须写“来源.字段”"),
        ("count project.area", "只写来源"),
        ("count project where kind", "应为“字段 = 值”"),
        ("count project where area >= 很多", "应为数字"),
        ("count project next year", "看不懂"),
        # What would otherwise be swallowed as part of the value, and match nothing.
        ("count project where kind = 改造 or kind = 新建", "值内没有空格"),
        ("count project where kind = 改造 this year", "期间（this year 等）写在 where 之前"),
        ("count project where kind = 改造 and", "值内没有空格"),
        ("count project where kind = 改造|", "用“|”分隔"),
        ("count project where area > nan", "应为数字"),
        ("reduction kgce_per_m2 this year", "只写指标"),
        ("reduction kgce_per_m2 where type = 024", "只写指标"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_would_be_accepted(text, said):
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_what_is_left_empty_or_unknown_is_no_different_value():
    assert value("distinct project.empty planned") == [1, 2, 0]
    assert value("distinct project.area planned") == [1, 2, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sum project.kind", "“kind”是文字，不能 sum；可用：area。"),
        ("sum project.size", "“project”没有字段“size”，可用：kind、area。"),
        ("count project where area = 很多", "“很多”应为数字"),
        ("count project where kind > 3", "字段“kind”是文字"),
    ],
)
def test_what_a_source_cannot_answer_is_found_before_anything_is_counted(text, said):
    with pytest.raises(ValueError, match=said):
        check(parse(text), {"kind": False, "area": True})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sum project.size", "没有字段“size”，可用：kind、area、empty"),
        ("count project where kind > 3", "是文字"),
        ("reduction kgce_per_m2", "read from the figures"),
    ],
)
def test_what_the_table_cannot_answer_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        value(text)
