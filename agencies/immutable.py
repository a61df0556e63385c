"""Database triggers that refuse to change or delete what must stay, on PostgreSQL and SQLite alike.

They are put back after every migrate: SQLite drops a table's triggers when a migration rebuilds the table.
"""

from dataclasses import dataclass

from django.db import connections

# In a condition: the moment half a year ago, which each database counts in its own words.
HALF_YEAR_AGO = "{half_year_ago}"
_POSTGRESQL_AGO, _SQLITE_AGO = "CURRENT_TIMESTAMP - INTERVAL '183 days'", "datetime('now', '-183 days')"


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
    """Put the triggers (back) in place; a table that is not there yet gets its own after its migration."""
    connection = connections[using]
    statements = {"postgresql": _postgresql, "sqlite": _sqlite}[connection.vendor]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for refusal in (each for each in refusals if each.table in tables):
            for statement in statements(refusal):
                cursor.execute(statement)


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
