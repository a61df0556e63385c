"""The demo district: the same at every run, consistent, and alive in every state."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agencies import credit_code
from agencies.models import Agency, Building, Event, Occupancy, User
from reporting import shared_meters, suggestions
from reporting.models import Evidence, Report, StaleMark
from targets.models import Figure, GroupFigure
from yuzhong_carbon.demo import district, filing

pytestmark = pytest.mark.django_db


def seed(**options):
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def seeded(monkeypatch, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    # Fewer years than the real demo: the same code in a fraction of the time.
    monkeypatch.setattr("yuzhong_carbon.demo.filing.FIRST_MONTH", date(2025, 11, 1))
    seed(agencies=16)


def test_the_demo_holds_by_its_own_ledger_and_is_marked_synthetic(seeded):
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue().count("一致") == 9
    assert not StaleMark.objects.exists()
    assert not Agency.objects.filter(is_synthetic=False).exists()


def test_some_reports_are_approved_some_wait_some_came_back_and_some_are_late(seeded):
    states = {report.status for report in Report.objects.with_state()}
    assert states == {"approved", "submitted", "returned", "draft", "missing"}


def test_the_newcomers_filer_finds_a_month_to_begin_and_one_that_came_back(seeded):
    filer = User.objects.get(username="tianbao")
    own = Report.objects.visible_to(filer).with_state().order_by("-period__month")
    assert [report.status for report in own[:2]] == ["missing", "returned"]


def test_shared_buildings_are_wholly_shared(seeded):
    shared = Occupancy.objects.filter(building__name__startswith="示例集中办公区")
    assert sum(shared.values_list("share", flat=True)) == 1


def test_the_demos_filer_has_bills_and_registers_that_suggest(seeded):
    filer = User.objects.get(username="tianbao")
    report = Report.objects.visible_to(filer).with_state().order_by("-period__month").first()
    beside = suggestions.beside(report)
    assert {use.days < use.row.evidence.days for use in beside.links["110"]} == {True}
    titles = {code: [offer.title for offer in offers] for code, offers in beside.offers.items()}
    assert titles["110"] == ["凭证", "表计"]
    assert {"120", "104", "240", "PV"} <= titles.keys()
    assert Evidence.objects.filter(replaced_by__isnull=False).count() == 1


def test_the_shared_buildings_meters_are_divided(seeded):
    building = Building.objects.filter(name__startswith="示例集中办公区")
    [division] = shared_meters.of_buildings(building, filing.last_month())
    assert division.fault == ""
    assert sum(part.quantity for part in division.parts) == division.total


def test_a_second_run_refuses_and_with_if_empty_does_nothing(seeded):
    events = Event.objects.count()
    with pytest.raises(CommandError, match="只载入空库"):
        seed()
    seed(if_empty=True)
    assert Event.objects.count() == events


def test_production_takes_no_demo(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="生产环境"):
        seed()


def test_every_account_of_the_table_can_sign_in(seeded, client):
    table = seed(accounts=True)
    for username in ("tianbao", "zhuguan", "shenhe", "guanli", "xietong", "shenji", "xitong"):
        assert username in table
        assert client.login(username=username, password="yanshi-Mima-2025")


def test_the_register_is_the_same_at_every_run_and_its_codes_are_well_formed():
    rows, institutions = district.register(175)
    assert rows == district.register(175)[0]
    assert len(institutions) == 175
    assert all(credit_code.fault(row["credit_code"]) is None for row in rows)
    assert all(credit_code.has_organisation_check(row["credit_code"]) for row in rows)


def test_figures_of_institutions_and_groups_exist_for_every_year(seeded):
    years = {2025, 2026}
    assert set(Figure.objects.values_list("year", flat=True)) == years
    assert set(GroupFigure.objects.values_list("year", flat=True)) == years
