"""What pages show of a figure, beside what the numbers of its lineage make."""

import math
from dataclasses import dataclass

# What a stored measure (`measures.MEASURES`) is called where it differs.
WORDS = {
    "": "数值",
    "_base": "基准年",
    "_change": "变化率",
    "_base_filed": "原报基准年",
    "_change_filed": "较原报基准年变化率",
    "_denominator": "变化率中分母的部分",
    "_yoy": "较上年变化率",
    "_rolling": "滚动12个月",
    "_roll_change": "滚动12个月变化率",
    "_low": "变化率下限",
    "_high": "变化率上限",
}


@dataclass(frozen=True)
class Difference:
    """A stored number that the numbers given here do not make."""

    name: str
    stored: float | None
    made: float | None


def differences(row, measure, comparison):
    """Where nothing is stored, only the value can differ from it: no page shows anything else."""
    made = comparison.columns if measure.is_indicator and row else {"": comparison.value.value}
    of_row = {ending: getattr(row, f"{measure.slug}{ending}") if row else None for ending in made}
    return [
        Difference(WORDS[ending], of_row[ending], made[ending])
        for ending in made
        if not is_same(made[ending], of_row[ending])
    ]


def of(row, measure):
    """Value, base and change as they are stored, each None where it is not."""
    if row is None:
        return None, None, None
    if not measure.is_indicator:
        return getattr(row, measure.slug), None, None
    return row.value(measure.slug), row.base(measure.slug), row.change(measure.slug)


def is_same(made, stored):
    if made is None or stored is None:
        return made is stored
    return math.isclose(made, stored, rel_tol=1e-9, abs_tol=1e-12)
