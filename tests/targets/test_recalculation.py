"""Everything anew, block by block: here, by a real worker, twice, and after what was lost."""

import math
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reporting.models import RuleSet
from targets import blocks, plan_library, recalculation, refresh
from targets.models import Figure, GroupFigure, Recalculation
from tests.factories import District, InstitutionFactory

from .months import settle

WAIT_SECONDS = 90
ORDER = {Figure: ("agency", "year", "rule_set"), GroupFigure: ("kind", "key", "year", "panel", "rule_set")}


@pytest.fixture
def settled(db):
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=940)
    settle(InstitutionFactory(parent=district.department), 2025, kwh=700)
    refresh.refresh_all()
    return district


def figures():
    """Every stored number of figures and groups, as one list for pytest.approx: the last bits may differ."""
    skipped = {"id", "computed_at", "packed", "rule_set", "agency", "kind", "key", "panel"}
    found = []
    for model in (Figure, GroupFigure):
        for row in model.objects.order_by(*ORDER[model]):
            fields = [field for field in model._meta.concrete_fields if field.name not in skipped]
            found += [getattr(row, field.attname) for field in fields]
            found += row.monthly.ravel().tolist()
    return [math.nan if value is None else float(value) for value in found]


def same(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.both_databases
def test_everything_anew_gives_what_the_marks_gave(settled):
    before = figures()
    recalculation.work_off(recalculation.begin("chongqing-2015", by=settled.manager))
    assert figures() == same(before)
    run = recalculation.with_progress().get()
    assert (run.done, run.total, run.asked_by) == (run.total, run.total, settled.manager)
    assert run.finished_at


def test_another_rule_set_stands_beside_the_one_in_force_and_is_kept_fresh(settled):
    recalculation.work_off(recalculation.begin("db37-2019"))
    assert refresh.kept_rule_sets() == ["chongqing-2015", "db37-2019"]
    settle(settled.institution, 2024, kwh=900)
    refresh.refresh_all()
    rows = Figure.objects.filter(agency=settled.institution, year=2024).order_by("rule_set__slug")
    assert [row.rule_set.slug for row in rows] == ["chongqing-2015", "db37-2019"]


def test_small_blocks_give_the_same_district(settled, monkeypatch):
    before = {(row.key, row.year, row.panel): row.kgce_per_m2 for row in GroupFigure.objects.all()}
    monkeypatch.setattr(blocks, "BLOCK", 1)
    recalculation.work_off(recalculation.begin("chongqing-2015"))
    after = {(row.key, row.year, row.panel): row.kgce_per_m2 for row in GroupFigure.objects.all()}
    assert after == {place: pytest.approx(value, rel=1e-12) for place, value in before.items()}


def test_a_block_done_twice_changes_nothing_and_a_run_is_finished_once(settled):
    run = recalculation.begin("chongqing-2015")
    (number,) = blocks.numbers()
    recalculation.do_block(run.pk, number)
    before, finished_at = figures(), Recalculation.objects.get().finished_at
    recalculation.do_block(run.pk, number)
    recalculation.finish(run.pk)
    assert (figures(), Recalculation.objects.get().finished_at) == (same(before), finished_at)


def test_an_unknown_rule_set_is_refused_with_those_that_exist(settled):
    with pytest.raises(CommandError, match="没有核算口径“nonsense”，现有：.*chongqing-2015"):
        call_command("recalculate", rules="nonsense")


def test_the_command_says_what_it_did(settled):
    out = StringIO()
    call_command("recalculate", all=True, stdout=out)
    assert "区块 1 / 1" in out.getvalue()
    assert f"已计算 {Figure.objects.count()} 个机构年（重庆2015口径）" in out.getvalue()


@pytest.mark.needs_redis
@pytest.mark.django_db(transaction=True)
def test_workers_do_the_blocks_and_the_last_one_sums_up(celery_worker_process, settled):
    Figure.objects.all().delete()
    celery_worker_process()
    run = recalculation.begin("chongqing-2015")
    recalculation.fan_out(run)
    deadline = time.monotonic() + WAIT_SECONDS
    while not Recalculation.objects.get(pk=run.pk).finished_at and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Recalculation.objects.get(pk=run.pk).finished_at
    assert Figure.objects.filter(rule_set=RuleSet.objects.get(slug="chongqing-2015")).count() == 3


@pytest.mark.needs_redis
@pytest.mark.django_db(transaction=True)
def test_blocks_that_a_lost_broker_never_passed_on_are_sent_again(
    redis_server, celery_worker_process, settled
):
    redis_server.stop()
    run = recalculation.begin("chongqing-2015")
    recalculation.fan_out(run)
    assert Recalculation.objects.get(pk=run.pk).finished_at is None
    redis_server.start()
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    deadline = time.monotonic() + WAIT_SECONDS
    while not Recalculation.objects.get(pk=run.pk).finished_at and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Recalculation.objects.get(pk=run.pk).finished_at
