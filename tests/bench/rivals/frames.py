"""pandas from the filed lines to every stored figure: block by block of institutions, so that memory stays bounded.

Fair means: COPY out and in, only the items that count, no loop over institutions or months.
"""

import io

import numpy as np
import pandas as pd
from django.db import connection

from agencies.models import Agency
from reporting.accounting import rules
from targets import refresh
from targets.models import Figure

from .definitions import HIGH, INDICATORS, LOW, QUANTITIES, STATES, WEIGHTS
from .frame_groups import leaf_counts, leaf_sums, store_groups
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
from .tables import result_table, weights, years

BLOCK = 2_000
FIGURES = result_table("pandas", Figure)


def run():
    basis = refresh.basis_of(rules.active_slug())
    agencies = pd.DataFrame(
        Agency.objects.institutions().order_by("pk").values_list("pk", "parent", "type_code", "street"),
        columns=["agency_id", "node", "type", "street"],
    ).set_index("agency_id")
    leaves, counts = [], []
    for start in range(0, len(agencies), BLOCK):
        block = agencies.iloc[start : start + BLOCK]
        for year, months in paired_years(block.index, basis):
            figures, flags = institution_figures(months, year, basis)
            store(FIGURES, figures.reset_index())
            by_leaf = block.loc[months.index.get_level_values("agency_id")]
            leaves += leaf_sums(months, by_leaf, year)
            counts += leaf_counts(flags, block.loc[flags.index], year)
    store_groups(pd.concat(leaves), pd.concat(counts), basis)


def paired_years(agencies, basis):
    """(year, frame of its months beside those of its base year and of the year before)."""
    frames = {year: with_sides(frame) for year, frame in read(agencies, basis).items()}
    nothing = with_sides(next(iter(frames.values()))[[*QUANTITIES, *STATES]] * np.nan)
    for year, frame in frames.items():
        fill(frame, frames.get(year - 1, nothing), frames.get(year + 1, nothing))
    fill(nothing, nothing, nothing)
    for year, frame in frames.items():
        base = frames.get(basis.base_years.get(year), nothing)
        yield year, beside(frame, base, frames.get(year - 1, nothing))


