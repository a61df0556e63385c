"""Fills an empty database with the bench's institutions, filed lines (SQL) and panels (NumPy), and compares the two."""

from datetime import date

import numpy as np
from django.core.management.color import no_style
from django.db import connection

from agencies import credit_code
from agencies.models import Agency, AgencyKind, AgencyType
from reporting import approved, bulk, calendar, panels
from reporting.models import Edition, Line, Panel, Period, Report, Revision
from reporting.models.panel import pack_bits

from . import formula

DISTRICTS, DEPARTMENTS, STREETS = 10, 100, 11
# The tree above the institutions takes the keys before.
FIRST_AGENCY = 1 + DISTRICTS + DEPARTMENTS + 1
TYPES = list(AgencyType)
BLOCK = 2_000
SAMPLE = 20
REGISTERED, _HASH = date(2015, 1, 1), "0" * 64


# What a database holds beside institutions and panels: nothing, reports, or reports with their lines.
PANELS, REPORTS, LINES = "panels", "reports", "lines"


def fill(agencies, contents):
    """contents: PANELS, REPORTS or LINES; with lines it is checked that the panels fit them."""
    _register(agencies)
    Period.objects.bulk_create(
        Period(pk=t + 1, month=formula.month(t), **calendar.days_of(formula.month(t)))
        for t in range(formula.MONTHS)
    )
    if contents != PANELS:
        _file_reports(agencies)
    if contents == LINES:
        _file_lines(agencies)
    for start in range(0, agencies, BLOCK):
        _write_panels(np.arange(start, min(start + BLOCK, agencies)))
    _settle()
    if contents == LINES:
        _compare_sample(agencies)


