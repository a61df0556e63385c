"""Jobs that are called by name exist under that name."""

from datetime import date

import pytest
from django.conf import settings

from reporting import notices
from reporting.models import StaleMark
from targets import tasks
from targets.models import Figure
from tests.factories import District
from yuzhong_carbon.celery import app


def test_the_job_that_approvals_send_is_registered_under_its_name():
    app.loader.import_default_modules()
    assert notices.REFRESH_TASK in app.tasks


def test_every_job_of_the_schedule_is_registered():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_the_sweep_works_off_marks_that_were_left_and_may_run_again():
    district = District()
    district.approved(date(2025, 3, 1), {"110": 1000, "102": 100, "103": 10})
    tasks.sweep_stale_marks()
    tasks.sweep_stale_marks()
    assert not StaleMark.objects.exists()
    assert Figure.objects.get().kgce == pytest.approx(122.9)
