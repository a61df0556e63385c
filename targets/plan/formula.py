"""What the plan's tasks count, as text that the bureau can read and change: parsed and evaluated.

    count vehicle where nev = 1
    sum project.area_m2 where nature = 改造 and stage = 已验收
    any title in force where kind = 节约型机关 and organ = 1
    distinct canteen_check.canteen this year where kind = 抽查
    reduction kgce_per_m2

Pure. A source is a table of rows of institutions, each with its first and last day: see docs/plan.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Aggregate(StrEnum):
    COUNT = "count"  # how many rows
    ANY = "any"  # 1 for an institution with a row: over a group the number of institutions
    SUM = "sum"  # of a number of the rows; unknown where one of them is
    DISTINCT = "distinct"  # how many different values of a field
    REDUCTION = "reduction"  # of one of the four indicators against the base year: not a sum of rows


class Span(StrEnum):
    TO_DATE = ""  # begun within the plan period, up to the day asked about
    THIS_YEAR = "this year"
    THREE_YEARS = "three years"  # this year and the two before
    IN_FORCE = "in force"  # begun, and not ended, on the day asked about
    IN_BASE_YEAR = "in base year"  # begun, and not ended, on the last day of the base year
    PLANNED = "planned"  # as TO_DATE, with what has no day yet


class Comparison(StrEnum):
    EQUAL = "="
    UNLIKE = "!="
    LEAST = ">="
    MOST = "<="
    ABOVE = ">"
    BELOW = "<"


@dataclass(frozen=True)
class Condition:
    """A field compared; several values are alternatives, for = and != alone."""

    field: str
    comparison: Comparison
    values: tuple[str, ...]


@dataclass(frozen=True)
class Formula:
    """`field` is empty where rows are counted; of a reduction the source is the indicator."""

    aggregate: Aggregate
    source: str
    field: str = ""
    span: Span = Span.TO_DATE
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Table:
    """The rows of a source: `owners` (n,) index of the institution; days (n,) datetime64[D], NaT for none.

    fields: name → (n,), of float64 (NaN unknown) for numbers, of str for words.
    """

    owners: NDArray[np.int64]
    days: NDArray[np.datetime64]
    ends: NDArray[np.datetime64]
    fields: Mapping[str, NDArray[np.float64] | NDArray[np.str_]]


@dataclass(frozen=True)
class Moment:
    """The day that is asked about, with the plan period that judges it."""

    base_year: int
    as_of: date


_SPANS = "|".join(span for span in Span if span)
_PATTERN = re.compile(
    rf"(?P<aggregate>\w+) (?P<source>\w+)(?:\.(?P<field>\w+))?(?: (?P<span>{_SPANS}))?(?: where (?P<where>.+))?"
)
_CONDITION = re.compile(r"(?P<field>\w+) (?P<comparison>!=|>=|<=|=|>|<) (?P<values>\S.*)")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WITH_FIELD = {Aggregate.SUM, Aggregate.DISTINCT}


def parse(text: str) -> Formula:
    """The formula that a text states. Raises ValueError with a sentence for the person who wrote it."""
    found = _PATTERN.fullmatch(" ".join(text.split()))
    if found is None or found["aggregate"] not in set(Aggregate):
        raise ValueError(
            f"看不懂“{text}”：应为 count、any、sum、distinct 或 reduction，空格，来源"
            "（sum、distinct 加“.字段”），可加期间（this year 等）和“where 字段 = 值”。"
        )
    aggregate = Aggregate(found["aggregate"])
    if (aggregate in _WITH_FIELD) != bool(found["field"]):
        needs = "须写“来源.字段”" if aggregate in _WITH_FIELD else "只写来源，不写字段"
        raise ValueError(f"“{text}”：{aggregate} {needs}。")
    if aggregate == Aggregate.REDUCTION and (found["span"] or found["where"]):
        raise ValueError(f"“{text}”：reduction 只写指标，期间和条件由指标本身决定。")
    conditions = tuple(map(_condition, found["where"].split(" and "))) if found["where"] else ()
    return Formula(aggregate, found["source"], found["field"] or "", Span(found["span"] or ""), conditions)


def _condition(text: str) -> Condition:
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"看不懂条件“{text}”：应为“字段 = 值”，比较号为 =、!=、>=、<=、>、< 之一，两边空格。"
        )
    comparison = Comparison(found["comparison"])
    values = tuple(value.strip() for value in found["values"].split("|"))
    if not all(values) or any(" " in value for value in values):
        raise ValueError(
            f"看不懂条件“{text}”的值：应为一个值，或用“|”分隔的几个值，值内没有空格；"
            "条件之间用“and”，期间（this year 等）写在 where 之前。"
        )
    if comparison not in (Comparison.EQUAL, Comparison.UNLIKE):
        _number(found["values"])
    return Condition(found["field"], comparison, values)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"“{text}”应为数字：>=、<=、>、< 和数字字段只比较数字。")
    return float(text)


def check(formula: Formula, fields: Mapping[str, bool]) -> None:
    """Raises ValueError, with what would be accepted, where the formula asks another thing of a source than it has.

    fields: name → whether numbers stand in it, else words.
    """
    for name in filter(None, (formula.field, *(each.field for each in formula.conditions))):
        if name not in fields:
            raise ValueError(f"“{formula.source}”没有字段“{name}”，可用：{'、'.join(fields)}。")
    if formula.aggregate == Aggregate.SUM and not fields[formula.field]:
        numbers = [name for name, is_number in fields.items() if is_number]
        raise ValueError(f"“{formula.field}”是文字，不能 sum；可用：{'、'.join(numbers)}。")
    for condition in formula.conditions:
        if fields[condition.field]:
            for value in condition.values:
                _number(value)
        elif condition.comparison not in (Comparison.EQUAL, Comparison.UNLIKE):
            raise ValueError(f"字段“{condition.field}”是文字，只能用 = 或 != 比较。")


def evaluate(formula: Formula, table: Table, owners: int, moment: Moment) -> Floats:
    """The formula's value for each of `owners` institutions, (owners,): 0 where no row fits, NaN where unknown.

    Raises ValueError for a field that the table does not have, and for a reduction, which is no sum of rows.
    """
    if formula.aggregate == Aggregate.REDUCTION:
        raise ValueError("A reduction is read from the figures.")
    fits = within(formula.span, table, moment)
    for condition in formula.conditions:
        fits &= _holds(condition, table)
    whose = table.owners[fits]
    if formula.aggregate == Aggregate.COUNT:
        return np.bincount(whose, minlength=owners).astype(np.float64)
    if formula.aggregate == Aggregate.ANY:
        return (np.bincount(whose, minlength=owners) > 0).astype(np.float64)
    values = _column(formula.field, table)[fits]
    if formula.aggregate == Aggregate.SUM:
        return np.asarray(np.bincount(whose, values.astype(np.float64), owners), dtype=np.float64)
    named = {(int(owner), str(value)) for owner, value in zip(whose, values, strict=True)}
    # What is unknown or left empty is no value.
    counted = [owner for owner, value in named if value not in ("", "nan")]
    return np.asarray(np.bincount(counted, minlength=owners), dtype=np.float64)


def within(span: Span, table: Table, moment: Moment) -> Flags:
    """Which rows the span takes, (n,)."""
    as_of = np.datetime64(moment.as_of, "D")
    if span == Span.IN_BASE_YEAR:
        as_of = np.datetime64(f"{moment.base_year}-12-31", "D")
    begun: Flags = table.days <= as_of
    if span in (Span.IN_FORCE, Span.IN_BASE_YEAR):
        return begun & (np.isnat(table.ends) | (table.ends >= as_of))
    first = {
        Span.THIS_YEAR: moment.as_of.year,
        Span.THREE_YEARS: moment.as_of.year - 2,
    }.get(span, moment.base_year + 1)
    fits: Flags = begun & (table.days >= np.datetime64(f"{first}-01-01", "D"))
    return fits | np.isnat(table.days) if span == Span.PLANNED else fits


def _column(name: str, table: Table) -> NDArray[np.float64] | NDArray[np.str_]:
    if name not in table.fields:
        raise ValueError(f"没有字段“{name}”，可用：{'、'.join(table.fields)}。")
    return table.fields[name]


def _holds(condition: Condition, table: Table) -> Flags:
    """Whether the condition holds of each row, (n,): of what is unknown or left empty, never."""
    values = _column(condition.field, table)
    if np.issubdtype(values.dtype, np.floating):
        return _compares(condition, values.astype(np.float64))
    if condition.comparison not in (Comparison.EQUAL, Comparison.UNLIKE):
        raise ValueError(f"字段“{condition.field}”是文字，只能用 = 或 != 比较。")
    is_one: Flags = np.isin(values, condition.values)
    return (~is_one & (values != "")) if condition.comparison == Comparison.UNLIKE else is_one


def _compares(condition: Condition, values: Floats) -> Flags:
    limits = [_number(value) for value in condition.values]
    first = limits[0]
    known: Flags = ~np.isnan(values)
    holds: dict[Comparison, Flags] = {
        Comparison.EQUAL: np.isin(values, limits),
        Comparison.UNLIKE: ~np.isin(values, limits),
        Comparison.LEAST: values >= first,
        Comparison.MOST: values <= first,
        Comparison.ABOVE: values > first,
        Comparison.BELOW: values < first,
    }
    return known & holds[condition.comparison]
