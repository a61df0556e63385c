"""Why a published number is what it is: the seal's own statement, the ledger with its causes, today's explanation."""

import hashlib
import json
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from agencies.access import Role
from reporting import actions
from reporting.models import Report, RuleSet
from targets import proposals, publications, refresh, rehearsal, restatements
from targets.lineage import explain_published
from targets.models import LedgerEntry, Proposal
from targets.models.publication import SEALED_COLUMNS
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, text

pytestmark = pytest.mark.django_db
KGCE = 0.1229


@pytest.fixture
def sealed(district):
    settle(district.institution, 2020, kwh=1000)
    settle(district.institution, 2025, kwh=950)
    refresh.refresh_all()
    district.seal = publications.seal("year", 2025, 1, by=district.manager, note="全年会审后")
    return district


def of(district, agency, column="kgce", seal=None, user=None):
    asked = (seal or district.seal).pk, *place(agency), column
    return explain_published(user or district.manager, *asked)


def place(agency):
    return ("institution" if agency.kind == "institution" else "node"), agency.key, "all"


def address(district, agency, column="kgce", page="why", seal=None):
    return reverse(f"targets:{page}-published", args=[(seal or district.seal).pk, *place(agency), column])


def correct(district, month=date(2025, 3, 1), kwh=1950):
    report = Report.objects.get(agency=district.institution, period__month=month)
    actions.open_correction(report, by=district.filer, reason="电表倍率更正")
    district.approved(month, {"110": kwh, "120": 5, "102": 100, "103": 10})
    refresh.refresh_all()


def links(lineage):
    return [(part.words, part.href) for part in lineage.entries[0].parts]


def test_the_seal_states_number_rules_coverage_and_hash(sealed):
    lineage = of(sealed, sealed.institution)
    assert lineage.published == pytest.approx(12 * 950 * KGCE) == lineage.now
    seal = lineage.seal
    assert (seal.content_hash, seal.note) == (sealed.seal.content_hash, "全年会审后")
    assert (seal.registered, seal.months_expected, seal.months_approved, seal.months_missing) == (
        1,
        12,
        12,
        0,
    )
    assert (seal.rule_set.slug, seal.months) == (sealed.seal.rule_set.slug, list(range(1, 13)))


def test_the_statement_of_the_row_is_the_one_that_was_hashed(sealed):
    lineage = of(sealed, sealed.institution)
    row = sealed.seal.figures.get(key=sealed.institution.key)
    assert lineage.statement == row.statement()
    assert repr(row.kgce) in lineage.statement
    assert lineage.statement_hash == hashlib.sha256(row.statement().encode()).hexdigest()


def test_it_leads_to_todays_explanation_of_the_same_figure(client, sealed):
    base = of(sealed, sealed.department, "kgce_per_m2_base").today_href
    why = reverse("targets:why-group", args=["node", sealed.department.key, 2025, "kgce_per_m2"])
    assert base == f"{why}?panel=all&rules={sealed.seal.rule_set.slug}#base"
    assert '<p id="change">' in text(client, sealed.manager, base)
    assert of(sealed, sealed.institution).month_hrefs == []


@pytest.mark.parametrize("column", SEALED_COLUMNS)
def test_every_sealed_column_has_its_statement_and_its_page_of_today(client, sealed, column):
    lineage = of(sealed, sealed.institution, column)
    assert lineage.published == getattr(sealed.seal.figures.get(key=sealed.institution.key), column)
    client.force_login(sealed.manager)
    assert client.get(address(sealed, sealed.institution, column)).status_code == 200
    assert client.get(lineage.today_href).status_code == 200


def test_a_part_of_a_year_leads_to_its_months(client, sealed):
    quarter = publications.seal("quarter", 2025, 2, by=sealed.manager)
    lineage = of(sealed, sealed.institution, seal=quarter)
    assert lineage.published == pytest.approx(3 * 950 * KGCE)
    assert [each.month for each in lineage.month_hrefs] == [4, 5, 6]
    assert lineage.month_hrefs[0].href.endswith("#month-04")
    html = text(client, sealed.manager, address(sealed, sealed.institution, seal=quarter))
    assert "封存的只是其中几个月" in html
    assert 'id="month-04"' in text(client, sealed.manager, lineage.month_hrefs[0].href)


def test_a_correction_is_linked_to_the_revision_that_made_it(client, sealed):
    correct(sealed)
    report = reverse("reporting:report-detail", args=[sealed.institution.key, date(2025, 3, 1)])
    words = f"{sealed.institution} 2025-03 第2版通过"
    for agency in (sealed.institution, sealed.department):
        lineage = of(sealed, agency)
        assert lineage.now == pytest.approx((12 * 950 + 1000) * KGCE)
        assert lineage.published == pytest.approx(12 * 950 * KGCE)
        assert links(lineage) == [(words, f"{report}?revision=2"), ("：电表倍率更正", None)]
    assert "电表倍率更正" in text(client, sealed.manager, links(lineage)[0][1])


