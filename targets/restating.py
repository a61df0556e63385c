"""The base year after a merger, split, move, re-survey or change of definition, made from the base year before it.

Pure. A base is an array (12 months, items of PANEL_ITEMS) of filed quantities, NaN where unknown.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reporting.panels import COLUMN

Floats = NDArray[np.float64]

AREA, PEOPLE = "102", "103"
# What an institution uses, as against what it is: these are scaled when it moves.
USAGE = tuple(code for code in COLUMN if code not in {AREA, PEOPLE, "1031", "104", "1041", "1042", "1043"})


def merged(
    survivor: Floats, absorbed: Floats, survivor_owes: Floats, absorbed_owes: Floats
) -> tuple[Floats, Floats]:
    """Base and expected months (12,) of the survivor: item by item the sum, unknown where a part is unknown.

    An institution that did not owe a month adds nothing to it. The absorbed one is in the base no more.
    """
    parts = [
        np.where((owes == 0)[:, np.newaxis] & np.isnan(base), 0.0, base)
        for base, owes in ((survivor, survivor_owes), (absorbed, absorbed_owes))
    ]
    return parts[0] + parts[1], np.maximum(survivor_owes, absorbed_owes)


def split(source: Floats, share: float) -> tuple[Floats, Floats]:
    """(what stays, what goes to the new institution): `share` (0 to 1, both excluded) of every item goes.

    Raises ValueError for another share.
    """
    if not 0 < share < 1:
        raise ValueError(f"A share of {share} is not between 0 and 1.")
    return source * (1 - share), source * share


def stated(base: Floats, values: Mapping[str, float]) -> Floats:
    """The base with these items (code → quantity a month) the same in all months: a re-surveyed area, other people."""
    found = base.copy()
    for code, value in values.items():
        found[:, COLUMN[code]] = _not_negative(value)
    return found


def scaled(base: Floats, factors: Mapping[str, float]) -> Floats:
    """The base with these items multiplied (code → factor). Raises ValueError for a negative factor."""
    found = base.copy()
    for code, factor in factors.items():
        found[:, COLUMN[code]] *= _not_negative(factor)
    return found


def moved(base: Floats, values: Mapping[str, float], usage: float) -> Floats:
    """The base as it would have been in the new place: `values` stated, energy and water multiplied by `usage`."""
    return stated(scaled(base, dict.fromkeys(USAGE, usage)), values)


def _not_negative(value: float) -> float:
    if not value >= 0:
        raise ValueError(f"{value} is not 0 or more.")
    return value
