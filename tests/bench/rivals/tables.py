"""The rivals' tables: coefficients and years to join with, and copies of the product's tables to store results in."""

from django.db import connection

from reporting.accounting import rules
from reporting.models import Period
from reporting.panels import PANEL_ITEMS
from targets import refresh
from targets.models import Figure, GroupFigure

from .definitions import WEIGHTS

RESULTS = (Figure, GroupFigure)


def result_table(rival, model):
    return f"bench_{rival}_{model._meta.model_name}"


def create_inputs():
    """bench_weight: what one unit of an item counts, NULL for nothing; bench_year: base year and grid factors."""
    basis = refresh.basis_of(rules.active_slug())
    weight_rows = [(code, *row) for code, row in weights(basis.loaded).items()]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_weight, bench_year")
        cursor.execute(
            f"CREATE TABLE bench_weight (item_id varchar(8), {', '.join(f'{name} float8' for name in WEIGHTS)})"
        )
        cursor.execute(
            "CREATE TABLE bench_year (year int, base_year int, target_factor float8, inventory_factor float8,"
            " rule_set_id bigint, is_provisional boolean)"
        )
        cursor.executemany(_insertion("bench_weight", weight_rows[0]), weight_rows)
        year_rows = [_year_row(year, basis) for year in years()]
        cursor.executemany(_insertion("bench_year", year_rows[0]), year_rows)
        cursor.execute("ANALYZE bench_weight")
        cursor.execute("ANALYZE bench_year")


def weights(loaded):
    """Item code → the numbers of WEIGHTS, None where it counts nothing."""
    found = {}
    for code in PANEL_ITEMS:
        rule = loaded.by_item.get(code)
        kgce = float(rule.kgce_per_unit) if rule else 0.0
        kg_co2 = float(rule.kg_co2_per_unit) if rule else 0.0
        in_vehicles = bool(rule and rule.is_vehicle_fuel)
        row = (
            kgce,
            kgce * in_vehicles,
            kg_co2,
            kg_co2 * in_vehicles,
            float(bool(rule and rule.is_grid_electricity)),
            float(code == "120"),
            float(code == "102"),
            float(code == "103"),
        )
        if any(row):
            found[code] = [value or None for value in row]
    return found


def years():
    return sorted({month.year for month in Period.objects.values_list("month", flat=True)})


def _year_row(year, basis):
    return (
        year,
        basis.base_years.get(year),
        float(basis.loaded.target_vintage.kg_co2_per_kwh),
        float(basis.loaded.inventory_vintage(year).kg_co2_per_kwh),
        basis.rule_set.pk,
        basis.is_provisional(year),
    )


def _insertion(table, row):
    return f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})"


def create_results(rival, packed="bytea"):
    """Empty tables with the product's columns, keys and indexes; `packed`: the type of the months' column."""
    with connection.cursor() as cursor:
        for model in RESULTS:
            table = result_table(rival, model)
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(f"CREATE TABLE {table} (LIKE {model._meta.db_table} INCLUDING ALL)")
            for foreign_key in _foreign_keys(cursor, model):
                cursor.execute(f"ALTER TABLE {table} ADD {foreign_key}")
            if packed != "bytea":
                cursor.execute(f"ALTER TABLE {table} DROP packed, ADD packed {packed} NOT NULL")


def drop_all():
    """Take away every table that the bench has made beside the product's."""
    with connection.cursor() as cursor:
        cursor.execute(
            r"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'bench\_%'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {table}")


def _foreign_keys(cursor, model):
    """LIKE copies everything but these, and checking them is part of storing a row."""
    cursor.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
        [model._meta.db_table],
    )
    return [definition for (definition,) in cursor.fetchall()]
