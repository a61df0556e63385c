"""Uploads are worked off by a real worker, also after a lost broker and a killed worker."""

import time
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agencies.models import Event
from agencies.models.trail import Verb
from reporting.entries import Entry
from reporting.models import Line, Upload, UploadState
from reporting.workbook import actions as workbooks
from reporting.workbook import checking
from reporting.workbook.answers import Answer
from tests.factories import District

from .workbooks import counts, template_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

MARCH = date(2025, 3, 1)
WAIT_SECONDS = 90


@pytest.fixture
def district(transactional_db):
    district = District()
    district.report(MARCH)
    return district


def send(district):
    content = template_of(district.institution, MARCH, stated={"110": Answer(Entry(Decimal(200)))})
    return workbooks.upload(SimpleUploadedFile("填报.xlsx", content), by=district.filer)


def wait_for(upload, state):
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := Upload.objects.get(pk=upload.pk)).state != state:
        assert time.monotonic() < deadline, f"still {found.state}"
        time.sleep(0.1)
    return found


def test_a_worker_checks_and_after_the_confirmation_writes(district, celery_worker_process):
    celery_worker_process()
    upload = wait_for(send(district), "checked")
    assert (counts(upload), upload.done, upload.total) == ({"new": 1}, 60, 60)
    assert not Line.objects.exists()
    workbooks.confirm(upload, by=district.filer)
    wait_for(upload, "written")
    assert Line.objects.get().quantity == 200


def test_an_upload_that_a_lost_broker_never_passed_on_is_checked_by_the_sweep(
    district, redis_server, celery_worker_process
):
    redis_server.stop()
    upload = send(district)
    assert upload.state == "waiting"
    redis_server.start()
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    wait_for(upload, "checked")


def test_a_worker_killed_on_the_way_loses_nothing_and_writes_once(
    district, redis_server, celery_worker_process
):
    redis_server.stop()
    upload = send(district)
    # As a killed worker leaves it: the check begun, some cells kept, nobody at work.
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.CHECKING, attempt=1, done=3)
    redis_server.start()
    worker = celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    upload = wait_for(upload, "checked")
    worker.kill()
    workbooks.confirm(upload, by=district.filer)
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    wait_for(upload, "written")
    assert (upload.attempt, Line.objects.get().quantity) == (2, 200)
    assert Event.objects.filter(verb=Verb.SAVE).count() == 1


def test_a_check_that_another_worker_took_over_leaves_no_cell(district, monkeypatch):
    upload = send(district)
    keep = checking._keep

    def taken_over(own, source, found):
        keep(own, source, found)
        Upload.objects.filter(pk=own.pk).update(attempt=own.attempt + 1)

    monkeypatch.setattr(checking, "_keep", taken_over)
    checking.check(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.cells.count()) == ("checking", 0)


def test_a_check_that_takes_too_long_ends_with_a_sentence(district):
    upload = send(district)
    checking.give_up(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.refusal) == ("refused", checking.TIMED_OUT)
