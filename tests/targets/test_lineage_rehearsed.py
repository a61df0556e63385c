"""What a rehearsed number was made from, and which of both sides is today's, for page and API alike."""

import json
from datetime import date

import pytest
from django.urls import reverse

from agencies.access import Role
from targets import refresh, rehearsal, restatements
from targets.lineage import explain_rehearsed, why
from tests.factories import InstitutionFactory, user_with

from .months import settle
from .pages import cost, text

pytestmark = pytest.mark.django_db
BEFORE, AFTER = 950 / 1000 - 1, (950 / 100) / (1000 / 80) - 1


@pytest.fixture
def resurveyed(district):
    """80 m² instead of 100 in 2020, rehearsed but not signed: a fall of 5 % becomes one of 24 %."""
    settle(district.institution, 2020)
    settle(district.institution, 2024, kwh=950)
    refresh.refresh_all()
    draft = restatements.Draft(
        kind="resurvey",
        base_year=2020,
        applies_from=date(2024, 1, 1),
        agency=district.institution,
        reason="复测",
        document="测绘报告",
        floor_area_m2=80,
    )
    district.change = restatements.propose(draft, by=district.manager)
    rehearsal.rehearse(district.change)
    district.change.refresh_from_db()
    return district


def effect(district, agency):
    of = {"agency": agency} if agency.kind == "institution" else {"group_key": agency.key}
    return district.change.effects.get(column="kgce_per_m2", **of)


def of(district, agency):
    return explain_rehearsed(district.manager, effect(district, agency).pk)


def address(district, agency, page="why"):
    return reverse(f"targets:{page}-rehearsed", args=[effect(district, agency).pk])


def today(agency, section):
    kind, query = ("institution", "") if agency.kind == "institution" else ("node", "?panel=all")
    return f"{why(kind, agency.key, 2024, 'kgce_per_m2')}{query}#{section}"


def sign(district):
    restatements.sign(district.change, by=district.reviewer)
    refresh.refresh_all()


def test_before_signing_the_numbers_in_force_are_todays(resurveyed):
    for agency in (resurveyed.institution, resurveyed.department):
        ratio = of(resurveyed, agency).ratio
        assert (ratio.before, ratio.after, ratio.today) == pytest.approx((BEFORE, AFTER, BEFORE))
        assert (ratio.before_href, ratio.after_href) == (today(agency, "change"), None)


def test_after_signing_the_rehearsed_ones_are(resurveyed):
    sign(resurveyed)
    for agency in (resurveyed.institution, resurveyed.department):
        lineage = of(resurveyed, agency)
        assert lineage.ratio.today == pytest.approx(AFTER)
        assert (lineage.ratio.before_href, lineage.ratio.after_href) == (None, today(agency, "change"))
        assert lineage.value.after_href == today(agency, "value")


def test_what_it_was_made_from_is_said_in_words(resurveyed):
    lineage = of(resurveyed, resurveyed.institution)
    assert (lineage.change, lineage.reason) == (str(resurveyed.change), "复测")
    said = {each.name: (each.then, each.now, each.is_changed) for each in lineage.made_from}
    assert said["已通过的月报"] == ("24 份", "24 份", False)
    assert said["已签署的基准调整"] == ("0 项", "0 项", False)
    settle(resurveyed.institution, 2025, [1])
    later = of(resurveyed, resurveyed.institution)
    said = {each.name: (each.then, each.now, each.is_changed) for each in later.made_from}
    assert said["已通过的月报"] == ("24 份", "25 份", True)
    assert "试算已过时" in later.outdated


def test_the_list_of_effects_leads_to_today_or_to_what_it_was_made_from(client, resurveyed):
    page = reverse("targets:restatement-detail", args=[resurveyed.change.pk])
    own = address(resurveyed, resurveyed.institution)
    html = text(client, resurveyed.manager, page)
    assert f'href="{today(resurveyed.institution, "change")}"' in html
    assert f'href="{own}#change"' in html
    sign(resurveyed)
    html = text(client, resurveyed.manager, page)
    assert f'href="{today(resurveyed.institution, "change")}"' in html
    assert html.count(f'href="{own}#change"') == 1


def test_page_and_api_say_the_same(client, resurveyed):
    html = text(client, resurveyed.manager, address(resurveyed, resurveyed.institution))
    for words in ("−5.0000 %", "−24.0000 %", "复测", "测绘报告", "24 份"):
        assert words in html
    stated = client.get(address(resurveyed, resurveyed.institution, "api-lineage")).json()
    lineage = of(resurveyed, resurveyed.institution)
    assert stated["ratio"]["after"] == str(lineage.ratio.after)
    assert stated["ratio"]["before_href"] == lineage.ratio.before_href
    assert [each["then"] for each in stated["made_from"]] == [each.then for each in lineage.made_from]
    assert json.dumps(stated)


@pytest.mark.parametrize("role", Role)
def test_who_sees_changes_sees_what_they_were_made_from(client, resurveyed, role):
    places = {Role.FILER: resurveyed.institution, Role.DEPARTMENT: resurveyed.department}
    client.force_login(user_with(role, places.get(role, resurveyed.bureau)))
    sees = role in (Role.REVIEWER, Role.MANAGER, Role.OBSERVER)
    for page in ("why", "api-lineage"):
        asked = address(resurveyed, resurveyed.institution, page)
        assert client.get(asked).status_code == (200 if sees else 403)
        vain = reverse(f"targets:{page}-rehearsed", args=[1_000_000])
        assert client.get(vain).status_code == (404 if sees else 403)


def test_more_effects_cost_no_more_queries(client, resurveyed):
    client.force_login(resurveyed.manager)
    page = reverse("targets:restatement-detail", args=[resurveyed.change.pk])
    addresses = [address(resurveyed, resurveyed.institution), address(resurveyed, resurveyed.bureau), page]
    before = [cost(client, each) for each in addresses]
    for _ in range(3):
        more = InstitutionFactory(parent=resurveyed.department)
        settle(more, 2020)
        settle(more, 2024)
    copies = list(resurveyed.change.effects.exclude(agency=None))
    for copy in copies:
        copy.pk, copy.agency = None, more
        copy.save()
    assert [cost(client, each) for each in addresses] == before
