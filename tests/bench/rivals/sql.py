"""One set-based SQL statement from the filed lines to every stored figure, of institutions and of groups.

It is put together from templates over the five indicators. For each indicator $k an owner's month has

    n d                  numerator and denominator of the year as known, NULL where not counted
    bn bd, qn qd         those of the base year, and of the year before
    lo hi fd loose       with missing months filled: least and greatest numerator, denominator; loose: nothing bounds it
    blo bhi bfd bloose   likewise of the base year

and a group's month also, over the institutions that are counted on both sides,

    an ad abn abd        the year and its base year
    pn pd pqn pqd        the year and the year before
    rn rd rsn rsd        the year before and the base year, for the rolling year
"""

from pathlib import Path
from string import Template

from django.db import connection, transaction

from .definitions import FLOWS, HIGH, INDICATORS, LOW, MEASURE_COLUMNS, QUANTITIES, STOCKS, WEIGHTS

# What made it fastest: a statement of this length costs more to optimise than it gains by it.
SETTINGS = ("work_mem = '1GB'", "jit_optimize_above_cost = -1", "jit_inline_above_cost = -1")
FIGURES, GROUPS = "bench_sql_figure", "bench_sql_groupfigure"


@transaction.atomic
def run():
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
        cursor.execute(statement())


def each(template):
    """The template for every indicator: $k its name, $top and $bottom its expressions."""
    return ", ".join(
        Template(template).substitute(k=name, top=f"({top})", bottom=bottom)
        for name, (top, bottom) in INDICATORS.items()
    )


def of(template, names):
    """The template for every name, in place of $q."""
    return ", ".join(template.replace("$q", name) for name in names)


def both(*tops):
    return f"FILTER (WHERE {' AND '.join(f'{top}_$k IS NOT NULL' for top in tops)})"


# Not below 0, and unknown where it is unknown: greatest() would pass over a NULL.
CARBON = "CASE WHEN kg_co2_fuel + grid_kwh * $factor < 0 THEN 0 ELSE kg_co2_fuel + grid_kwh * $factor END"

# An institution's month, filled where it is owed and missing.
BESIDE = "CASE WHEN now.expected AND now.n_$k IS NULL THEN coalesce(before.$part_$k, after.$part_$k) END"
GUESSED_TOP, GUESSED_BOTTOM = (BESIDE.replace("$part", part) for part in ("n", "d"))
FILLED = f"""
    coalesce(now.n_$k, {LOW} * {GUESSED_TOP}) AS lo_$k, coalesce(now.n_$k, {HIGH} * {GUESSED_TOP}) AS hi_$k,
    coalesce(now.d_$k, {GUESSED_BOTTOM}) AS fd_$k,
    now.expected AND coalesce(now.n_$k, before.n_$k, after.n_$k) IS NULL AS loose_$k"""
OF_BASE = """
    base.n_$k AS bn_$k, base.d_$k AS bd_$k,
    base.lo_$k AS blo_$k, base.hi_$k AS bhi_$k, base.fd_$k AS bfd_$k, coalesce(base.loose_$k, false) AS bloose_$k"""
OF_PREVIOUS = "before.n_$k AS qn_$k, before.d_$k AS qd_$k"
IS_COMPARABLE = "n_kgce_per_person IS NOT NULL AND bn_kgce_per_person IS NOT NULL"

# A group's month.
WITH_BASE, WITH_PREVIOUS, ROLLING_BEFORE = both("n", "bn"), both("n", "qn"), both("qn", "bn")
INDICATOR_SUMS = {
    "n": "sum(n_$k)", "d": "sum(d_$k)", "c": "count(n_$k)",
    "lo": "sum(lo_$k)", "hi": "sum(hi_$k)", "fd": "sum(fd_$k)", "loose": "bool_or(loose_$k)",
    "an": f"sum(n_$k) {WITH_BASE}", "ad": f"sum(d_$k) {WITH_BASE}",
    "abn": f"sum(bn_$k) {WITH_BASE}", "abd": f"sum(bd_$k) {WITH_BASE}", "ac": f"count(*) {WITH_BASE}",
    "pn": f"sum(n_$k) {WITH_PREVIOUS}", "pd": f"sum(d_$k) {WITH_PREVIOUS}",
    "pqn": f"sum(qn_$k) {WITH_PREVIOUS}", "pqd": f"sum(qd_$k) {WITH_PREVIOUS}",
    "rn": f"sum(qn_$k) {ROLLING_BEFORE}", "rd": f"sum(qd_$k) {ROLLING_BEFORE}",
    "rsn": f"sum(bn_$k) {ROLLING_BEFORE}", "rsd": f"sum(bd_$k) {ROLLING_BEFORE}",
}  # fmt: skip
OTHER_SUMS = {
    **{name: f"sum({name})" for name in QUANTITIES},
    **{f"both_{name}": f"sum({name}) FILTER (WHERE {IS_COMPARABLE})" for name in QUANTITIES},
    "kgce_months": "count(kgce)", "comparable_months": f"count(*) FILTER (WHERE {IS_COMPARABLE})",
    **{name: f"count(*) FILTER (WHERE {name})" for name in ("expected", "approved", "submitted")},
}  # fmt: skip
LEAF_SUMS = ", ".join(
    [each(f"{made} AS {name}_$k") for name, made in INDICATOR_SUMS.items()]
    + [f"{made} AS {name}" for name, made in OTHER_SUMS.items()]
)
LEAF_NAMES = ", ".join([each(f"{name}_$k") for name in INDICATOR_SUMS] + list(OTHER_SUMS))
ADDED = ", ".join(
    [each(f"{'bool_or' if name == 'loose' else 'sum'}({name}_$k) AS {name}_$k") for name in INDICATOR_SUMS]
    + [f"sum({name}) AS {name}" for name in OTHER_SUMS]
)
COUNTED = ("registered", "counted", "comparable")


