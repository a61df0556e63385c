"""Pages of restatements and proposals: who gets in, what is typed stays, the whole way to a signature."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from reporting.models import RuleSet
from targets import plan_library, refresh, rehearsal
from targets.models import Proposal, Restatement
from tests.factories import District, user_with

from .months import settle
from .pages import squeezed

pytestmark = pytest.mark.django_db
NEW, LIST = reverse("targets:restatement-new"), reverse("targets:restatement-list")


@pytest.fixture
def district():
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=950)
    refresh.refresh_all()
    return district


def typed(district, **changed):
    return {
        "kind": "resurvey",
        "agency": district.institution.key,
        "base_year": "2020",
        "applies_from": "2025-01",
        "floor_area_m2": "80",
        "reason": "复测",
        "document": "测绘报告1号",
    } | changed


def proposed(client, district):
    client.force_login(district.manager)
    response = client.post(NEW, typed(district))
    row = Restatement.objects.latest("pk")
    assert response.url == reverse("targets:restatement-detail", args=[row.pk])
    rehearsal.rehearse(row)
    return row, response.url


def test_from_proposing_to_signing_with_the_effect_listed_between(client, district):
    row, page = proposed(client, district)
    assert "否决" not in client.get(page).content.decode().split("<main")[1]
    client.force_login(district.reviewer)
    text = client.get(page).content.decode()
    assert "−24.00 %" in text
    assert "−5.00 %" in text
    client.post(reverse("targets:restatement-decide", args=[row.pk]), {"decision": "accept"})
    refresh.refresh_all()
    row.refresh_from_db()
    assert (row.status, row.signed_by) == ("signed", district.reviewer)
    shown = client.get(reverse("targets:institution-detail", args=[district.institution.key]), {"year": 2025})
    assert "较原基准" in shown.content.decode()
    listed = client.get(reverse("targets:institution-list"), {"year": 2025}).content.decode()
    assert "原基准 −5.00 %" in squeezed(listed)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"agency": "NOBODY"}, "agency"),
        ({"floor_area_m2": "八十"}, "floor_area_m2"),
        ({"floor_area_m2": ""}, "floor_area_m2"),
        ({"applies_from": "2025年1月"}, "applies_from"),
        ({"applies_from": "2020-06"}, "applies_from"),
        ({"kind": "merge"}, "other"),
        ({"kind": "split"}, "share_percent"),
        ({"kind": "definition"}, "item"),
        ({"reason": ""}, "reason"),
    ],
)
def test_bad_input_is_named_at_its_field_and_nothing_typed_is_lost(client, district, changed, field):
    client.force_login(district.manager)
    response = client.post(NEW, typed(district, **changed))
    assert field in response.context["form"].errors
    assert "测绘报告1号" in response.content.decode()
    assert not Restatement.objects.exists()


def test_a_rejection_without_a_reason_comes_back_with_the_form(client, district):
    row, _ = proposed(client, district)
    client.force_login(district.reviewer)
    address = reverse("targets:restatement-decide", args=[row.pk])
    assert "请写明否决理由" in client.post(address, {"decision": "reject"}).content.decode()
    client.post(address, {"decision": "reject", "note": "无依据"})
    row.refresh_from_db()
    assert (row.status, row.decision_note) == ("rejected", "无依据")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER, Role.REVIEWER}))
@pytest.mark.parametrize("subject", ["restatement", "proposal"])
def test_no_other_role_decides(client, district, role, subject):
    row, _ = proposed(client, district)
    client.force_login(user_with(role, district.bureau))
    pk = row.pk if subject == "restatement" else draft_factor(district).pk
    address = reverse(f"targets:{subject}-decide", args=[pk])
    assert client.post(address, {"decision": "accept"}).status_code == 403
    assert client.get(address).status_code in {403, 405}


def draft_factor(district):
    return Proposal.objects.create(**factor_fields(), factor_set=RuleSet.objects.active().get().grid_factors)


def factor_fields():
    return {
        "kind": "factor",
        "carrier": "electricity",
        "unit": "kWh",
        "data_year": 2025,
        "kg_co2_per_unit": "0.5",
        "mark": "A",
        "reason": "新公布",
        "document": "公告",
    }


def test_a_factor_is_proposed_rehearsed_and_activated_by_another(client, district):
    client.force_login(district.manager)
    grid = RuleSet.objects.active().get().grid_factors
    response = client.post(reverse("targets:proposal-new"), factor_fields() | {"factor_set": grid.pk})
    row = Proposal.objects.get()
    assert response.url == reverse("targets:proposal-detail", args=[row.pk])
    rehearsal.rehearse(row)
    client.force_login(user_with(Role.MANAGER, district.bureau))
    assert "清单口径" in client.get(response.url).content.decode()
    client.post(reverse("targets:proposal-decide", args=[row.pk]), {"decision": "accept"})
    row.refresh_from_db()
    assert row.status == "activated"


def test_a_factor_without_a_value_is_named_at_its_field(client, district):
    client.force_login(district.manager)
    response = client.post(reverse("targets:proposal-new"), factor_fields() | {"kg_co2_per_unit": ""})
    assert {"kg_co2_per_unit", "factor_set"} <= set(response.context["form"].errors)


def test_the_list_costs_the_same_for_one_and_for_three(client, district):
    proposed(client, district)
    client.get(LIST)
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        costs.append(len(queries))
        proposed(client, district)
        proposed(client, district)
    assert costs[0] == costs[1]
