"""A department's workbook of a year: written with every twentieth number edited, then uploaded and previewed."""

import gc
import resource
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.db import connection

from agencies.access import Role
from agencies.models import Agency, AgencyKind, Membership, User
from reporting import actions, history, tasks
from reporting.models import Edition, Item, KnownBy, Line, Report, Revision, Upload, UploadState
from reporting.workbook import actions as workbooks
from reporting.workbook import template, writing

from .contestants import MIB
from .data import REGISTERED, key_of

YEAR, MONTHS = 2025, [date(2025, month, 1) for month in range(1, 13)]
EDITED_EACH = 20


def prepare(agencies):
    """The institutions, last year approved, this year as drafts, and the edited file; rows and bytes of it."""
    department = _register(agencies)
    _approve_last_year(agencies)
    for month in MONTHS:
        actions.open_period(month)
    _draft_this_year()
    with connection.cursor() as cursor:
        # The bench's server does not do it by itself.
        cursor.execute("ANALYZE")
    made = template.of_node(department, MONTHS)
    path = _path()
    writing.write(path, made.stamp, _edited(made.rows()))
    return {"rows": made.stamp.rows, "bytes": path.stat().st_size}


def preview():
    """Seconds of the job and of its processor, and the greatest memory of this process in MiB."""
    user = User.objects.get(username="filer")
    with _path().open("rb") as file:
        upload = workbooks.upload(File(file, name="系统.xlsx"), by=user)
    gc.collect()
    started, busy = time.perf_counter(), time.process_time()
    tasks.work_on_upload(upload.pk)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    upload = Upload.objects.get(pk=upload.pk)
    if upload.state != UploadState.CHECKED or not upload.changed:
        raise ValueError(f"The preview is {upload.state}: {upload.refusal}")
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return {"seconds": seconds, "busy": busy, "mib": mib, "changed": upload.changed, "same": upload.same}


def _path():
    return Path(settings.VAR_DIR) / "system.xlsx"


def _register(agencies):
    bureau = Agency.objects.create(
        key="BUREAU",
        name="机关事务管理局",
        kind=AgencyKind.BUREAU,
        path="BUREAU/",
        registered_from=REGISTERED,
    )
    department = Agency.objects.create(
        key="SYSTEM", name="区教委", kind=AgencyKind.DEPARTMENT, parent=bureau, path="BUREAU/SYSTEM/",
        registered_from=REGISTERED,
    )  # fmt: skip
    own = Agency.objects.bulk_create(
        Agency(key=key_of(i), name=f"第{i}小学", parent=department, path=f"{department.path}{key_of(i)}/",
               type_code="021", registered_from=REGISTERED)
        for i in range(agencies)
    )  # fmt: skip
    filer = User.objects.create(username="filer", name="系统填报员")
    Membership.objects.bulk_create(
        Membership(user=filer, agency=agency, role=Role.FILER, valid_from=REGISTERED) for agency in own
    )
    return department


def _approve_last_year(agencies):
    rows = [
        {"agency": key_of(i), "year": str(YEAR - 1), "month": str(month), "item": item, "quantity": quantity}
        for i in range(agencies)
        for month in range(1, 13)
        for item, quantity in (("110", "9000"), ("120", "90"), ("102", "1000"), ("103", "50"), ("104", "2"))
    ]
    history.enter(history.Reader().read(rows), document="bench")


def _draft_this_year():
    """Drafts with every asked item answered: numbers with costs, and the states."""
    edition = Edition.objects.for_month(MONTHS[0])
    items = Item.objects.filter(edition_rows__edition=edition)
    reports = list(Report.objects.filter(period__month__year=YEAR))
    drafts = Revision.objects.bulk_create(
        Revision(report=report, number=1, edition=edition, opened_by=None) for report in reports
    )
    for report, draft in zip(reports, drafts, strict=True):
        report.latest = draft
    Report.objects.bulk_update(reports, ("latest",), batch_size=1000)
    Line.objects.bulk_create(
        (_line(draft, item, number) for draft in drafts for number, item in enumerate(items)), batch_size=5000
    )


def _line(draft, item, number):
    if number % 3 == 2:
        return Line(revision=draft, item=item, unit=item.unit, known_by=KnownBy.NOT_APPLICABLE)
    quantity = Decimal(1000 + draft.pk % 500 + number)
    cost = quantity / 2 if item.has_cost else None
    return Line(revision=draft, item=item, unit=item.unit, quantity=quantity, cost_yuan=cost, note="抄表")


def _edited(rows):
    for place, (number, row) in enumerate(rows):
        if place % EDITED_EACH == 0 and row.quantity is not None:
            row = row._replace(quantity=row.quantity + 1)  # noqa: PLW2901
        yield number, row
