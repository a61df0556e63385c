"""How long the board of the plan's tasks takes, all measures, nodes and years, and how long its rows alone."""

import time
from datetime import date

from django.db import connection

from agencies.models import Agency, User
from reporting import bulk
from reporting.accounting import rules
from targets import recalculation
from targets.models import PlanPeriod, Record, RecordVersion, Register, TaskProgress, VersionStatus
from targets.plan import board

TODAY = date(2025, 12, 31)
RECORDS = 10
DISTRICT_SIZE, SYSTEMS = 175, 7


def measure():
    """Seconds of the board over a district with records, and of copying its rows within the database."""
    recalculation.work_off(recalculation.begin(rules.active_slug(), cause="bench"))
    if Agency.objects.institutions().count() <= DISTRICT_SIZE:
        _arrange_as_a_district()
    _keep_records()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    period = PlanPeriod.objects.get(slug="14-5")
    board.compute(period, TODAY)
    started = time.perf_counter()
    rows = board.compute(period, TODAY)
    seconds = time.perf_counter() - started
    return {"rows": rows, "seconds": seconds, "floor": _copied()}


def _arrange_as_a_district():
    """The bench's tree is a municipality's, of 110 nodes: a district has a bureau and its systems."""
    departments = Agency.objects.filter(key__startswith="DEPARTMENT").order_by("pk")
    systems = list(departments[:SYSTEMS])
    for place, agency in enumerate(Agency.objects.institutions()):
        system = systems[place % SYSTEMS]
        Agency.objects.filter(pk=agency.pk).update(parent=system, path=f"{system.path}{agency.key}/")
    departments.exclude(pk__in=[system.pk for system in systems]).delete()
    Agency.objects.filter(key__startswith="DISTRICT", children__isnull=True).delete()


def _keep_records():
    """RECORDS accepted renovations for each institution."""
    register, by = Register.objects.get(slug="project"), User.objects.create(username="bench-keeper")
    agencies = list(Agency.objects.institutions().values_list("pk", flat=True))
    records = [Record(register=register, agency_id=pk) for pk in agencies for _ in range(RECORDS)]
    Record.objects.bulk_create(records, batch_size=bulk.BATCH)
    said = {"nature": "改造", "stage": "已验收", "area_m2": "120"}
    common = {"number": 1, "status": VersionStatus.ACCEPTED, "is_current": True, "name": "改造"}
    versions = (
        RecordVersion(
            record=record, happened_on=date(2021 + place % 5, 6, 1), values=said, entered_by=by, **common
        )
        for place, record in enumerate(records)
    )
    RecordVersion.objects.bulk_create(versions, batch_size=bulk.BATCH)


def _copied():
    table = TaskProgress._meta.db_table
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(f"CREATE TABLE bench_progress (LIKE {table} INCLUDING INDEXES)")
        cursor.execute(f"INSERT INTO bench_progress SELECT * FROM {table}")
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_progress")
    return seconds
