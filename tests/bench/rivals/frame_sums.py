"""pandas: sums over an owner's months, and the measures from them; the same for an institution and for a group.

The names of columns are those of the SQL rival: n d of the year, bn bd of its base year, qn qd of the year before,
lo hi fd with missing months filled, loose where nothing bounds a month.
"""

import io
from binascii import hexlify

import numpy as np
import pandas as pd
from django.db import connection

from .definitions import INDICATORS, MEASURES, QUANTITIES, STOCKS

MONTH_BITS = 1 << np.arange(12)


def beside(frame, base, before):
    """The months of a year beside those of its base year and of the year before; all three of the same owners."""
    parts = [f"{part}_{k}" for part in ("n", "d", "lo", "hi", "fd", "loose") for k in INDICATORS]
    previous = [f"{part}_{k}" for part in ("n", "d") for k in INDICATORS]
    return pd.concat([frame, base[parts].add_prefix("b"), before[previous].add_prefix("q")], axis=1)


def span_sums(m, owner, own="", base="b", now="", previous="q", before="q", before_base="b", reached=None):
    """Sums over the months of each owner; the words before n and d name the pairs, as in the SQL rival."""
    month = m.index.get_level_values("month").to_numpy()
    parts = {}
    for k in INDICATORS:
        a, ad, b, bd = (m[f"{pair}{part}_{k}"] for pair in (own, base) for part in ("n", "d"))
        p, pd_, q, qd = (m[f"{pair}{part}_{k}"] for pair in (now, previous) for part in ("n", "d"))
        both, with_previous = a.notna() & b.notna(), p.notna() & q.notna()
        is_now = month <= reached[k]
        t, td = a.where(is_now, m[f"{before}n_{k}"]), ad.where(is_now, m[f"{before}d_{k}"])
        s, sd = b.where(is_now, m[f"{before_base}n_{k}"]), bd.where(is_now, m[f"{before_base}d_{k}"])
        values = {
            "vn": a, "vd": ad, "vc": a.notna(),
            "an": a.where(both), "ad": ad.where(both), "bn": b.where(both), "bd": bd.where(both), "ab": both,
            "pn": p.where(with_previous), "pd": pd_.where(with_previous),
            "qn": q.where(with_previous), "qd": qd.where(with_previous),
            "tn": t, "td": td, "tc": t.notna(), "sn": s, "sd": sd, "sc": s.notna(),
        }  # fmt: skip
        parts |= {f"{name}_{k}": value for name, value in values.items()}
    return pd.DataFrame(parts).astype(float).groupby(level=owner).sum()


def bound_sums(m, owner):
    parts = {}
    for k in INDICATORS:
        inside = m[f"lo_{k}"].notna() & m[f"blo_{k}"].notna()
        for part in ("lo", "hi", "fd", "blo", "bhi", "bfd"):
            parts[f"{part}_{k}"] = m[f"{part}_{k}"].where(inside)
        parts[f"loose_{k}"] = m[f"loose_{k}"] + m[f"bloose_{k}"].fillna(0.0)
    return pd.DataFrame(parts).groupby(level=owner).sum()


def measures(s, *, is_bounded):
    """The columns of MEASURE_COLUMNS from the sums of a span; unbounded, the bounds are the change itself."""
    found = {}
    for k in INDICATORS:
        own, base, value = (ratio(s[f"{part}n_{k}"], s[f"{part}d_{k}"]) for part in "vba")
        now, before = (ratio(s[f"{part}n_{k}"], s[f"{part}d_{k}"]) for part in "pq")
        year = ratio(s[f"tn_{k}"], s[f"td_{k}"]).where(s[f"tc_{k}"] == 12)
        base_year = ratio(s[f"sn_{k}"], s[f"sd_{k}"]).where(s[f"sc_{k}"] == 12)
        base_shown, change = base * s[f"ab_{k}"], ratio(value, base) - 1
        columns = (
            own * s[f"vc_{k}"], base_shown, change, base_shown, change, denominator_part(s, k),
            ratio(now, before) - 1, year * 12, ratio(year, base_year) - 1,
            *(bounds(s, k) if is_bounded else (change, change)),
        )  # fmt: skip
        found |= {f"{k}{name}": column for name, column in zip(MEASURES, columns, strict=True)}
    return pd.DataFrame(found)


def denominator_part(s, k):
    """docs/figures.md, denominator part."""
    top_base, bottom_base, top, bottom = (s[f"{part}_{k}"] for part in ("bn", "bd", "an", "ad"))
    with np.errstate(divide="ignore", invalid="ignore"):
        widened = np.log(bottom / bottom_base)
        grown = np.log(top / top_base) - widened
        mean = (np.expm1(grown) / grown).where(grown != 0, 1.0)
    is_usable = (top_base > 0) & (bottom_base > 0) & (bottom > 0)
    return (-mean * widened).where(top > 0, 0.0).where(is_usable)


def bounds(s, k):
    """The least and the greatest change."""
    is_tight = s[f"loose_{k}"] == 0
    low, high = (ratio(s[f"{part}_{k}"], s[f"fd_{k}"]) for part in ("lo", "hi"))
    base_low, base_high = (ratio(s[f"{part}_{k}"], s[f"bfd_{k}"]) for part in ("blo", "bhi"))
    return (ratio(low, base_high) - 1).where(is_tight), (ratio(high, base_low) - 1).where(is_tight)


def ratio(top, bottom):
    return top / bottom.where(bottom > 0)


def totals(m, owner, prefix=""):
    grouped = m[[f"{prefix}{name}" for name in QUANTITIES]].groupby(level=owner)
    found = grouped.sum(min_count=1)
    found[[f"{prefix}{name}" for name in STOCKS]] = grouped[[f"{prefix}{name}" for name in STOCKS]].mean()
    return found.set_axis(list(QUANTITIES), axis=1)


def month_bits(flags, owner):
    """Series or frame of 0 and 1 by month → bit masks by owner."""
    return flags.mul(MONTH_BITS[flags.index.get_level_values("month") - 1], axis=0).groupby(level=owner).sum()


def bounded_months(m):
    inside = [m[f"lo_{k}"].notna() & m[f"blo_{k}"].notna() for k in INDICATORS]
    loose = [(m[f"loose_{k}"] > 0) | (m[f"bloose_{k}"] > 0) for k in INDICATORS]
    return (np.logical_and.reduce(inside) & ~np.logical_or.reduce(loose)).astype(int)


def packed(m, prefix=""):
    """The months of each owner as hexadecimal text of a bytea; the rows come owner by owner, month by month."""
    values = m[[f"{prefix}{name}" for name in QUANTITIES]].to_numpy("<f8").reshape(-1, 12, len(QUANTITIES))
    row = np.ascontiguousarray(values.swapaxes(1, 2)).reshape(len(values), -1)
    texts = np.frombuffer(hexlify(row.tobytes()), f"S{row.shape[1] * 16}").astype(str)
    return "\\x" + pd.Series(texts, dtype=object)


def is_comparable(m):
    return m["n_kgce_per_person"].notna() & m["bn_kgce_per_person"].notna()


def stamps(year, basis):
    return {
        "year": year,
        "base_year": basis.base_years.get(year),
        "rule_set_id": basis.rule_set.pk,
        "is_provisional": basis.is_provisional(year),
        "computed_at": basis.computed_at,
    }


def store(table, frame):
    buffer = io.BytesIO()
    frame.to_csv(buffer, index=False, header=False)
    buffer.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN WITH (FORMAT csv)", buffer)
