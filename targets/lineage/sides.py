"""A figure taken apart: numerator, denominator and months of this year and of the base year, by the same kernels."""

from dataclasses import dataclass

import numpy as np

from .. import blocks, cards, groups, measures, sums
from ..indicators import MONTHS, QUANTITIES, known
from ..models import GroupPanel


@dataclass(frozen=True)
class Term:
    """Σ numerator ÷ (Σ denominator ÷ months) = value; without a denominator the sum, or a stock's mean, itself."""

    months: list[int]
    numerator: float | None
    denominator_sum: float | None
    denominator: float | None
    value: float | None

    @property
    def months_in_words(self):
        return cards.months_in_words(self.months)


@dataclass(frozen=True)
class Comparison:
    """compared, base: both over the months known in both years. filed: the base year before any restatement."""

    value: Term
    compared: Term | None = None
    base: Term | None = None
    change: float | None = None
    compared_filed: Term | None = None
    base_filed: Term | None = None
    change_filed: float | None = None

    @property
    def is_restated(self):
        return self.base is not None and self.base.value != self.base_filed.value


def parts_of_groups(kind, keys, year, basis):
    """Key → the group's parts, folded from what the blocks add up to."""
    found = groups.folded(basis.rule_set, year, keys)
    return {key: sums.unpacked(row[np.newaxis]) for (of, key), row in found.items() if of == kind}


def parts_of_institutions(loaded, year, basis):
    """Institution id → its parts of the year; loaded: blocks.Loaded or None."""
    if loaded is None or year not in loaded.years:
        return {}
    ((_, parts),) = blocks.parts_by_year(loaded, basis, {year})
    return {
        int(agency): {name: values[row : row + 1] for name, values in parts.items()}
        for row, agency in enumerate(loaded.agencies)
        if loaded.approved[row, year - loaded.first_year].any()
    }


def compare(parts, measure, panel, *, has_base):
    """The figure of one owner. parts: of one row, or None where nothing is stored."""
    if parts is None:
        return Comparison(Term([], None, None, None, None))
    if not measure.is_indicator:
        return Comparison(_total(parts, measure, panel))
    own, base, own_filed, base_filed = _sides(parts, panel)
    value = _ratio(own, measures.counted(own), measure.row)
    if not has_base:
        return Comparison(value)
    compared, then, change = _against(own, base, measure.row)
    compared_filed, then_filed, change_filed = _against(own_filed, base_filed, measure.row)
    return Comparison(value, compared, then, change, compared_filed, then_filed, change_filed)


def _sides(parts, panel):
    if panel == GroupPanel.COMPARABLE:
        pairs = parts["with_base"][0], parts["with_base_filed"][0]
        return pairs[0][0], pairs[0][1], pairs[1][0], pairs[1][1]
    return parts["own"][0], parts["base"][0], parts["own"][0], parts["base_filed"][0]


def _against(now, then, row):
    window = measures.counted(now) * measures.counted(then)
    change = measures.compared(now, then).change[row]
    return _ratio(now, window, row), _ratio(then, window, row), known(change)


def _ratio(of, window, row):
    months = [int(month) + 1 for month in np.flatnonzero(window[row])]
    if not months:
        return Term([], None, None, None, None)
    top = float((of[measures.NUMERATOR] * window)[row].sum())
    bottom = float((of[measures.DENOMINATOR] * window)[row].sum())
    value = known(measures.intensity(of, window)[row])
    return Term(months, top, bottom, bottom / len(months), value)


def _total(parts, measure, panel):
    name = "comparable_quantities" if panel == GroupPanel.COMPARABLE else "quantities"
    by_month, is_known = parts[name][0, :, QUANTITIES.index(measure.slug)]
    months = [month + 1 for month in range(MONTHS) if is_known[month] > 0]
    if not months:
        return Term([], None, None, None, None)
    total = float(by_month[is_known > 0].sum())
    return Term(months, total, None, None, total / len(months) if measure.is_stock else total)
