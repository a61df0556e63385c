"""Evidence and readings by two people, or two clicks, at the same moment."""

from datetime import date
from decimal import Decimal

import pytest

from agencies.models import Building, Event
from agencies.models.trail import Verb
from reporting import actions, evidence_actions, register_actions
from reporting.models import Evidence, Meter, MeterReading, Status
from tests.factories import District, entries

from .documents import bill
from .test_actions_at_once import at_once

MARCH = date(2025, 3, 1)


@pytest.fixture
def district(transactional_db, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    return District()


@pytest.mark.needs_postgresql
def test_two_clicks_register_a_bill_once(district):
    outcomes = at_once(
        *[lambda: evidence_actions.attach(district.institution, bill(), by=district.filer)] * 2
    )
    assert {type(outcome) for outcome in outcomes} == {Evidence, evidence_actions.Duplicate}
    assert Event.objects.filter(verb=Verb.ATTACH).count() == Evidence.objects.count() == 1


@pytest.mark.needs_postgresql
def test_of_two_replacements_one_wins(district):
    old = evidence_actions.attach(district.institution, bill(), by=district.filer)
    outcomes = at_once(
        *[
            lambda number=number: evidence_actions.replace(
                old, bill(document_number=number), by=district.filer, reason="缺页"
            )
            for number in ("甲", "乙")
        ]
    )
    assert {type(outcome) for outcome in outcomes} == {Evidence, evidence_actions.AlreadyReplaced}
    assert Evidence.objects.count() == 2


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_a_submission_and_the_taking_out_of_its_bill_agree(district, _round):
    evidence = evidence_actions.attach(district.institution, bill(), by=district.filer)
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 100}), by=district.filer)
    outcomes = at_once(
        lambda: actions.submit(report, by=district.filer),
        lambda: evidence_actions.take_out(evidence, by=district.filer),
    )
    report.refresh_from_db()
    assert (outcomes[0], report.latest.status) == (None, Status.SUBMITTED)
    is_kept = isinstance(outcomes[1], evidence_actions.InUse)
    assert (is_kept, Evidence.objects.exists()) in {(True, True), (False, False)}


@pytest.mark.needs_postgresql
def test_two_people_read_a_meter_one_after_the_other(district):
    building = Building.objects.create(
        manager=district.institution, name="楼", floor_area_m2=9, in_use_from=MARCH
    )
    meter = Meter.objects.create(building=building, item_id="110", number="1", valid_from=MARCH)
    outcomes = at_once(
        *[
            lambda by=by, quantity=quantity: register_actions.read(
                MeterReading, meter, MARCH, {"quantity": Decimal(quantity), "cost_yuan": None}, by=by
            )
            for by, quantity in ((district.filer, 5), (district.manager, 6))
        ]
    )
    assert outcomes == [True, True]
    details = Event.objects.filter(verb=Verb.READING).order_by("sequence").values_list("detail", flat=True)
    assert len(details) == 2
    assert "→" in details[1]
