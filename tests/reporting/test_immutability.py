"""What was submitted stays, and what is append-only stays: refused by the database itself, on both databases."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.access import Role
from agencies.models import Event
from reporting import actions, joint_review, looks
from reporting.entries import Entry
from reporting.models import (
    Coefficient,
    EmissionFactor,
    JointReviewPoint,
    Line,
    PointKind,
    Revision,
    SecondLook,
    Verdict,
)
from reporting.models.looking import Found
from tests.factories import user_with

from .test_bulk_approvals import calm, done

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MARCH = date(2025, 3, 1)


def is_refused(act, *arguments):
    try:
        with transaction.atomic():
            act(*arguments)
    except DatabaseError:
        return True
    return False


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def line_of(revision):
    return Line(revision=revision, item_id="101", quantity=Decimal(5), unit="m²")


@pytest.fixture
def frozen(district):
    """A submitted revision."""
    return district.submitted(MARCH, {"110": 100}).latest


def test_a_submitted_line_cannot_be_changed(frozen):
    line = frozen.lines.get(item="110")
    line.quantity = Decimal(1)
    assert is_refused(line.save)
    assert is_refused(lambda: Line.objects.filter(revision=frozen).update(note="改"))
    assert is_refused(execute, "UPDATE reporting_line SET quantity = 1")
    assert frozen.lines.get(item="110").quantity == 100


def test_a_submitted_line_cannot_be_deleted(frozen):
    count = frozen.lines.count()
    assert is_refused(frozen.lines.get(item="110").delete)
    assert is_refused(frozen.lines.all().delete)
    assert is_refused(execute, "DELETE FROM reporting_line")
    assert frozen.lines.count() == count


def test_a_submitted_revision_takes_no_further_line(frozen):
    assert is_refused(line_of(frozen).save)
    assert is_refused(Line.objects.bulk_create, [line_of(frozen)])
    sql = "INSERT INTO reporting_line (revision_id, item_id, quantity, unit, known_by, payment, note)"
    assert is_refused(execute, f"{sql} VALUES ({frozen.pk}, '101', 5, 'm²', 'metered', '', '')")
    assert not frozen.lines.filter(item="101").exists()


def test_a_line_cannot_be_moved_into_a_submitted_revision(district, frozen):
    draft = actions.save_draft(
        district.report(date(2025, 4, 1)), {"101": Entry(Decimal(5))}, by=district.filer
    )
    assert is_refused(lambda: draft.lines.update(revision=frozen))


def test_a_submitted_revision_cannot_be_changed_or_deleted(frozen):
    revisions = Revision.objects.filter(pk=frozen.pk)
    assert is_refused(lambda: revisions.update(content_hash="0" * 64))
    assert is_refused(lambda: revisions.update(reason="改写"))
    assert is_refused(lambda: revisions.update(status="draft", submitted_at=None))
    assert is_refused(execute, "UPDATE reporting_revision SET submitted_at = '2020-01-01'")
    assert is_refused(execute, "DELETE FROM reporting_revision")


def test_a_decision_on_a_revision_is_final(district, frozen):
    actions.approve(frozen.report, by=district.reviewer)
    revisions = Revision.objects.filter(pk=frozen.pk)
    assert is_refused(lambda: revisions.update(status="submitted"))
    assert is_refused(lambda: revisions.update(decided_by=district.manager))
    assert is_refused(execute, "UPDATE reporting_revision SET status = 'returned', return_reason = 'x'")


def test_a_draft_is_free(district):
    draft = actions.save_draft(district.report(MARCH), {"110": Entry(Decimal(1))}, by=district.filer)
    draft.lines.update(quantity=Decimal(2))
    line_of(draft).save()
    assert draft.lines.count() == 2
    draft.lines.all().delete()
    assert draft.lines.count() == 0


def test_the_trail_cannot_be_changed_or_deleted(frozen):
    count = Event.objects.count()
    assert is_refused(lambda: Event.objects.update(detail="没有发生过"))
    assert is_refused(Event.objects.all().delete)
    assert is_refused(execute, "UPDATE agencies_event SET actor_name = '别人'")
    assert is_refused(execute, "DELETE FROM agencies_event")
    assert Event.objects.count() == count


@pytest.mark.parametrize("model", [Coefficient, EmissionFactor])
def test_the_factor_library_cannot_be_changed_or_deleted(district, model):
    table = model._meta.db_table
    assert is_refused(lambda: model.objects.update(document="改写"))
    assert is_refused(model.objects.first().delete)
    assert is_refused(execute, f"UPDATE {table} SET valid_from = '2000-01-01'")
    assert is_refused(execute, f"DELETE FROM {table}")


@pytest.fixture
def decided(district):
    """A return of a cell, an extension, a verified point, and a bulk approval whose second look is done."""
    returned = district.submitted(MARCH, {"110": 100})
    actions.send_back(returned, by=district.reviewer, reason="", cells={"110": "与账单不符"})
    owed = district.report(date(2025, 4, 1))
    last_day = owed.period.closes_on + timedelta(1)
    actions.extend([owed], by=district.manager, last_day=last_day, reason="停电")
    point = JointReviewPoint.objects.create(
        year=2025, agency=district.institution, kind=PointKind.AREA_YEAR, place="2025", statement="+20 %"
    )
    joint_review.verify(point, verdict=Verdict.TRUE, note="已核对", by=district.reviewer)
    done(district, [calm(district)])
    second = user_with(Role.REVIEWER, district.bureau)
    looks.decide(SecondLook.objects.get(), by=second, result=Found.TRUE, note="已核对")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("cellremark", "comment = '改写'"),
        ("extension", "last_day = '2030-01-01'"),
        ("jointreview", "note = '改写'"),
        ("draw", "seed = '另一个'"),
        ("secondlook", "result = 'wrong'"),
        ("bulkapproval", "ground = '改写'"),
        ("bulkentry", "seen = '改写'"),
    ],
)
def test_what_was_decided_on_the_way_cannot_be_changed_or_deleted(decided, table, change):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM reporting_{table}")
        assert cursor.fetchone()[0] > 0
    assert is_refused(execute, f"UPDATE reporting_{table} SET {change}")
    assert is_refused(execute, f"DELETE FROM reporting_{table}")