def test_a_factor_is_linked_to_the_trial_that_brought_it(sealed):
    rule_set = RuleSet.objects.active().get()
    row = Proposal(
        kind="factor",
        factor_set=rule_set.grid_factors,
        carrier="electricity",
        unit="kWh",
        data_year=rule_set.target_grid_year,
        kg_co2_per_unit=Decimal("0.5"),
        mark="A",
        reason="新公布",
        document="公告",
    )
    proposals.propose(row, by=sealed.manager)
    rehearsal.rehearse(row)
    row.refresh_from_db()
    proposals.activate(row, by=user_with(Role.MANAGER, sealed.bureau))
    refresh.refresh_all()
    parts = links(of(sealed, sealed.institution, "kg_co2_target"))
    assert parts[0] == (f"启用试算{row.pk}", reverse("targets:proposal-detail", args=[row.pk]))
    seen = of(sealed, sealed.department, "kg_co2_target", user=sealed.department_user)
    assert links(seen)[0] == (f"启用试算{row.pk}", None)


def test_a_restated_base_is_linked_to_its_restatement(sealed):
    draft = restatements.Draft(
        kind="resurvey",
        base_year=2020,
        applies_from=date(2025, 1, 1),
        agency=sealed.institution,
        reason="复测",
        document="测绘报告",
        floor_area_m2=80,
    )
    row = restatements.propose(draft, by=sealed.manager)
    rehearsal.rehearse(row)
    row.refresh_from_db()
    restatements.sign(row, by=sealed.reviewer)
    refresh.refresh_all()
    lineage = of(sealed, sealed.institution, "kgce_per_m2_change")
    assert (lineage.published, lineage.now) == pytest.approx((-0.05, 950 / 100 / (1000 / 80) - 1))
    page = reverse("targets:restatement-detail", args=[row.pk])
    assert links(lineage) == [(f"基准调整{row.pk}", page), ("：复测", None)]


def test_the_ledger_of_a_publication_carries_the_same_links(client, sealed):
    correct(sealed)
    html = text(client, sealed.manager, reverse("targets:publication-detail", args=[sealed.seal.pk]))
    report = reverse("reporting:report-detail", args=[sealed.institution.key, date(2025, 3, 1)])
    assert f'href="{report}?revision=2"' in html
    assert f'href="{address(sealed, sealed.institution)}"' in html
    for column in ("kgce_per_m2", "kgce_per_m2_base", "kgce_per_m2_change"):
        assert f'href="{address(sealed, sealed.bureau, column)}"' in html
        today = of(sealed, sealed.bureau, column).today_href.replace("&", "&amp;")
        assert f'href="{today}"' in html


def test_the_page_shows_the_statement_and_the_ledger(client, sealed):
    correct(sealed)
    html = text(client, sealed.manager, address(sealed, sealed.institution))
    lineage = of(sealed, sealed.institution)
    for words in (lineage.statement, lineage.statement_hash, lineage.seal.content_hash, "全年会审后"):
        assert words in html
    assert "与发布时不同" in html


def test_the_api_says_what_the_page_says(client, sealed):
    correct(sealed)
    client.force_login(sealed.manager)
    stated = client.get(address(sealed, sealed.institution, page="api-lineage")).json()
    lineage = of(sealed, sealed.institution)
    assert (stated["published"], stated["now"]) == (str(lineage.published), str(lineage.now))
    assert stated["seal"]["content_hash"] == lineage.seal.content_hash
    assert stated["entries"][0]["parts"][0]["href"] == links(lineage)[0][1]
    assert json.dumps(stated)


def test_what_is_asked_in_vain_is_not_there(client, sealed):
    client.force_login(sealed.manager)
    for asked in (
        address(sealed, sealed.institution, "kgce_per_m2_yoy"),
        address(sealed, InstitutionFactory(parent=sealed.department)),
        reverse("targets:why-published", args=[1_000_000, *place(sealed.bureau), "kgce"]),
    ):
        assert client.get(asked).status_code == 404, asked


@pytest.mark.parametrize("role", Role)
def test_a_department_sees_its_own_only_and_who_sees_no_publication_none(client, sealed, role):
    school = InstitutionFactory(parent=DepartmentFactory(parent=sealed.bureau))
    settle(school, 2025)
    refresh.refresh_all()
    sealed.seal = publications.seal("year", 2025, 1, by=sealed.manager)
    places = {Role.FILER: sealed.institution, Role.DEPARTMENT: sealed.department}
    client.force_login(user_with(role, places.get(role, sealed.bureau)))
    sees = role in (Role.DEPARTMENT, Role.REVIEWER, Role.MANAGER, Role.OBSERVER)
    stranger = 403 if not sees else 404 if role == Role.DEPARTMENT else 200
    for page in ("why", "api-lineage"):
        own = address(sealed, sealed.institution, page=page)
        assert client.get(own).status_code == (200 if sees else 403)
        assert client.get(address(sealed, school, page=page)).status_code == stranger


def test_more_entries_and_institutions_cost_no_more_queries(client, sealed):
    client.force_login(sealed.manager)
    detail = reverse("targets:publication-detail", args=[sealed.seal.pk])
    addresses = [address(sealed, sealed.bureau), detail]
    correct(sealed)
    before = [cost(client, each) for each in addresses]
    for month in (4, 5):
        correct(sealed, date(2025, month, 1))
    settle(InstitutionFactory(parent=sealed.department), 2025)
    refresh.refresh_all()
    assert LedgerEntry.objects.filter(key=sealed.bureau.key, column="kgce", panel="all").count() == 4
    assert [cost(client, each) for each in addresses] == before
