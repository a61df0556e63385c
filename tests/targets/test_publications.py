"""What is sealed never changes; what would be another number now enters the ledger with its cause."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies import actions as agencies_actions
from reporting import actions, factor_library
from reporting.models import Report
from targets import plan_library, publications, refresh
from targets.models import Figure, LedgerEntry, Publication, PublishedFigure
from tests.factories import DepartmentFactory, District, InstitutionFactory

from .months import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    district = District()
    settle(district.institution, 2020, kwh=1000)
    settle(district.institution, 2025, kwh=950)
    refresh.refresh_all()
    return district


def seal(district, kind="year", year=2025, number=1):
    return publications.seal(kind, year, number, by=district.manager, note="全年会审后")


def row_of(publication, agency, panel="all"):
    return publication.figures.get(key=agency.key, panel=panel)


def correct(district, month, kwh):
    report = Report.objects.get(agency=district.institution, period__month=month)
    actions.open_correction(report, by=district.filer, reason="电表倍率更正")
    district.approved(month, {"110": kwh, "120": 5, "102": 100, "103": 10})
    refresh.refresh_all()


def test_a_sealed_year_equals_the_figures_of_its_time(district):
    sealed = seal(district)
    figure = Figure.objects.get(agency=district.institution, year=2025)
    row = row_of(sealed, district.institution)
    for column in ("kgce", "kgce_per_m2", "kgce_per_m2_base", "kg_co2_per_m2_change", "floor_area_m2"):
        assert getattr(row, column) == pytest.approx(getattr(figure, column), rel=1e-12)
    assert (sealed.months_expected, sealed.months_approved, sealed.registered) == (12, 12, 1)
    assert sealed.content_hash == sealed.expected_hash(sealed.figures.all())


def test_a_quarter_takes_its_three_months_and_the_same_of_the_base_year(district):
    sealed = seal(district, "quarter", 2025, 2)
    row = row_of(sealed, district.institution)
    assert row.kgce == pytest.approx(3 * 950 * 0.1229)
    assert row.kgce_per_m2_base == pytest.approx(3 * 1000 * 0.1229 / 100)
    assert row.kgce_per_m2_change == pytest.approx(-0.05)
    assert row_of(sealed, district.bureau, "comparable").kgce_per_m2_change == pytest.approx(-0.05)


def test_a_correction_leaves_the_seal_and_enters_the_ledger_with_its_reason(district):
    sealed = seal(district)
    before = row_of(sealed, district.institution).kgce
    correct(district, date(2025, 3, 1), 1950)
    assert row_of(sealed, district.institution).kgce == before
    entry = LedgerEntry.objects.get(key=district.institution.key, column="kgce")
    assert (entry.published, entry.before) == (before, before)
    assert entry.now == pytest.approx(before + 1000 * 0.1229)
    assert "第2版通过：电表倍率更正" in entry.cause
    assert LedgerEntry.objects.filter(
        key=district.bureau.key, panel="all", column="kgce_per_m2_change"
    ).exists()


def test_a_second_correction_is_told_from_the_first(district):
    seal(district)
    correct(district, date(2025, 3, 1), 1950)
    correct(district, date(2025, 3, 1), 1000)
    first, second = LedgerEntry.objects.filter(key=district.institution.key, column="kgce").order_by("pk")
    assert second.before == first.now
    assert second.published == first.published


def test_refreshing_without_a_change_enters_nothing(district):
    seal(district)
    call_command("recalculate", year=2025)
    assert not LedgerEntry.objects.exists()


def test_a_new_vintage_changes_no_seal_and_its_difference_is_in_the_ledger(district, tmp_path):
    sealed = seal(district)
    before = sealed.content_hash, list(sealed.figures.values())
    header = "factor_set,carrier,unit,kg_co2_per_unit,region,data_year,published_on,valid_from,document,mark"
    row = "grid-chongqing,electricity,kWh,0.6,500000,2025,2026-11-01,2026-11-01,试,B"
    (tmp_path / "emission_factors.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    factor_library.load(tmp_path)
    refresh.refresh_all()
    sealed.refresh_from_db()
    assert (sealed.content_hash, list(sealed.figures.values())) == before
    entries = LedgerEntry.objects.filter(key=district.institution.key)
    assert set(entries.values_list("column", flat=True)) == {
        "kg_co2_inventory",
        "kg_co2_per_m2_inv",
        "kg_co2_per_m2_inv_change",
    }
    assert all("载入参数" in entry.cause for entry in entries)


def test_a_moved_institution_changes_what_its_old_system_would_be_now(district):
    settle(InstitutionFactory(parent=district.department), 2025, kwh=500)
    refresh.refresh_all()
    seal(district)
    other = DepartmentFactory(parent=district.bureau)
    agencies_actions.move(district.institution, other, by=district.manager)
    refresh.refresh_all()
    entries = LedgerEntry.objects.filter(key=district.department.key, column="kgce", panel="all")
    assert entries.get().cause == "名录变动：分组重新汇总"


def test_what_has_not_ended_waits_for_a_job_or_holds_nothing_is_not_sealed(district):
    with pytest.raises(ValidationError, match="2026年尚未结束"):
        seal(district, year=2026)
    with pytest.raises(ValidationError, match="还没有已通过的月报"):
        seal(district, year=2023)
    settle(district.institution, 2024)
    with pytest.raises(ValidationError, match="有待重算的指标"):
        seal(district)
    assert not Publication.objects.exists()


def test_only_a_manager_seals(district):
    with pytest.raises(PermissionDenied):
        publications.seal("year", 2025, 1, by=district.reviewer)


def test_a_second_seal_of_a_span_stands_beside_the_first(district):
    seal(district)
    assert str(seal(district)) == "2025年（第2次发布）"


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["publication", "publishedfigure", "ledgerentry"])
@pytest.mark.parametrize("statement", ["UPDATE targets_{} SET id = id", "DELETE FROM targets_{}"])
def test_the_database_refuses_to_change_what_is_published(district, table, statement):
    seal(district)
    correct(district, date(2025, 3, 1), 1950)
    with pytest.raises(IntegrityError, match="published stays"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


def test_a_seal_changed_by_sql_is_found_and_named(district):
    seal(district)
    on_table = " ON targets_publishedfigure" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER publishedfigure_stays_update{on_table}")
    PublishedFigure.objects.filter(key=district.institution.key).update(kgce=1.0)
    with pytest.raises(CommandError, match="发布封存：2025年 的已封存指标与封存时的哈希不符"):
        call_command("verify_ledger")


def test_a_manager_seals_on_the_page_and_sees_published_beside_now(district, client):
    client.force_login(district.manager)
    address = reverse("targets:publication-list")
    wrong = client.post(address, {"kind": "quarter", "year": "2025", "number": "5"})
    assert "应在 1 到 4 之间" in wrong.content.decode()
    client.post(address, {"kind": "year", "year": "2025", "number": "1", "note": "会审"})
    sealed = Publication.objects.get()
    correct(district, date(2025, 3, 1), 1950)
    page = client.get(
        reverse("targets:publication-detail", args=[sealed.pk]) + "?differing=on"
    ).content.decode()
    assert "有差异" in page
    assert "电表倍率更正" in page
    assert sealed.content_hash in page


def test_a_department_sees_its_own_rows_only(district, client):
    other = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    settle(other, 2025)
    refresh.refresh_all()
    sealed = seal(district)
    client.force_login(district.department_user)
    page = client.get(reverse("targets:publication-detail", args=[sealed.pk])).content.decode()
    assert district.institution.name in page
    assert other.name not in page


def test_the_pages_cost_the_same_for_one_row_and_for_many(district, client):
    client.force_login(district.manager)
    first = seal(district)
    address = reverse("targets:publication-detail", args=[first.pk])

    def cost(of):
        with CaptureQueriesContext(connection) as queries:
            client.get(of)
        return len(queries)

    one, one_listed = cost(address), cost(reverse("targets:publication-list"))
    for _ in range(3):
        settle(InstitutionFactory(parent=district.department), 2025)
    refresh.refresh_all()
    second = seal(district)
    assert cost(reverse("targets:publication-detail", args=[second.pk])) == one
    assert cost(reverse("targets:publication-list")) == one_listed
