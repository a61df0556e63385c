"""Layout of a panel: which items it holds, and how a month of filed lines becomes a row of numbers.

Pure: NumPy arrays and plain values, no database.
"""

import numpy as np
from numpy.typing import NDArray

from .accounting.exact import FUEL_TOTALS

# The order is the storage layout: append at the end, never reorder.
PANEL_ITEMS = (
    "102", "103", "1031", "104", "1041", "1042", "1043",
    "105", "110", "120", "130", "140", "150", "1501", "1502", "160", "1601", "1602", "170", "180",
    "PV", "PV1", "PV2", "240", "2401",
)  # fmt: skip
COLUMN = {code: column for column, code in enumerate(PANEL_ITEMS)}
MONTHS = 12

_STORED = np.dtype("<f8")


def empty() -> NDArray[np.float64]:
    """A year of which nothing is known: NaN everywhere, shape (12, items)."""
    return np.full((MONTHS, len(PANEL_ITEMS)), np.nan)


def pack(values: NDArray[np.float64]) -> bytes:
    """The array (12, items) as little-endian float64 bytes, one bit pattern for NaN."""
    return np.where(np.isnan(values), np.nan, values).astype(_STORED).tobytes()


def unpack(packed: bytes) -> NDArray[np.float64]:
    """The writable array (12, items) of `pack`. Raises ValueError for a wrong length."""
    return np.frombuffer(bytes(packed), dtype=_STORED).reshape(MONTHS, len(PANEL_ITEMS)).astype(np.float64)


def month_row(quantities: dict[str, float | None], asked: set[str]) -> NDArray[np.float64]:
    """One approved month as a row, shape (items,).

    `quantities` maps the filed items to their number; None is an item that was filed as not metered (unknown).
    An item filed as not applicable comes as 0.0. An item that the month's edition did not ask for counts 0: it
    was outside the statistics then. An asked item that was not answered stays NaN.
    """
    row = np.array([_cell(code, quantities, asked) for code in PANEL_ITEMS], dtype=np.float64)
    for total, parts in FUEL_TOTALS.items():
        row[[COLUMN[code] for code in (total, *parts)]] = _split(total, parts, quantities, row)
    return row


def _cell(code: str, quantities: dict[str, float | None], asked: set[str]) -> float:
    if code in quantities:
        value = quantities[code]
        return np.nan if value is None else value
    return np.nan if code in asked else 0.0


def _split(
    total: str, parts: tuple[str, ...], quantities: dict[str, float | None], row: NDArray[np.float64]
) -> list[float]:
    """Total and parts so that their sum counts each litre once."""
    if any(part in quantities for part in parts):
        return [0.0, *(float(row[COLUMN[part]]) for part in parts)]
    if total in quantities:
        return [float(row[COLUMN[total]]), *(0.0 for _ in parts)]
    return [float(row[COLUMN[code]]) for code in (total, *parts)]
