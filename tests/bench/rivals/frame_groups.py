"""pandas: the blocks' sums by department, type and street, and the groups' figures from them."""

import pandas as pd

from agencies.models import Agency
from targets.models import GroupFigure

from .definitions import INDICATORS, QUANTITIES, STATES
from .frame_sums import (
    beside,
    bound_sums,
    bounded_months,
    is_comparable,
    measures,
    month_bits,
    packed,
    span_sums,
    stamps,
    store,
    totals,
)
from .tables import result_table, years

GROUPS = result_table("pandas", GroupFigure)
GROUP_KEYS = ("kind", "key")


def leaf_sums(m, by_leaf, year):
    """Sums of the block's months by department, type and street."""
    parts = {}
    for k in INDICATORS:
        n, d, bn, bd, qn, qd = (m[f"{part}_{k}"] for part in ("n", "d", "bn", "bd", "qn", "qd"))
        with_base, with_previous, before = (
            n.notna() & bn.notna(),
            n.notna() & qn.notna(),
            qn.notna() & bn.notna(),
        )
        values = {
            "n": n, "d": d, "c": n.notna(),
            "lo": m[f"lo_{k}"], "hi": m[f"hi_{k}"], "fd": m[f"fd_{k}"], "loose": m[f"loose_{k}"],
            "an": n.where(with_base), "ad": d.where(with_base),
            "abn": bn.where(with_base), "abd": bd.where(with_base), "ac": with_base,
            "pn": n.where(with_previous), "pd": d.where(with_previous),
            "pqn": qn.where(with_previous), "pqd": qd.where(with_previous),
            "rn": qn.where(before), "rd": qd.where(before), "rsn": bn.where(before), "rsd": bd.where(before),
        }  # fmt: skip
        parts |= {f"{name}_{k}": value for name, value in values.items()}
    comparable = is_comparable(m)
    parts |= {name: m[name] for name in (*QUANTITIES, *STATES)}
    parts |= {f"both_{name}": m[name].where(comparable) for name in QUANTITIES}
    parts |= {"kgce_months": m["kgce"].notna(), "comparable_months": comparable}
    frame = pd.DataFrame(parts).astype(float)
    month = m.index.get_level_values("month").to_numpy()
    return [
        named(frame.groupby([by_leaf[kind].to_numpy(), month]).sum(min_count=1), kind, year)
        for kind in by_leaf
    ]


def leaf_counts(flags, by_leaf, year):
    return [named(flags.groupby([by_leaf[kind].to_numpy()]).sum(), kind, year) for kind in by_leaf]


def named(sums, kind, year):
    sums.index.names = ["key", "month"][: sums.index.nlevels]
    return sums.reset_index().assign(kind=kind, year=year)


def store_groups(leaves, counts, basis):
    months = with_nodes(leaves, [*GROUP_KEYS, "year", "month"])
    counts = with_nodes(counts, [*GROUP_KEYS, "year"])
    nothing = months.xs(months.index.get_level_values("year")[0], level="year") * float("nan")
    by_year = {year: months.xs(year, level="year") for year in years()}
    for year, frame in by_year.items():
        before = by_year.get(year - 1, nothing).reindex(frame.index)
        base = by_year.get(basis.base_years.get(year), nothing).reindex(frame.index)
        store_group_year(beside(frame, base, before), counts.xs(year, level="year"), year, basis)


def with_nodes(leaves, keys):
    """Sums of the blocks' leaves by group; those of departments also for every node above them."""
    paths = dict(Agency.objects.exclude(kind="institution").values_list("pk", "path"))
    above = pd.DataFrame(
        [(pk, key) for pk, path in paths.items() for key in path.strip("/").split("/")],
        columns=["key", "node"],
    )
    nodes = leaves[leaves["kind"] == "node"].merge(above, on="key").drop(columns="key")
    others = leaves[(leaves["kind"] != "node") & (leaves["key"] != "")]
    return (
        pd.concat([nodes.rename(columns={"node": "key"}), others])
        .groupby(keys)
        .sum(min_count=1)
        .astype(float)
    )


def store_group_year(m, counts, year, basis):
    owner = list(GROUP_KEYS)
    sums = m.groupby(level=owner)[list(_MONTH_COUNTS)].sum().join(counts)
    shared = {
        "bounded_months": month_bits(pd.Series(bounded_months(m), index=m.index), owner),
        "rolling_month": last_of_half(m, "c_kgce_per_m2").astype("Int64"),
        "registered": sums["registered"],
        **{f"months_{name}": sums[name] for name in STATES},
        **stamps(year, basis),
    }
    reached = {k: last_of_half(m, f"c_{k}", whole=True) for k in INDICATORS}
    span = pd.concat([span_sums(m, owner, reached=reached), bound_sums(m, owner)], axis=1)
    every = pd.concat([totals(m, owner), measures(span, is_bounded=True)], axis=1).assign(
        panel="all", institutions=sums["counted"], institution_months=sums["kgce_months"],
        packed=packed(m).to_numpy(), **shared,
    )  # fmt: skip
    reached = {k: last_of_half(m, f"ac_{k}", whole=True) for k in INDICATORS}
    span = span_sums(m, owner, "a", "ab", "p", "pq", "r", "rs", reached)
    comparable = pd.concat([totals(m, owner, "both_"), measures(span, is_bounded=False)], axis=1).assign(
        panel="comparable", institutions=sums["comparable"], institution_months=sums["comparable_months"],
        packed=packed(m, "both_").to_numpy(), **shared,
    )  # fmt: skip
    rows = pd.concat([every, comparable])
    whole = ["institutions", "institution_months", "registered", *(f"months_{name}" for name in STATES)]
    rows[whole] = rows[whole].fillna(0).astype(int)
    store(GROUPS, rows[rows["institutions"] > 0].reset_index())


_MONTH_COUNTS = ("kgce_months", "comparable_months", *STATES)


def last_of_half(m, counts, *, whole=False):
    """The last month that at least half of the most institutions of any month have reached."""
    owner = list(GROUP_KEYS)
    most = m[counts].groupby(level=owner).transform("max")
    month = pd.Series(m.index.get_level_values("month"), index=m.index)
    last = month.where((m[counts] > 0) & (2 * m[counts] >= most))
    if whole:
        return last.groupby(level=owner).transform("max").fillna(0).to_numpy()
    return last.groupby(level=owner).max()