def read(agencies, basis):
    """Year → frame (institution, month) of QUANTITIES and STATES."""
    item_weights = pd.DataFrame(weights(basis.loaded), index=list(WEIGHTS)).T.fillna(0.0)
    item_weights.index = item_weights.index.astype(int)
    wide = filed(agencies, item_weights.index).pivot(
        index=["agency_id", "t"], columns="item_id", values="quantity"
    )
    # Only the items that count: a weight of 0 must not make a sum unknown.
    counting = {name: of[of > 0].index.intersection(wide.columns) for name, of in item_weights.items()}
    months = pd.DataFrame(
        {name: wide[items] @ item_weights.loc[items, name] for name, items in counting.items()}
    )
    every = pd.MultiIndex.from_product(
        [agencies, [year * 12 + month for year in years() for month in range(12)]], names=["agency_id", "t"]
    )
    months = months.reindex(every).join(states(agencies)).astype(float)
    months[list(STATES)] = months[list(STATES)].fillna(0.0)
    t = months.index.get_level_values("t")
    return {year: of_year(months[t // 12 == year], year, basis) for year in years()}


def filed(agencies, items):
    return copied_out(
        f"""
        SELECT agency_id, extract(year FROM month) * 12 + extract(month FROM month) - 1 AS t, item_id,
               CASE WHEN known_by = 'not_metered' THEN 'NaN' ELSE coalesce(quantity, 0) END AS quantity
        FROM reporting_report JOIN reporting_period p ON p.id = period_id
        JOIN reporting_line ON revision_id = approved_id
        WHERE agency_id BETWEEN {agencies[0]} AND {agencies[-1]}
            AND item_id IN ({", ".join(f"'{item}'" for item in items)})
        """,
        {"agency_id": np.int64, "t": np.int32, "item_id": np.int16, "quantity": np.float64},
    )


def states(agencies):
    found = copied_out(
        f"""
        SELECT agency_id, extract(year FROM month) * 12 + extract(month FROM month) - 1 AS t, 1 AS expected,
               (approved_id IS NOT NULL)::int AS approved,
               (approved_id IS NULL AND coalesce(status = 'submitted', false))::int AS submitted
        FROM reporting_report JOIN reporting_period p ON p.id = period_id
        LEFT JOIN reporting_revision latest ON latest.id = latest_id
        WHERE agency_id BETWEEN {agencies[0]} AND {agencies[-1]}
        """,
        {"agency_id": np.int64, "t": np.int32},
    )
    return found.set_index(["agency_id", "t"])


def copied_out(query, dtypes):
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)", buffer)
    buffer.seek(0)
    return pd.read_csv(buffer, dtype=dtypes)


def of_year(months, year, basis):
    carbon, grid = months["kg_co2_fuel"], months["grid_kwh"]
    months = months.assign(
        month=months.index.get_level_values("t") % 12 + 1,
        kg_co2_target=(carbon + grid * float(basis.loaded.target_vintage.kg_co2_per_kwh)).clip(lower=0),
        kg_co2_inventory=(carbon + grid * float(basis.loaded.inventory_vintage(year).kg_co2_per_kwh)).clip(
            lower=0
        ),
    )
    return months.droplevel("t").set_index("month", append=True)[[*QUANTITIES, *STATES]]


def with_sides(frame):
    found = {}
    for k, (top, bottom) in INDICATORS.items():
        n, d = frame.eval(top), frame[bottom]
        found[f"n_{k}"], found[f"d_{k}"] = n.where(d.notna()), d.where(n.notna())
    return frame.assign(**found)


def fill(frame, before, after):
    found = {}
    for k in INDICATORS:
        n, d = f"n_{k}", f"d_{k}"
        missing = (frame["expected"] == 1) & frame[n].isna()
        beside_n, beside_d = before[n].fillna(after[n]), before[d].fillna(after[d])
        guess_n, guess_d = beside_n.where(missing), beside_d.where(missing)
        found[f"lo_{k}"], found[f"hi_{k}"] = frame[n].fillna(LOW * guess_n), frame[n].fillna(HIGH * guess_n)
        found[f"fd_{k}"] = frame[d].fillna(guess_d)
        found[f"loose_{k}"] = (missing & beside_n.isna()).astype(float)
    frame[list(found)] = pd.DataFrame(found)


def institution_figures(m, year, basis):
    """The rows to store, and of every institution whether it is registered, counted and comparable."""
    month = pd.Series(m.index.get_level_values("month"), index=m.index)
    last = {k: month.where(m[f"n_{k}"].notna()).groupby(level="agency_id").max() for k in INDICATORS}
    agency = m.index.get_level_values("agency_id")
    reached = {k: of.fillna(0).loc[agency].to_numpy() for k, of in last.items()}
    sums = pd.concat([span_sums(m, "agency_id", reached=reached), bound_sums(m, "agency_id")], axis=1)
    states_of_months = month_bits(m[list(STATES)], "agency_id").astype(int).add_suffix("_months")
    compared = (m["n_kgce_per_m2"].notna() & m["bn_kgce_per_m2"].notna()).astype(int)
    inside = pd.Series(bounded_months(m), index=m.index)
    figures = pd.concat(
        [totals(m, "agency_id"), states_of_months, measures(sums, is_bounded=True)], axis=1
    ).assign(
        compared_months=month_bits(compared, "agency_id"),
        bounded_months=month_bits(inside, "agency_id"),
        rolling_month=last["kgce_per_m2"].astype("Int64"),
        packed=packed(m).to_numpy(),
        **stamps(year, basis),
    )
    by_agency = m.groupby(level="agency_id")
    flags = pd.DataFrame(
        {
            "registered": by_agency["expected"].max() > 0,
            "counted": by_agency["kgce"].count() > 0,
            "comparable": is_comparable(m).groupby(level="agency_id").any(),
        }
    )
    return figures[figures["approved_months"] > 0], flags