def span_sums(own="", base="b", now="", previous="q", before="q", before_base="b", last="last"):
    """Sums of an owner's months; the arguments name the pairs that are compared, by what stands before their n and d.

    v: own; a, b: with the base year; p, q: with the year before; t, s: the rolling year and its base.
    """
    with_base, with_previous = both(f"{own}n", f"{base}n"), both(f"{now}n", f"{previous}n")

    def rolling(this_year, year_before, part):
        this, before = f"{this_year}{part}_$k", f"{year_before}{part}_$k"
        return f"CASE WHEN month <= coalesce({last}_$k, 0) THEN {this} ELSE {before} END"

    return each(
        f"""
        sum({own}n_$k) AS vn_$k, sum({own}d_$k) AS vd_$k, count({own}n_$k) AS vc_$k,
        sum({own}n_$k) {with_base} AS an_$k, sum({own}d_$k) {with_base} AS ad_$k,
        sum({base}n_$k) {with_base} AS bn_$k, sum({base}d_$k) {with_base} AS bd_$k, count(*) {with_base} AS ab_$k,
        sum({now}n_$k) {with_previous} AS pn_$k, sum({now}d_$k) {with_previous} AS pd_$k,
        sum({previous}n_$k) {with_previous} AS qn_$k, sum({previous}d_$k) {with_previous} AS qd_$k,
        sum({rolling(own, before, "n")}) AS tn_$k, sum({rolling(own, before, "d")}) AS td_$k,
        count({rolling(own, before, "n")}) AS tc_$k,
        sum({rolling(base, before_base, "n")}) AS sn_$k, sum({rolling(base, before_base, "d")}) AS sd_$k,
        count({rolling(base, before_base, "n")}) AS sc_$k"""
    )


ALL_SUMS = span_sums()
COMPARABLE_SUMS = span_sums("a", "ab", "p", "pq", "r", "rs", "alast")
IN_BOUNDS = both("lo", "blo")
BOUND_SUMS = each(
    f"""
    sum(lo_$k) {IN_BOUNDS} AS lo_$k, sum(hi_$k) {IN_BOUNDS} AS hi_$k, sum(fd_$k) {IN_BOUNDS} AS fd_$k,
    sum(blo_$k) {IN_BOUNDS} AS blo_$k, sum(bhi_$k) {IN_BOUNDS} AS bhi_$k, sum(bfd_$k) {IN_BOUNDS} AS bfd_$k,
    bool_or(loose_$k OR bloose_$k) AS loose_$k"""
)
IS_BOUNDED = each("lo_$k IS NOT NULL AND blo_$k IS NOT NULL AND NOT loose_$k AND NOT bloose_$k").replace(
    ", ", " AND "
)
TOTALS = f"{of('sum($q) AS $q', FLOWS)}, {of('avg($q) AS $q', STOCKS)}"
COMPARABLE_TOTALS = f"{of('sum(both_$q) AS $q', FLOWS)}, {of('avg(both_$q) AS $q', STOCKS)}"


def bits(condition):
    return f"coalesce(bit_or(1 << (month - 1)) FILTER (WHERE {condition}), 0)"


MONTH_BITS = f"{bits(IS_BOUNDED)} AS bounded_months"
INSTITUTION_BITS = f"""
    {bits("approved")} AS approved_months, {bits("expected")} AS expected_months,
    {bits("submitted")} AS submitted_months, {bits("n_kgce_per_m2 IS NOT NULL AND bn_kgce_per_m2 IS NOT NULL")}
    AS compared_months, {MONTH_BITS}"""
GROUP_COUNTS = of("sum($q) AS $q", ("expected", "approved", "submitted", "kgce_months", "comparable_months"))

