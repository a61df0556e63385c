"""Whether a rival stored what the product stored: every column of every row, equal to 1e-9."""

from dataclasses import dataclass

import numpy as np
from django.db import connection

from targets.indicators import QUANTITIES

from .rivals.tables import RESULTS, result_table

TOLERANCE = 1e-9
MONTHS = 12
# Row numbers, and the moment of computing: all that two right results may differ in.
NOT_COMPARED = {"id", "computed_at"}
KEYS = {"Figure": ("agency_id", "year"), "GroupFigure": ("kind", "key", "panel", "year")}


class NotEqual(Exception):
    """The first column and row in which a rival differs from the product."""


@dataclass
class Compared:
    rows: int = 0
    values: int = 0
    greatest: float = 0.0


def compare(rival):
    """Raises NotEqual; returns how much was compared and the greatest difference, relative where numbers exceed 1."""
    found = Compared()
    for model in RESULTS:
        keys = KEYS[model.__name__]
        for year in _years(model):
            ours = _columns(model, model._meta.db_table, year, keys)
            theirs = _columns(model, result_table(rival, model), year, keys)
            _compare_year(f"{rival} {model.__name__} {year}", keys, ours, theirs, found)
    return found


def _years(model):
    return list(model.objects.order_by("year").values_list("year", flat=True).distinct())


def _columns(model, table, year, keys):
    """Column name → values of the year's rows, in the order of the keys."""
    names = [field.column for field in model._meta.concrete_fields if field.column not in NOT_COMPARED]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE year = %s ORDER BY {', '.join(keys)}", [year]
        )
        columns = list(zip(*cursor.fetchall(), strict=True))
    return dict(zip(names, columns, strict=False))


def _compare_year(place, keys, ours, theirs, found):
    for key in keys:
        if ours.get(key) != theirs.get(key):
            raise NotEqual(
                f"{place}: other rows, {len(theirs.get(key, ()))} instead of {len(ours.get(key, ()))}."
            )
    found.rows += len(ours[keys[0]])
    for name in ours.keys() - set(keys):
        one, other = _numbers(ours[name]), _numbers(theirs[name])
        scale = np.maximum(1.0, np.abs(one))
        difference = np.where(np.isnan(one) & np.isnan(other), 0.0, np.abs(one - other) / scale)
        # Unknown on one side only is NaN, and not within any tolerance.
        wrong = np.argwhere(~(difference <= TOLERANCE))
        if len(wrong):
            at = tuple(wrong[0])
            row = [ours[key][at[0]] for key in keys]
            raise NotEqual(f"{place} {row} {name}: {other[at]} instead of {one[at]}.")
        found.values += one.size
        found.greatest = max(found.greatest, float(difference.max()))


def _numbers(values):
    """Floats, NaN for NULL; packed months as (n, 8, 12)."""
    if isinstance(values[0], memoryview):
        return np.frombuffer(b"".join(map(bytes, values)), "<f8").reshape(
            len(values), len(QUANTITIES), MONTHS
        )
    if isinstance(values[0], list):
        return np.array(values, dtype=np.float64).swapaxes(1, 2)
    return np.array(values, dtype=np.float64)
