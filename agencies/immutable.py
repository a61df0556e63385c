"""Database triggers that refuse to change or delete what must stay, on PostgreSQL and SQLite alike.

They are put back after every migrate: on SQLite, which rebuilds tables, they stand aside while migrations run.
"""

import re
from dataclasses import dataclass

from django.db import connections

# In a condition: the moment half a year ago, which each database counts in its own words.
HALF_YEAR_AGO = "{half_year_ago}"
_POSTGRESQL_AGO, _SQLITE_AGO = "CURRENT_TIMESTAMP - INTERVAL '183 days'", "datetime('now', '-183 days')"

_LOOKED_INTO = re.compile(r"(?<!DISTINCT )\b(?:FROM|JOIN) (\w+)")


@dataclass(frozen=True)
class Refusal:
    """Refuse the operations on a table's rows where the condition holds.

    `condition` is SQL over OLD and NEW that both databases understand, HALF_YEAR_AGO apart; empty means always.
    """

    name: str
    table: str
    operations: tuple[str, ...]
    message: str
    condition: str = ""


def install(using, refusals):
    """Put the triggers (back) in place; those whose tables are not all there yet come after their migration.

    SQLite would take a trigger that looks into a missing table, and then rename no table any more.
    """
    connection = connections[using]
    statements = {"postgresql": _postgresql, "sqlite": _sqlite}[connection.vendor]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for refusal in (each for each in refusals if _tables_of(each) <= tables):
            for statement in statements(refusal):
                cursor.execute(statement)


def stand_aside(using):
    """Before a migration: SQLite rebuilds no table that a trigger looks into. All are put back by `install`."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')


def _tables_of(refusal):
    """The table that it protects and those that its condition looks into."""
    return {refusal.table, *_LOOKED_INTO.findall(refusal.condition)}


def _names(refusal):
    return [(f"{refusal.name}_{operation.lower()}", operation) for operation in refusal.operations]


def _sqlite(refusal):
    condition = refusal.condition.replace(HALF_YEAR_AGO, _SQLITE_AGO)
    when = f"WHEN {condition}" if condition else ""
    for name, operation in _names(refusal):
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield (
            f"CREATE TRIGGER {name} BEFORE {operation} ON {refusal.table} FOR EACH ROW {when} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal.message}'); END"
        )


def _postgresql(refusal):
    """PostgreSQL allows no subquery in WHEN, so the condition stands in a function of its own."""
    condition = refusal.condition.replace(HALF_YEAR_AGO, f"({_POSTGRESQL_AGO})")
    for name, operation in _names(refusal):
        row = "OLD" if operation == "DELETE" else "NEW"
        yield (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition or 'TRUE'} THEN RAISE EXCEPTION '{refusal.message}' "
            f"USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
        )
        yield f"DROP TRIGGER IF EXISTS {name} ON {refusal.table}"
        yield (
            f"CREATE TRIGGER {name} BEFORE {operation} ON {refusal.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
