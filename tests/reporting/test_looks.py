"""The second look: drawn so that anybody can repeat it, decided once by somebody else, never changed."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies import trail
from agencies.access import Role
from agencies.models import Event
from agencies.models.trail import Verb
from reporting import actions, looks, sampling
from reporting.models import BulkApproval, BulkEntry, Draw, SecondLook
from reporting.models.looking import Found
from reporting.refusals import WrongStatus
from tests.factories import District, InstitutionFactory, user_with

from .test_actions_at_once import at_once
from .test_bulk_approvals import MARCH, again, calm_ones, done

NOTE = "与电费账单 DF-1 一致"


@pytest.fixture
def second(district):
    return user_with(Role.REVIEWER, district.bureau)


@pytest.fixture
def look(district):
    done(district, calm_ones(district, 1))
    return SecondLook.objects.get()


def approved_ones(district, count):
    """March approved one by one, each of an institution of its own."""
    found = []
    for number in range(count):
        agency = InstitutionFactory(parent=district.department)
        filer = user_with(Role.FILER, agency)
        found.append(district.approved(MARCH, {"110": 1000 + number}, agency=agency, by=filer))
    return found


# Deciding


@pytest.mark.django_db
@pytest.mark.parametrize("result", [Found.TRUE, Found.WRONG])
def test_a_look_is_decided_by_another_and_leaves_its_trace(look, second, result):
    looks.decide(look, by=second, result=result, note=NOTE)
    look.refresh_from_db()
    assert (look.result, look.note, look.looked_by) == (result, NOTE, second)
    event = Event.objects.about(look.revision.report.agency, MARCH).last()
    assert (event.verb, event.actor, event.revision_number) == ("look", second, 1)
    assert event.detail == f"{look.draw.bulk}抽中，{result.label}：{NOTE}"


@pytest.mark.django_db
def test_who_approved_does_not_look_again(district, look):
    events = Event.objects.count()
    with pytest.raises(PermissionDenied, match="另一名审核员"):
        looks.decide(look, by=district.reviewer, result=Found.TRUE, note=NOTE)
    look.refresh_from_db()
    assert (look.result, Event.objects.count()) == (Found.WAITING, events)


@pytest.mark.django_db
def test_who_typed_what_a_colleague_handed_in_does_not_look(look, second):
    agency = look.revision.report.agency
    trail.record(Verb.SAVE, by=second, agency=agency, month=MARCH, revision_number=look.revision.number)
    with pytest.raises(PermissionDenied, match="另一名审核员"):
        looks.decide(look, by=second, result=Found.TRUE, note=NOTE)
    look.refresh_from_db()
    assert look.result == Found.WAITING


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["filer", "department_user", "manager", "observer", "auditor"])
def test_only_a_reviewer_looks(district, look, person):
    with pytest.raises(PermissionDenied):
        looks.decide(look, by=getattr(district, person), result=Found.TRUE, note=NOTE)
    look.refresh_from_db()
    assert look.is_waiting


@pytest.mark.django_db
def test_a_result_wants_its_words(look, second):
    with pytest.raises(ValueError, match="核对了什么"):
        looks.decide(look, by=second, result=Found.TRUE, note=" ")
    with pytest.raises(ValueError, match="请选择"):
        looks.decide(look, by=second, result=Found.WAITING, note=NOTE)
    look.refresh_from_db()
    assert look.is_waiting


@pytest.mark.django_db
def test_a_second_click_changes_nothing(look, second):
    looks.decide(look, by=second, result=Found.TRUE, note=NOTE)
    with pytest.raises(WrongStatus, match="刚刚已由他人复核"):
        looks.decide(look, by=second, result=Found.WRONG, note="有误")
    look.refresh_from_db()
    assert look.result == Found.TRUE


# The draw of a year


@pytest.mark.django_db
def test_a_year_is_drawn_up_to_five_in_a_hundred_of_its_institutions(district):
    reports = approved_ones(district, 24)
    # The district's own institution owes the year too: 5 % of 25 is 1.25.
    assert looks.draw_more(2025, by=district.manager, seed="2025") == 2
    chosen = sampling.drawn("2025", [report.agency.key for report in reports], 2)
    drawn = SecondLook.objects.values_list("revision__report__agency__key", flat=True)
    assert set(drawn) == set(chosen)
    draw = Draw.objects.get()
    assert (draw.seed, draw.population, draw.year, draw.drawn_by) == ("2025", 24, 2025, district.manager)
    event = Event.objects.order_by("sequence").last()
    assert (event.verb, event.detail) == ("look", "2025年补抽 2 个机构（可抽 24 个，种子 2025）")


@pytest.mark.django_db
def test_of_an_institution_the_month_is_drawn_by_the_same_seed(district):
    [report] = approved_ones(district, 1)
    april = district.approved(
        date(2025, 4, 1), {"110": 2000}, agency=report.agency, by=report.latest.submitted_by
    )
    looks.draw_more(2025, by=district.reviewer, seed="s")
    hashes = [report.latest.content_hash, april.latest.content_hash]
    assert SecondLook.objects.get().revision.content_hash == sampling.drawn("s", hashes, 1)[0]


@pytest.mark.django_db
def test_what_is_drawn_already_is_counted_and_a_second_click_is_told(district, look):
    with pytest.raises(WrongStatus, match="不必补抽"):
        looks.draw_more(2025, by=district.reviewer)
    assert SecondLook.objects.count() == 1


@pytest.mark.django_db
def test_where_nothing_is_approved_nothing_can_be_drawn(district):
    district.report(MARCH)
    with pytest.raises(WrongStatus, match="没有可以补抽"):
        looks.draw_more(2025, by=district.reviewer)
    assert not Draw.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["filer", "department_user", "observer", "auditor"])
def test_who_may_not_draw_draws_nothing(district, person):
    approved_ones(district, 1)
    with pytest.raises(PermissionDenied):
        looks.draw_more(2025, by=getattr(district, person))
    assert not Draw.objects.exists()


@pytest.mark.django_db
def test_the_coverage_of_a_year_counts_what_was_decided(district, second):
    done(district, calm_ones(district, 21))
    before = looks.coverage(2025)
    assert (before.bulk_approved, before.bulk_share, before.institutions) == (21, 0, 22)
    assert (before.needed, before.drawn_institutions, before.lacking, before.share) == (2, 2, 0, 0)
    looks.decide(SecondLook.objects.first(), by=second, result=Found.WRONG, note="少计")
    after = looks.coverage(2025)
    assert (after.bulk_share, after.share) == (1 / 21, 1 / 22)
    assert (after.drawn, after.looked, after.waiting, after.wrong) == (2, 1, 1, 1)
    assert looks.coverage(1999).share is None


@pytest.mark.needs_postgresql
def test_two_people_drawing_at_once_draw_once(transactional_db):
    district = District()
    approved_ones(district, 3)
    outcomes = at_once(
        lambda: looks.draw_more(2025, by=district.manager),
        lambda: looks.draw_more(2025, by=district.reviewer),
    )
    assert {type(outcome) for outcome in outcomes} == {int, WrongStatus}
    assert SecondLook.objects.count() == 1


@pytest.mark.needs_postgresql
def test_two_people_deciding_at_once_give_one_result(transactional_db):
    district = District()
    second, third = (user_with(Role.REVIEWER, district.bureau) for _ in range(2))
    done(district, calm_ones(district, 1))
    look = SecondLook.objects.select_related("revision__report__agency", "revision__report__period").get()
    outcomes = at_once(
        lambda: looks.decide(look, by=second, result=Found.TRUE, note=NOTE),
        lambda: looks.decide(look, by=third, result=Found.WRONG, note=NOTE),
    )
    assert {type(outcome) for outcome in outcomes} == {type(None), WrongStatus}
    assert Event.objects.filter(verb="look").count() == 1


# What stays


def is_refused(act):
    try:
        with transaction.atomic():
            act()
    except DatabaseError:
        return True
    return False


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_was_decided_stays_in_the_database(look, second):
    assert is_refused(lambda: SecondLook.objects.update(draw=None))
    looks.decide(look, by=second, result=Found.TRUE, note=NOTE)
    for rows, change in (
        (SecondLook.objects.all(), {"note": "改"}),
        (Draw.objects.all(), {"seed": "x"}),
        (BulkApproval.objects.all(), {"ground": "改"}),
        (BulkApproval.objects.all(), {"approved": 9}),
        (BulkEntry.objects.all(), {"outcome": "waiting"}),
        (BulkEntry.objects.all(), {"seen": "x"}),
    ):
        assert is_refused(lambda rows=rows, change=change: rows.update(**change)), change
    for model in (SecondLook, Draw, BulkEntry, BulkApproval):
        assert is_refused(model.objects.all().delete), model


# The pages


def page(client, user, name="look-list", *arguments, **query):
    client.force_login(user)
    return client.get(reverse(f"reporting:{name}", args=arguments), query)


@pytest.mark.django_db
def test_the_list_says_how_much_of_the_year_was_looked_at(district, look, second, client):
    text = page(client, second).content.decode()
    for words in ("2025年抽查复核", "0 / 1 份", "应不少于 1 个", "待复核", str(look.draw.bulk)):
        assert words in text
    assert page(client, second, year="2024").context["year"] == 2024
    assert page(client, second, year="x").context["year"] == 2025


@pytest.mark.django_db
def test_a_look_is_decided_on_its_page(look, second, client):
    shown = page(client, second, "look-detail", look.pk).content.decode()
    for words in (look.revision.content_hash, "种子 s", "复核结果"):
        assert words in shown
    address = reverse("reporting:look-detail", args=(look.pk,))
    refused = client.post(address, {"result": "true"})
    assert "请写明核对了什么" in refused.content.decode()
    client.post(address, {"result": "wrong", "note": "少计一块表"})
    look.refresh_from_db()
    assert look.is_wrong
    told = client.post(address, {"result": "true", "note": "又"}, follow=True).content.decode()
    assert "刚刚已由他人复核" in told


@pytest.mark.django_db
def test_what_was_found_wrong_leads_to_its_correction(look, second, client):
    looks.decide(look, by=second, result=Found.WRONG, note="少计一块表")
    shown = page(client, second, "look-detail", look.pk)
    reason = shown.context["correction_form"]["reason"].value()
    assert reason == "抽查复核有误：少计一块表"
    report = look.revision.report
    client.post(reverse("reporting:report-correct", args=(report.agency.key, MARCH)), {"reason": reason})
    assert again(report).latest.reason == reason
    assert not page(client, second, "look-detail", look.pk).context["may_correct"]


@pytest.mark.django_db
def test_who_approved_is_told_that_another_looks(district, look, client):
    assert "须由另一名审核员复核" in page(client, district.reviewer, "look-detail", look.pk).content.decode()
    address = reverse("reporting:look-detail", args=(look.pk,))
    assert client.post(address, {"result": "true", "note": "x"}).status_code == 403
    look.refresh_from_db()
    assert look.is_waiting


@pytest.mark.django_db
def test_a_manager_draws_and_reads_but_does_not_look(district, client):
    approved_ones(district, 1)
    assert "补抽 1 个机构" in page(client, district.manager).content.decode()
    drawn = client.post(reverse("reporting:look-draw", args=(2025,)), follow=True)
    assert "2025年补抽了 1 个机构" in drawn.content.decode()
    told = client.post(reverse("reporting:look-draw", args=(2025,)), follow=True)
    assert "不必补抽" in told.content.decode()
    look = SecondLook.objects.get()
    assert page(client, district.manager, "look-detail", look.pk).status_code == 200
    address = reverse("reporting:look-detail", args=(look.pk,))
    assert client.post(address, {"result": "true", "note": "x"}).status_code == 403


@pytest.mark.django_db
def test_the_list_costs_the_same_at_one_and_at_three_rows(district, client):
    client.force_login(district.manager)
    counts = []
    for _ in range(3):
        done(district, calm_ones(district, 1))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("reporting:look-list")).status_code == 200
        counts.append(len(captured))
    assert len(set(counts)) == 1


@pytest.mark.django_db
def test_a_stranger_finds_no_look(district, look, client):
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    stranger = user_with(Role.REVIEWER, elsewhere.parent)
    assert page(client, stranger, "look-detail", look.pk).status_code == 404


@pytest.mark.django_db
def test_a_correction_afterwards_leaves_the_look_with_what_was_looked_at(look, second):
    report = again(look.revision.report)
    looks.decide(look, by=second, result=Found.WRONG, note=NOTE)
    actions.open_correction(report, by=second, reason="抽查")
    look.refresh_from_db()
    assert look.revision.number == 1