# The measures, from the sums of a span.
GROWN, WIDENED = "(ln(an_$k / bn_$k) - ln(ad_$k / bd_$k))", "ln(ad_$k / bd_$k)"
# (e^g − 1) / g, by its series where g is small.
LOG_MEAN = f"CASE WHEN abs({GROWN}) < 1e-5 THEN 1 + {GROWN} / 2 ELSE (exp({GROWN}) - 1) / {GROWN} END"
BASE = "bn_$k * ab_$k / nullif(bd_$k, 0)"
CHANGE = "an_$k / nullif(ad_$k, 0) / nullif(bn_$k / nullif(bd_$k, 0), 0) - 1"
LOWEST = (
    "CASE WHEN NOT loose_$k THEN lo_$k / nullif(fd_$k, 0) / nullif(bhi_$k / nullif(bfd_$k, 0), 0) - 1 END"
)
HIGHEST = (
    "CASE WHEN NOT loose_$k THEN hi_$k / nullif(fd_$k, 0) / nullif(blo_$k / nullif(bfd_$k, 0), 0) - 1 END"
)


def measures(lowest=LOWEST, highest=HIGHEST):
    """In the order of MEASURE_COLUMNS."""
    return each(
        f"""
        vn_$k * vc_$k / nullif(vd_$k, 0), {BASE}, {CHANGE}, {BASE}, {CHANGE},
        CASE WHEN bn_$k > 0 AND bd_$k > 0 AND ad_$k > 0 THEN
            CASE WHEN an_$k > 0 THEN -({LOG_MEAN}) * {WIDENED} ELSE 0 END END,
        pn_$k / nullif(pd_$k, 0) / nullif(qn_$k / nullif(qd_$k, 0), 0) - 1,
        CASE WHEN tc_$k = 12 THEN tn_$k * 12 / nullif(td_$k, 0) END,
        CASE WHEN tc_$k = 12 AND sc_$k = 12
            THEN tn_$k / nullif(td_$k, 0) / nullif(sn_$k / nullif(sd_$k, 0), 0) - 1 END,
        {lowest}, {highest}"""
    )


def statement():
    """The statement of figures.sql with its templates filled in."""
    text = (Path(__file__).parent / "figures.sql").read_text(encoding="utf-8")
    return Template(text).substitute(FRAGMENTS)


FRAGMENTS = {
    "WEIGHTED_SUMS": of("sum(quantity * w.$q) AS $q", WEIGHTS),
    "KG_CO2_TARGET": CARBON.replace("$factor", "target_factor"),
    "KG_CO2_INVENTORY": CARBON.replace("$factor", "inventory_factor"),
    "NUMERATORS": each("CASE WHEN $bottom IS NOT NULL THEN $top END AS n_$k"),
    "DENOMINATORS": each("CASE WHEN $top IS NOT NULL THEN $bottom END AS d_$k"),
    "OF_PREVIOUS": each(OF_PREVIOUS),
    "FILLED": each(FILLED),
    "OF_BASE": each(OF_BASE),
    "LAST_MONTHS": each("max(month) FILTER (WHERE n_$k IS NOT NULL) AS last_$k"),
    "QUANTITIES": ", ".join(QUANTITIES),
    "ALL_SUMS": ALL_SUMS,
    "BOUND_SUMS": BOUND_SUMS,
    "TOTALS": TOTALS,
    "INSTITUTION_BITS": INSTITUTION_BITS,
    "IS_COMPARABLE": IS_COMPARABLE,
    "FIGURES": FIGURES,
    "MEASURE_COLUMNS": ", ".join(MEASURE_COLUMNS),
    "MEASURES": measures(),
    "LEAF_SUMS": LEAF_SUMS,
    "FLAG_COUNTS": of("count(*) FILTER (WHERE is_$q) AS $q", COUNTED),
    "ADDED": ADDED,
    "LEAF_NAMES": LEAF_NAMES,
    "ADDED_COUNTS": of("sum($q) AS $q", COUNTED),
    "COUNT_NAMES": ", ".join(COUNTED),
    "GREATEST_COUNTS": each("max(c_$k) AS c_$k, max(ac_$k) AS ac_$k"),
    "GROUP_LAST_MONTHS": each("max(month) FILTER (WHERE m.c_$k > 0 AND 2 * m.c_$k >= most.c_$k) AS last_$k"),
    "COMPARABLE_LAST_MONTHS": each(
        "max(month) FILTER (WHERE m.ac_$k > 0 AND 2 * m.ac_$k >= most.ac_$k) AS alast_$k"
    ),
    "MONTH_BITS": MONTH_BITS,
    "GROUP_COUNTS": GROUP_COUNTS,
    "COMPARABLE_QUANTITIES": of("both_$q", QUANTITIES),
    "COMPARABLE_SUMS": COMPARABLE_SUMS,
    "COMPARABLE_TOTALS": COMPARABLE_TOTALS,
    "GROUPS": GROUPS,
    "COMPARABLE_MEASURES": measures(CHANGE, CHANGE),
}
