"""The second look: by somebody else, once, kept; and the yearly draw up to five in a hundred of the institutions."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from agencies.access import Role
from agencies.models import Event
from reporting import actions, looks, sampling
from reporting.models import Report, SecondLook
from reporting.models.looking import Found
from reporting.refusals import WrongStatus
from tests.factories import InstitutionFactory, user_with

MARCH = date(2025, 3, 1)
NOTE = "已核对电费单"


@pytest.fixture
def second(district):
    """A reviewer who had no part in the month."""
    return user_with(Role.REVIEWER, district.bureau)


@pytest.fixture
def look(district, second):
    """The one approved month of the year, drawn."""
    district.approved(MARCH, {"110": 100})
    assert looks.draw_more(2025, by=district.manager, seed="s") == 1
    return SecondLook.objects.get()


@given(st.integers(0, 100_000))
def test_at_least_five_in_a_hundred_are_drawn_and_not_one_more(population):
    size = sampling.size(population)
    assert size * 20 >= population > (size - 1) * 20 or size == population == 0


@given(st.sets(st.text(min_size=1), min_size=1), st.text())
def test_a_draw_is_the_same_in_whatever_order_the_names_come(names, seed):
    count = sampling.size(len(names))
    assert sampling.drawn(seed, sorted(names), count) == sampling.drawn(
        seed, sorted(names, reverse=True), count
    )


@pytest.mark.django_db
def test_a_year_is_drawn_up_to_five_in_a_hundred_of_its_institutions(district):
    for _ in range(20):
        InstitutionFactory(parent=district.department)
    district.report(MARCH)
    for agency in list(district.department.children.exclude(pk=district.institution.pk))[:5]:
        district.approved(MARCH, {"110": 100}, agency=agency, by=user_with(Role.FILER, agency))
    assert (looks.coverage(2025).institutions, looks.coverage(2025).needed) == (21, 2)
    assert looks.draw_more(2025, by=district.manager, seed="s") == 2
    event = Event.objects.filter(verb="look").get()
    assert event.detail == "2025年补抽 2 个机构（可抽 5 个，种子 s）"
    with pytest.raises(WrongStatus, match="不必补抽"):
        looks.draw_more(2025, by=district.manager)


@pytest.mark.django_db
def test_where_nothing_is_approved_nothing_is_drawn(district):
    district.report(MARCH)
    with pytest.raises(WrongStatus, match="没有可以补抽"):
        looks.draw_more(2025, by=district.manager)
    assert SecondLook.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["filer", "department_user", "observer", "auditor", "administrator"])
def test_only_the_bureau_draws(district, person):
    district.approved(MARCH, {"110": 100})
    with pytest.raises(PermissionDenied):
        looks.draw_more(2025, by=getattr(district, person))


@pytest.mark.django_db
def test_a_look_is_decided_once_and_leaves_its_trace(look, second):
    looks.decide(look, by=second, result=Found.TRUE, note=f" {NOTE} ")
    look.refresh_from_db()
    assert (look.result, look.note, look.looked_by) == (Found.TRUE, NOTE, second)
    event = Event.objects.filter(verb="look").order_by("sequence").last()
    assert (event.month, event.revision_number, event.actor) == (MARCH, 1, second)
    assert event.detail.endswith("属实：已核对电费单")
    with pytest.raises(WrongStatus, match="已由他人复核"):
        looks.decide(look, by=second, result=Found.WRONG, note=NOTE)
    assert looks.coverage(2025).looked == 1


@pytest.mark.django_db
def test_who_approved_does_not_look_again(district, look):
    with pytest.raises(PermissionDenied, match="另一名审核员"):
        looks.decide(look, by=district.reviewer, result=Found.TRUE, note=NOTE)
    look.refresh_from_db()
    assert look.result == Found.WAITING


@pytest.mark.django_db
@pytest.mark.parametrize(("result", "note"), [(Found.TRUE, " "), ("waiting", NOTE), ("", NOTE)])
def test_a_look_says_what_was_found_and_how(look, second, result, note):
    with pytest.raises(ValueError, match="请"):
        looks.decide(look, by=second, result=result, note=note)
    look.refresh_from_db()
    assert look.result == Found.WAITING


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_was_found_stays(look, second):
    looks.decide(look, by=second, result=Found.TRUE, note=NOTE)
    for change in (lambda rows: rows.update(note="别的"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(SecondLook.objects.filter(pk=look.pk))


@pytest.mark.django_db
def test_what_is_wrong_leads_to_a_correction(client, look, second):
    client.force_login(second)
    address = reverse("reporting:look-detail", args=[look.pk])
    client.post(address, {"result": "wrong", "note": "少计一块电表"})
    page = client.get(address).content.decode()
    assert "抽查复核有误：少计一块电表" in page
    report = Report.objects.get()
    actions.open_correction(report, by=second, reason="抽查复核有误：少计一块电表")
    assert Report.objects.get().is_correcting


@pytest.mark.django_db
def test_the_page_draws_once_and_says_why_not_again(client, district):
    district.approved(MARCH, {"110": 100})
    client.force_login(district.manager)
    address = reverse("reporting:look-draw", args=[2025])
    assert client.get(address).status_code == 405
    assert "补抽了 1 个机构" in client.post(address, follow=True).content.decode()
    assert "不必补抽" in client.post(address, follow=True).content.decode()
    client.force_login(district.filer)
    assert client.post(address).status_code == 403