def _register(agencies):
    bureau = _agency(1, "BUREAU", None, AgencyKind.BUREAU)
    districts = [_agency(2 + d, f"DISTRICT-{d:02}", bureau) for d in range(DISTRICTS)]
    departments = [
        _agency(2 + DISTRICTS + d, f"DEPARTMENT-{d:03}", districts[d * DISTRICTS // DEPARTMENTS])
        for d in range(DEPARTMENTS)
    ]
    institutions = [_institution(i, departments[i * DEPARTMENTS // agencies]) for i in range(agencies)]
    Agency.objects.bulk_create([bureau, *districts, *departments, *institutions], batch_size=BLOCK)


def _agency(pk, key, parent, kind=AgencyKind.DEPARTMENT):
    path = f"{parent.path if parent else ''}{key}/"
    return Agency(
        pk=pk,
        key=key,
        name=key,
        kind=kind,
        parent=parent,
        path=path,
        type_code="01",
        registered_from=REGISTERED,
    )


def _institution(i, department):
    """As a register lists them: department by department, so that one block holds few departments."""
    agency = _agency(FIRST_AGENCY + i, key_of(i), department, AgencyKind.INSTITUTION)
    agency.credit_code = agency.key[:18]
    agency.type_code = TYPES[i % len(TYPES)]
    agency.street = f"{department.parent.key}-{i * 3 % STREETS:02}"
    if first := int(formula.joined(i)):
        agency.registered_from = formula.month(first)
    if (last := int(formula.left(i))) < formula.LAST:
        agency.registered_to = formula.month(last)
    return agency


def key_of(i):
    first_17 = f"11500103{i:09}"
    return f"{first_17}{credit_code.check_character(first_17)}-01"


def _file_reports(agencies):
    """Report and revision of institution i and month t have the key t × agencies + i + 1: month after month."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""
            INSERT INTO reporting_report (id, agency_id, period_id, latest_id, approved_id)
            SELECT id, i + {FIRST_AGENCY}, t + 1, CASE WHEN filed THEN id END,
                   CASE WHEN filed AND NOT {formula.WAITING_SQL} THEN id END
            FROM (SELECT t::bigint * {agencies} + i + 1 AS id, t, i, {formula.FILED_SQL} AS filed
                  FROM generate_series(0, {formula.LAST}) t, generate_series(0, {agencies - 1}) i
                  WHERE {formula.EXPECTED_SQL}) place
            ORDER BY id
            """
        )
        cursor.execute(
            f"""
            INSERT INTO reporting_revision (id, report_id, number, edition_id, status, reason, document_reference,
                opened_at, submitted_at, content_hash, decided_at, return_reason)
            SELECT r.id, r.id, 1,
                   (SELECT id FROM reporting_edition WHERE valid_from <= month ORDER BY valid_from DESC LIMIT 1),
                   CASE WHEN approved_id IS NULL THEN 'submitted' ELSE 'approved' END, '', '',
                   p.opens_on, p.due_on, '{_HASH}', CASE WHEN approved_id IS NOT NULL THEN p.due_on END, ''
            FROM reporting_report r JOIN reporting_period p ON p.id = r.period_id
            WHERE latest_id IS NOT NULL ORDER BY r.id
            """
        )
        cursor.execute("SET session_replication_role = origin")
    _reset_sequences(Report, Revision)


def _file_lines(agencies):
    with connection.cursor() as cursor:
        keys = _without_keys(cursor, Line._meta.db_table)
        cursor.execute("SET session_replication_role = replica")
        _create_item_table(cursor)
        cursor.execute(
            f"""
            INSERT INTO reporting_line (id, revision_id, item_id, quantity, unit, cost_yuan, known_by, payment,
                note)
            SELECT (revision - 1) * {len(formula.ITEMS)} + position, revision, code,
                   CASE WHEN known_by = 'metered' THEN quantity END, unit,
                   CASE WHEN known_by = 'metered' AND price_yuan > 0 THEN round(quantity * price_yuan, 2) END,
                   known_by, '', ''
            FROM (SELECT id AS revision, position, code, unit, price_yuan::numeric,
                         {formula.QUANTITY_SQL} AS quantity, {formula.KNOWN_BY_SQL} AS known_by
                  FROM (SELECT id, ((id - 1) / {agencies})::int AS t, ((id - 1) % {agencies})::int AS i
                        FROM reporting_revision ORDER BY id) revision
                  JOIN bench_item ON t BETWEEN first AND last OFFSET 0) line
            """
        )
        cursor.execute("SET session_replication_role = origin")
        for statement in keys:
            cursor.execute(statement)
    _reset_sequences(Line)


def _create_item_table(cursor):
    columns = ", ".join(
        f"{name} text" if name in ("code", "unit") else f"{name} int" for name in formula.ITEM_COLUMNS
    )
    cursor.execute(
        f"CREATE TEMPORARY TABLE bench_item (position int, {columns.replace('price_yuan int', 'price_yuan float8')})"
    )
    places = ", ".join(["%s"] * (len(formula.ITEM_COLUMNS) + 1))
    rows = [(number, *row) for number, row in enumerate(formula.ITEM_ROWS)]
    cursor.executemany(f"INSERT INTO bench_item VALUES ({places})", rows)


def _without_keys(cursor, table):
    """Drop the table's primary key and unique constraints; returns the statements that put them back."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
        [table],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for name, definition in found]


def _write_panels(institutions):
    """The panels of these institutions (their numbers), from the formula alone."""
    i, t = institutions[:, np.newaxis], np.arange(formula.MONTHS)
    shape = (len(institutions), len(formula.YEARS), panels.MONTHS)
    bits = {
        "expected_months": _by_year(formula.is_expected(i, t), shape),
        "approved_months": _by_year(formula.is_approved(i, t), shape),
        "submitted_months": _by_year(formula.is_waiting(i, t), shape),
    }
    owed = pack_bits(bits["expected_months"]) > 0
    rows, columns = np.nonzero(owed)
    values = _quantities(i, t, shape)[owed]
    packed = np.where(np.isnan(values), np.nan, values).astype("<f8")
    bulk.insert_columns(
        Panel,
        {
            "agency": rows + institutions[0] + FIRST_AGENCY,
            "year": columns + formula.FIRST_YEAR,
            "packed": packed.reshape(len(rows), -1).view(np.uint8),
        }
        | {name: pack_bits(months[owed]) for name, months in bits.items()},
    )


def _quantities(i, t, shape):
    """(n, years, 12, items): what `reporting.panels` makes of the months' lines, NaN where a month is not approved."""
    filed = {item.code: item for item in formula.ITEMS}
    is_approved = formula.is_approved(i, t)
    asked = _asked()
    found = np.full((*shape, len(panels.PANEL_ITEMS)), np.nan)
    for column, code in enumerate(panels.PANEL_ITEMS):
        # Not asked for: outside the statistics, 0. Asked for and not answered: unknown.
        values = np.where(asked[code], np.nan, 0.0) + np.zeros_like(i)
        if code in filed:
            item = filed[code]
            values = np.where((item.first <= t) & (t <= item.last), formula.quantity(item, i, t), values)
        found[..., column] = _by_year(np.where(is_approved, values, np.nan), shape, np.nan)
    return found


def _asked():
    """Item code → whether each month's edition asks for it; totals of fuel are never answered beside their parts."""
    editions = list(Edition.objects.order_by("-valid_from").prefetch_related("items"))
    by_month = [
        {
            item.code
            for item in next(each for each in editions if each.valid_from <= formula.month(t)).items.all()
        }
        for t in range(formula.MONTHS)
    ]
    return {code: np.array([code in codes for codes in by_month]) for code in panels.PANEL_ITEMS}


def _by_year(months, shape, beyond=0):
    """(n, 82) as (n, years, 12), with `beyond` for the months after the last one."""
    whole = np.full((shape[0], shape[1] * shape[2]), beyond, dtype=months.dtype)
    whole[:, : formula.MONTHS] = months
    return whole.reshape(shape)


def _reset_sequences(*models):
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _settle():
    """What a server does by itself in time: hint bits and statistics, so that nobody's first reading pays for them."""
    _reset_sequences(Agency, Period, Panel)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _compare_sample(agencies):
    """Raises ValueError where a panel is not what `reporting.approved` makes of the filed lines."""
    chosen = np.random.default_rng(agencies).choice(agencies, min(agencies, SAMPLE), replace=False)
    years_by_agency = {int(i) + FIRST_AGENCY: set(formula.YEARS) for i in chosen}
    stored = {(row.agency_id, row.year): row for row in Panel.objects.filter(agency__in=years_by_agency)}
    made = dict(approved.from_lines(years_by_agency))
    for place in stored.keys() | made.keys():
        if place not in stored or place not in made or _state(stored[place]) != _state(made[place]):
            raise ValueError(f"The panel of {place} is not what its lines say.")


def _state(panel):
    return bytes(panel.packed), panel.approved_months, panel.expected_months, panel.submitted_months
