"""Institutions' years and their sums per group: the parts that every figure of a year is made from.

Pure. The parts of one institution and year are arrays of fixed shape (PARTS) that simply add up, so that a group can be
summed per block of institutions, in any order, and folded. An institution's own figures come from the same parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .indicators import FLOWS, INDICATORS, MONTHS, QUANTITIES, STOCKS, Boundary, Floats, Months, mean, total
from .measures import COUNT, Comparison, bounded_months, filled, measured, paired, side, whole

_SIDE = (3, len(INDICATORS), MONTHS)
_FILLED = (5, len(INDICATORS), MONTHS)
_QUANTITIES = (2, len(QUANTITIES), MONTHS)
# What is kept of a year; see `parts`. The order is the storage layout.
PARTS: dict[str, tuple[int, ...]] = {
    "own": _SIDE,
    "previous": _SIDE,
    "base": _SIDE,
    "base_filed": _SIDE,
    "with_base": (2, *_SIDE),
    "with_base_filed": (2, *_SIDE),
    "with_previous": (2, *_SIDE),
    "rolling_before": (2, *_SIDE),
    "filled": _FILLED,
    "filled_base": _FILLED,
    "quantities": _QUANTITIES,
    "comparable_quantities": _QUANTITIES,
    "coverage": (3, MONTHS),
    "institutions": (3,),
}
EXPECTED, APPROVED, SUBMITTED = range(3)
REGISTERED, COUNTED, COMPARABLE = range(3)
_SIZES = {name: int(np.prod(shape)) for name, shape in PARTS.items()}
WIDTH = sum(_SIZES.values())
# Stands for the base year of a year that has none: no block reaches there.
NO_YEAR = -9
_KGCE = QUANTITIES.index("kgce")

Parts = dict[str, Floats]


@dataclass(frozen=True)
class Block:
    """Some institutions over a run of years without gaps.

    months: (n, years, 8, 12), NaN where unknown; expected, approved, submitted: (n, years, 12) of 0 and 1.
    """

    first_year: int
    months: Floats
    expected: Floats
    approved: Floats
    submitted: Floats

    @property
    def years(self) -> range:
        return range(self.first_year, self.first_year + self.months.shape[1])


@dataclass(frozen=True)
class Restated:
    """The base year as it counts for one later year: months (n, 8, 12), expected (n, 12)."""

    months: Floats
    expected: Floats


def parts_by_year(
    block: Block,
    base_years: Mapping[int, int],
    restated: Mapping[int, Restated],
    boundary: Boundary,
    wanted: Sequence[int],
) -> Iterator[tuple[int, Parts]]:
    """(year, parts) of each wanted year; base_years: year → its base year; restated: year → another base for it."""
    sides = side(Months.unpacked(block.months), boundary)
    empty = np.zeros_like(sides[:, 0])

    def at(year: int) -> Floats:
        return sides[:, year - block.first_year] if year in block.years else empty

    def expected_in(year: int) -> Floats:
        inside = year in block.years
        return block.expected[:, year - block.first_year] if inside else np.zeros_like(block.expected[:, 0])

    for year in wanted:
        base_year = base_years.get(year, NO_YEAR)
        base, base_expected = at(base_year), expected_in(base_year)
        if year in restated:
            base = side(Months.unpacked(restated[year].months), boundary)
            base_expected = restated[year].expected
        yield (
            year,
            _parts(
                block,
                year - block.first_year,
                own=at(year),
                previous=at(year - 1),
                base=base,
                base_filed=at(base_year),
                filled=filled(at(year), expected_in(year), at(year - 1), at(year + 1)),
                filled_base=filled(base, base_expected, at(base_year - 1), at(base_year + 1)),
            ),
        )


def _parts(block: Block, column: int, **sides: Floats) -> Parts:
    months = block.months[:, column]
    own, base = sides["own"], sides["base"]
    with_base = paired(own, base)
    is_filed_base = base is sides["base_filed"]
    comparable = with_base[:, 0, COUNT, 2:3]
    coverage = np.stack(
        [block.expected[:, column], block.approved[:, column], block.submitted[:, column]], axis=1
    )
    is_counted = ~np.isnan(months[:, _KGCE])
    flags = [coverage[:, EXPECTED], is_counted.astype(np.float64), comparable[:, 0]]
    return sides | {
        "with_base": with_base,
        "with_base_filed": with_base if is_filed_base else paired(own, sides["base_filed"]),
        "with_previous": paired(own, sides["previous"]),
        "rolling_before": paired(sides["previous"], base),
        "quantities": _known_sums(months),
        "comparable_quantities": _known_sums(np.where(comparable > 0, months, np.nan)),
        "coverage": coverage,
        "institutions": np.stack([(flag > 0).any(axis=-1) for flag in flags], axis=1).astype(np.float64),
    }


def _known_sums(months: Floats) -> Floats:
    known = ~np.isnan(months)
    return np.stack([np.where(known, months, 0.0), known.astype(np.float64)], axis=1)


def summed(parts: Parts, groups: Floats) -> Floats:
    """The parts of each group as one row, shape (groups, WIDTH); groups: (groups, n) of 0 and 1."""
    packed = np.empty((groups.shape[0], WIDTH))
    members = [_places(row) for row in groups]
    start = 0
    places: dict[int, int] = {}
    for name, size in _SIZES.items():
        end = start + size
        # A base that was never restated is the filed one: the same array, summed once.
        if (same := places.setdefault(id(parts[name]), start)) < start:
            packed[:, start:end] = packed[:, same : same + size]
        else:
            values = parts[name].reshape(len(parts[name]), size)
            # Row by row, so that a group's sum is the same to the last bit whichever groups are summed with it.
            for row, of in enumerate(members):
                np.add.reduce(values[of], axis=0, out=packed[row, start:end])
        start = end
    return packed


def _places(member: Floats) -> NDArray[np.intp] | slice:
    """Where the members are; a run without gaps, as a register lists a department, needs no copy of its rows."""
    places = np.flatnonzero(member)
    first, end = int(places[0]), int(places[-1]) + 1
    return slice(first, end) if end - first == len(places) else places


def unpacked(packed: Floats) -> Parts:
    """The inverse of the layout of `summed`: (groups, WIDTH) → parts."""
    found, start = {}, 0
    for name, size in _SIZES.items():
        found[name] = packed[:, start : start + size].reshape(packed.shape[0], *PARTS[name])
        start += size
    return found


def all_sides(parts: Parts) -> Comparison:
    """Everything known now against everything known in the base year, over the months known in both."""
    return Comparison(
        own=parts["own"],
        base=(parts["own"], parts["base"]),
        base_filed=(parts["own"], parts["base_filed"]),
        previous=(parts["own"], parts["previous"]),
        rolling_before=(parts["previous"], parts["base"]),
        bounds=(parts["filled"], parts["filled_base"]),
    )


def comparable_sides(parts: Parts) -> Comparison:
    """The institution-months known in both years only; nothing of them is missing, so the bounds are the change."""
    pairs = {
        name: (parts[name][:, 0], parts[name][:, 1])
        for name in ("with_base", "with_base_filed", "with_previous", "rolling_before")
    }
    own, base = pairs["with_base"]
    return Comparison(
        own=own,
        base=pairs["with_base"],
        base_filed=pairs["with_base_filed"],
        previous=pairs["with_previous"],
        rolling_before=pairs["rolling_before"],
        bounds=(whole(own), whole(base)),
    )


def all_figures(parts: Parts) -> dict[str, Floats]:
    """Columns of `all_sides`."""
    return _totals(quantity_sums(parts["quantities"])) | measured(all_sides(parts))


def comparable_figures(parts: Parts) -> dict[str, Floats]:
    """Columns of `comparable_sides`."""
    return _totals(quantity_sums(parts["comparable_quantities"])) | measured(comparable_sides(parts))


def quantity_sums(quantities: Floats) -> Floats:
    """Sums of the known months, (n, 8, 12) from (n, 2, 8, 12); NaN where none is known."""
    return np.where(quantities[:, 1] > 0, quantities[:, 0], np.nan)


def compared_months(parts: Parts) -> Floats:
    """Months whose energy per area is known in both years, (n, 12) of 0 and 1."""
    return (parts["with_base"][:, 0, COUNT, 0] > 0).astype(np.float64)


def months_within_bounds(parts: Parts) -> Floats:
    """Months that are known or bounded in both years for every indicator, (n, 12) of 0 and 1."""
    return bounded_months(parts["filled"], parts["filled_base"])


def _totals(sums: Floats) -> dict[str, Floats]:
    flows = {name: total(sums[:, QUANTITIES.index(name)]) for name in FLOWS}
    return flows | {name: mean(sums[:, QUANTITIES.index(name)]) for name in STOCKS}
