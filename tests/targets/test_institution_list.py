"""The list of institutions: who sees which, its filters, its order, what a row says and what the page costs."""

from datetime import date

import pytest
from django.urls import reverse

from agencies.access import Role
from targets import refresh
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db


def test_the_institution_list_costs_the_same_for_one_row_and_for_three(client, two_years):
    client.force_login(two_years.manager)
    address = reverse("targets:institution-list")
    client.get(address)
    one = cost(client, address)
    for _ in range(2):
        settle(InstitutionFactory(parent=two_years.department), 2025)
    refresh.refresh_all()
    assert cost(client, address) == one


def test_a_filer_of_one_institution_goes_straight_to_it(client, two_years):
    client.force_login(two_years.filer)
    response = client.get(reverse("targets:institution-list"))
    assert response.url == reverse("targets:institution-detail", args=[two_years.institution.key])


def test_a_filer_of_two_institutions_chooses(client, two_years):
    both = DepartmentFactory(parent=two_years.bureau)
    InstitutionFactory(parent=both)
    InstitutionFactory(parent=both)
    client.force_login(user_with(Role.FILER, both))
    assert client.get(reverse("targets:institution-list")).status_code == 200


def listed(client, user, **parameters):
    client.force_login(user)
    response = client.get(reverse("targets:institution-list"), {"year": "2025"} | parameters)
    return [row.agency for row in response.context["rows"]]


def test_the_list_is_narrowed_by_each_of_its_filters(client, three):
    district, risen, new = three
    first, manager = district.institution, district.manager
    assert listed(client, manager, status="enough") == [first]
    assert listed(client, manager, status="behind") == [risen]
    assert listed(client, manager, status="unknown") == [new]
    assert listed(client, manager, department=new.parent.key) == [new]
    assert listed(client, manager, type_code="021") == [risen]
    assert listed(client, manager, words=" 新设") == [new]
    assert listed(client, manager, words="RISEN") == [risen]
    assert listed(client, manager, status="enough", indicator="m3_per_person") == []


def test_the_list_sorts_by_change_with_the_unknown_last_both_ways(client, three):
    district, risen, new = three
    first, manager = district.institution, district.manager
    assert listed(client, manager, sort="kgce_per_m2_change") == [first, risen, new]
    assert listed(client, manager, sort="-kgce_per_m2_change") == [risen, first, new]
    assert set(listed(client, manager, sort="password")) == {first, risen, new}


def test_a_row_shows_values_changes_and_how_much_of_the_year_is_filed(client, three):
    district, _, _ = three
    html = squeezed(
        text(client, district.manager, reverse("targets:institution-list") + "?year=2025&words=新设")
    )
    assert '<td class="num">2.46</td> <td class="num"> — </td>' in html
    assert "2 / 12" in html
    assert "数据不足" in html


def test_an_institution_that_had_left_the_register_is_not_in_the_list_of_later_years(client, two_years):
    left = InstitutionFactory(parent=two_years.department, registered_to=date(2024, 12, 31))
    settle(left, 2024, [1])
    refresh.refresh_all()
    assert left not in listed(client, two_years.manager)
    assert left in listed(client, two_years.manager, year="2024")


def test_the_list_of_a_year_outside_the_plan_has_no_status(client, district):
    settle(district.institution, 2018)
    refresh.refresh_all()
    shown = squeezed(text(client, district.manager, reverse("targets:institution-list") + "?year=2018"))
    assert "该年不在规划期内，只显示数值，不与基准年比较" in shown
    assert "<td>—</td>" in shown
    assert "待下达" not in shown
