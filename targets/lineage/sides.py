"""A figure taken apart: the numbers of each of its measures, as the kernels themselves chose and summed them."""

from dataclasses import dataclass

import numpy as np

from .. import blocks, cards, groups, measures, sums
from ..indicators import MONTHS, QUANTITIES, known
from ..models import GroupPanel
from .bounds import Bounds, bounds_of


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


NOTHING = Term([], None, None, None, None)


@dataclass(frozen=True)
class Against:
    """Two sides over the same months; change: a fraction of the base."""

    now: Term
    base: Term
    change: float | None


@dataclass(frozen=True)
class ChangeParts:
    """by_denominator = −log_mean × denominator_growth; by_numerator is the rest of the change.

    ratio: of the year to the base year, of which log_mean is (ratio − 1) ÷ ln ratio. The growths are ln(N₁ ÷ N₀) and
    ln(D₁ ÷ D₀). A numerator that fell to 0 has none of them: it makes the whole change.
    """

    ratio: float | None
    numerator_growth: float | None
    denominator_growth: float | None
    log_mean: float | None
    by_numerator: float | None
    by_denominator: float | None


@dataclass(frozen=True)
class RollingYear:
    """Twelve months: those of this year and, for the others, those of the year before."""

    this_year: list[int]
    last_year: list[int]
    now: Term
    base: Term
    change: float | None

    @property
    def this_year_in_words(self):
        return cards.months_in_words(self.this_year)

    @property
    def last_year_in_words(self):
        return cards.months_in_words(self.last_year)


@dataclass(frozen=True)
class Comparison:
    """compared, base: both over the months known in both years. filed: the base year before any restatement.

    previous: against the year before; only indicators are compared.
    """

    value: Term
    compared: Term | None = None
    base: Term | None = None
    change: float | None = None
    compared_filed: Term | None = None
    base_filed: Term | None = None
    change_filed: float | None = None
    parts: ChangeParts | None = None
    previous: Against | None = None
    rolling: RollingYear | None = None
    bounds: Bounds | None = None

    @property
    def is_restated(self):
        return self.base is not None and self.base.value != self.base_filed.value

    @property
    def columns(self):
        """Name of a stored measure (`measures.MEASURES`) → the number that is given for it here."""
        of_base = {"_base": self.base, "_base_filed": self.base_filed}
        return {
            "": self.value.value,
            **{name: each and each.value for name, each in of_base.items()},
            "_change": self.change,
            "_change_filed": self.change_filed,
            "_denominator": self.parts and self.parts.by_denominator,
            "_yoy": self.previous and self.previous.change,
            "_rolling": self.rolling and self.rolling.now.value,
            "_roll_change": self.rolling and self.rolling.change,
            "_low": self.bounds and self.bounds.low,
            "_high": self.bounds and self.bounds.high,
        }


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


def value_alone(parts, measure, panel):
    """The figure of one owner's year without any comparison. parts: of one row, or None where nothing is stored."""
    if parts is None:
        return NOTHING
    if not measure.is_indicator:
        return _total(parts, measure, panel)
    return _picked(measures.own(_sides(parts, panel).own), measure.row)


def compare(parts, measure, panel, *, has_base):
    """The figure of one owner. parts: of one row, or None where nothing is stored."""
    value = value_alone(parts, measure, panel)
    if parts is None or not measure.is_indicator:
        return Comparison(value)
    sides, row = _sides(parts, panel), measure.row
    apart = measures.taken_apart(sides)
    previous, rolling = _against(apart.previous, row), _rolling(apart.rolling, row)
    if not has_base:
        return Comparison(value, previous=previous, rolling=rolling)
    base, filed = _against(apart.base, row), _against(apart.base_filed, row)
    return Comparison(
        value,
        *(base.now, base.base, base.change),
        *(filed.now, filed.base, filed.change),
        parts=_parts(apart.base.split, base, row),
        previous=previous,
        rolling=rolling,
        bounds=bounds_of(sides, apart.bounds, row),
    )


def _sides(parts, panel):
    return (sums.comparable_sides if panel == GroupPanel.COMPARABLE else sums.all_sides)(parts)


def _picked(term, row):
    """One indicator of a kernel's term of one owner."""
    months = [int(month) + 1 for month in np.flatnonzero(term.window[0, row])]
    if not months:
        return NOTHING
    top, bottom = float(term.numerator[0, row]), float(term.denominator[0, row])
    return Term(months, top, bottom, bottom / len(months), known(term.value[0, row]))


def _against(compared, row):
    change = known(compared.change[0, row])
    return Against(_picked(compared.now, row), _picked(compared.base, row), change)


def _parts(split, base, row):
    part = known(split.by_denominator[0, row])
    rest = None if part is None or base.change is None else base.change - part
    if part is None or not base.now.numerator:
        return ChangeParts(None, None, None, None, rest, part)
    made_of = (split.numerator_growth, split.denominator_growth, split.log_mean)
    return ChangeParts(1.0 + base.change, *(float(each[0, row]) for each in made_of), rest, part)


def _rolling(rolling, row):
    is_this_year = rolling.is_this_year[0, row]
    this_year, last_year = (
        [int(month) + 1 for month in np.flatnonzero(chosen)] for chosen in (is_this_year, ~is_this_year)
    )
    now, base = _picked(rolling.now, row), _picked(rolling.base, row)
    return RollingYear(this_year, last_year, now, base, known(rolling.change[0, row]))


def _total(parts, measure, panel):
    name = "comparable_quantities" if panel == GroupPanel.COMPARABLE else "quantities"
    by_month, is_known = parts[name][0, :, QUANTITIES.index(measure.slug)]
    months = [month + 1 for month in range(MONTHS) if is_known[month] > 0]
    if not months:
        return NOTHING
    total = float(by_month[is_known > 0].sum())
    return Term(months, total, None, None, total / len(months) if measure.is_stock else total)
