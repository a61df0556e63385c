"""The form one cell at a time: stored as it is left, refused in words, never over another person's answer."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from agencies.access import Role
from agencies.models import Event, Membership
from reporting import actions
from reporting.entries import Entry
from reporting.models import Item, KnownBy, Report
from tests.factories import entries, explain, user_with

MARCH = date(2025, 3, 1)


def at(name, report, *more):
    return reverse(f"reporting:{name}", args=(report.agency.key, report.period.month, *more))


@pytest.fixture
def report(district):
    return district.report(MARCH)


@pytest.fixture
def filer(client, district):
    client.force_login(district.filer)
    return client


def save(client, report, code, text, seen="", **more):
    fields = {f"quantity-{code}": text, f"known_by-{code}": "metered", "seen": seen}
    return client.post(
        at("cell-save", report, code), fields | {f"{name}-{code}": value for name, value in more.items()}
    )


def stored(report):
    latest = Report.objects.get(pk=report.pk).latest
    return {line.item_id: Entry.of(line) for line in latest.lines.all()} if latest else {}


def details(report):
    events = Event.objects.about(report.agency, report.period.month).order_by("pk")
    return list(events.values_list("detail", flat=True))


def test_a_cell_is_stored_with_its_trail_row(filer, report):
    answer = save(filer, report, "110", "1,200", cost="960", payment="paid", note="二号表").json()
    entry = Entry(Decimal(1200), cost_yuan=Decimal(960), payment="paid", note="二号表")
    assert stored(report)["110"] == entry
    assert answer["cells"]["110"]["token"] == entry.token
    assert answer["cells"]["110"]["fields"]["quantity-110"] == "1200"
    assert details(report) == ["110 电：未填 → 1200，费用960元，付费，说明“二号表”"]


def test_the_same_answer_again_leaves_no_trace(filer, report):
    token = save(filer, report, "110", "1200").json()["cells"]["110"]["token"]
    assert save(filer, report, "110", "1200.00", seen=token).status_code == 200
    assert len(details(report)) == 1


def test_an_emptied_cell_is_unanswered_again(filer, report):
    token = save(filer, report, "110", "1200").json()["cells"]["110"]["token"]
    assert save(filer, report, "110", "", seen=token).json()["cells"]["110"]["token"] == ""
    assert "110" not in stored(report)


def test_zero_not_applicable_not_metered_and_empty_are_four_things(filer, report):
    save(filer, report, "110", "0")
    save(filer, report, "130", "", known_by="not_applicable")
    save(filer, report, "140", "", known_by="not_metered", cost="30")
    save(filer, report, "120", "")
    assert stored(report) == {
        "110": Entry(Decimal(0)),
        "130": Entry(None, KnownBy.NOT_APPLICABLE),
        "140": Entry(None, KnownBy.NOT_METERED, Decimal(30)),
    }


@pytest.mark.parametrize(
    ("code", "typed", "sentence"),
    [
        ("110", {"text": "很多"}, "请填写数字，如 1234.5（kWh）。"),
        ("110", {"text": "5斤"}, "不认识单位“斤”。"),
        ("110", {"text": "5", "payment": "unpaid", "cost": "3"}, "选了“不付费”就不能有费用"),
        ("110", {"text": "", "note": "新表"}, "请填写数量（kWh）"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words_and_nothing_is(filer, report, code, typed, sentence):
    answer = save(filer, report, code, **typed)
    assert answer.status_code == 422
    assert sentence in answer.json()["sentences"][f"quantity-{code}"]
    assert stored(report) == {}
    assert details(report) == []


def test_another_answer_in_the_meantime_is_not_overwritten(filer, report, district):
    save(filer, report, "110", "100")
    answer = save(filer, report, "110", "999", seen="")
    assert answer.status_code == 409
    assert f"{district.filer.name}" in answer.json()["sentence"]
    assert answer.json()["stored"]["fields"]["quantity-110"] == "100"
    assert stored(report)["110"].quantity == 100
    token = answer.json()["stored"]["token"]
    assert save(filer, report, "110", "999", seen=token).status_code == 200
    assert stored(report)["110"].quantity == 999


def test_an_item_that_the_edition_does_not_ask_is_not_there(filer, report):
    assert save(filer, report, "150", "5").status_code == 404


def test_a_submitted_month_is_locked_and_says_so(filer, district):
    report = district.submitted(MARCH, {"110": 100})
    answer = save(filer, report, "110", "5")
    assert (answer.status_code, "现为“已提交”" in answer.json()["sentence"]) == (423, True)


def test_the_first_cell_of_a_month_stores_what_was_carried_over(filer, district):
    district.approved(date(2025, 2, 1), {"110": 1000, "102": 800, "103": 40})
    report = district.report(MARCH)
    answer = save(filer, report, "110", "990").json()
    assert stored(report)["102"] == Entry(Decimal(800))
    assert answer["cells"]["102"]["token"] == Entry(Decimal(800)).token
    assert details(report)[0].startswith("沿用：")


def test_a_total_follows_its_parts_until_a_person_states_another(filer, report):
    save(filer, report, "PV1", "700")
    answer = save(filer, report, "PV2", "300").json()
    assert answer["cells"]["PV"]["fields"]["quantity-PV"] == "1000"
    tokens = {code: entry.token for code, entry in stored(report).items()}
    save(filer, report, "PV2", "400", seen=tokens["PV2"])
    assert stored(report)["PV"].quantity == 1100
    save(filer, report, "PV", "1200", seen=stored(report)["PV"].token)
    save(filer, report, "PV2", "500", seen=stored(report)["PV2"].token)
    assert stored(report)["PV"].quantity == 1200


def test_a_returned_month_goes_on_from_what_was_filed(filer, district):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="请核对")
    save(filer, report, "110", "120", seen=stored(report)["110"].token)
    latest = Report.objects.get(pk=report.pk).latest
    assert (latest.number, latest.lines.get(item="110").quantity) == (2, 120)
    assert latest.lines.count() == len(entries(report, {"110": 1}))


# Doubts and their reasons


@pytest.fixture
def doubtful(district, filer):
    """A draft whose electricity is twice that of the same month last year."""
    district.approved(date(2024, 3, 1), {"110": 1000})
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 2000}), by=district.filer)
    report.refresh_from_db()
    return report


def test_a_doubt_keeps_the_month_from_submission_until_it_has_its_reason(filer, doubtful, district):
    [hit] = doubtful.latest.hits.all()
    filer.post(at("report-submit", doubtful))
    assert Report.objects.get(pk=doubtful.pk).status == "draft"
    asked = {"rule": hit.rule, "item": "110", "reason": "食堂改用电灶"}
    assert filer.post(at("reason-save", doubtful), asked).status_code == 200
    filer.post(at("report-submit", doubtful))
    assert Report.objects.get(pk=doubtful.pk).status == "submitted"
    assert "110 电 疑问说明：食堂改用电灶" in details(doubtful)


def test_a_doubt_that_was_answered_by_another_number_is_still_counted(filer, doubtful):
    save(filer, doubtful, "110", "1010", seen=stored(doubtful)["110"].token, payment="unpaid")
    filer.post(at("report-check", doubtful))
    [hit] = doubtful.latest.hits.all()
    assert not hit.is_standing


def test_the_checks_come_as_fragments_for_the_rows(filer, doubtful):
    page = filer.post(at("report-check", doubtful)).content.decode()
    assert 'name="reason-110-last-year"' in page
    assert "如属实，请说明原因" in page


def test_without_scripts_the_reason_is_sent_with_the_form(filer, doubtful):
    data = {"version": actions.version(doubtful), "reason-110-last-year": "食堂改用电灶", "submit": ""}
    for code, entry in entries(doubtful, {"110": 2000}).items():
        data |= {f"quantity-{code}": "" if entry.quantity is None else str(entry.quantity)}
        data |= {f"known_by-{code}": str(entry.known_by), f"payment-{code}": str(entry.payment)}
    filer.post(at("report-edit", doubtful), data)
    assert Report.objects.get(pk=doubtful.pk).status == "submitted"


def test_the_form_costs_at_most_sixteen_queries(filer, doubtful, django_assert_max_num_queries):
    address = at("report-edit", doubtful)
    filer.get(address)
    with django_assert_max_num_queries(16):
        assert filer.get(address).status_code == 200


def test_the_guide_names_every_item_with_its_unit_and_source(filer):
    page = filer.get(reverse("reporting:guide")).content.decode()
    assert all(words in page for words in ("电", "kWh", "统计调查制度", "实测为零", "未计量"))


# What comes back, and who decides on what


def handed_in(district, quantity, **more):
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": quantity} | more), by=district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    return Report.objects.get(pk=report.pk)


def test_a_reviewer_decides_only_on_the_version_that_was_shown(client, district):
    first = handed_in(district, 1000).latest
    client.force_login(district.filer)
    report = district.report(MARCH)
    actions.withdraw(report, by=district.filer)
    save(client, report, "110", "1400", seen=stored(report)["110"].token, payment="unpaid")
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    client.force_login(district.reviewer)
    for verb, fields in (("report-approve", {}), ("report-return", {"reason": "有误"})):
        page = client.post(at(verb, report), fields | {"seen": first.content_hash}, follow=True)
        assert "又提交了第2版" in page.content.decode()
        assert Report.objects.get(pk=report.pk).status == "submitted"
    page = client.get(at("report-detail", report)).content.decode()
    seen = Report.objects.get(pk=report.pk).latest.content_hash
    assert page.count(f'name="seen" value="{seen}"') == 2
    client.post(at("report-approve", report), {"seen": seen})
    assert Report.objects.get(pk=report.pk).status == "approved"


def test_who_typed_an_earlier_version_does_not_approve_the_copy_of_it(district):
    both = user_with(Role.FILER, district.institution)
    Membership.objects.create(user=both, agency=district.bureau, role=Role.REVIEWER)
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 1000, "120": 50}), by=both)
    explain(report, by=both)
    actions.submit(report, by=both)
    actions.withdraw(report, by=district.filer)
    report.refresh_from_db()
    water = Item.objects.get(pk="120")
    actions.save_cell(
        report,
        water,
        Entry(Decimal(51), payment="unpaid"),
        by=district.filer,
        seen=stored(report)["120"].token,
    )
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    with pytest.raises(PermissionDenied, match="自己填写"):
        actions.approve(report, by=both)


def test_a_returned_month_takes_a_reason_and_may_be_handed_in_as_it_was(filer, doubtful, district):
    explain(doubtful, by=district.filer)
    actions.submit(doubtful, by=district.filer)
    actions.send_back(doubtful, by=district.reviewer, reason="请写明原因")
    [hit] = doubtful.latest.hits.all()
    fields = {"rule": hit.rule, "item": "110", "reason": "食堂改用电灶"}
    assert filer.post(at("reason-save", doubtful), fields).status_code == 200
    latest = Report.objects.get(pk=doubtful.pk).latest
    assert (latest.number, latest.hits.get().reason) == (2, "食堂改用电灶")
    actions.submit(doubtful, by=district.filer)
    actions.withdraw(doubtful, by=district.filer)
    filer.post(at("report-submit", doubtful))
    assert Report.objects.get(pk=doubtful.pk).status == "submitted"
    assert "与第2版相同" in details(doubtful)


def test_a_reason_for_a_doubt_that_does_not_stand_is_refused_in_words(filer, doubtful):
    answer = filer.post(at("reason-save", doubtful), {"rule": "unit-price", "item": "110", "reason": "x"})
    assert (answer.status_code, "没有保存" in answer.json()["sentence"]) == (409, True)


def test_a_reason_speaks_only_of_the_numbers_it_was_given_for(filer, doubtful, district):
    explain(doubtful, by=district.filer)
    save(filer, doubtful, "110", "2500", seen=stored(doubtful)["110"].token, payment="unpaid")
    filer.post(at("report-check", doubtful))
    assert doubtful.latest.hits.get().reason == ""


def test_the_same_answer_after_a_return_opens_no_version(filer, district):
    report = handed_in(district, 100)
    actions.send_back(report, by=district.reviewer, reason="请核对")
    save(filer, report, "110", "100", seen=stored(report)["110"].token, payment="unpaid")
    assert Report.objects.get(pk=report.pk).latest.number == 1


def test_a_total_that_was_added_up_is_taken_back_when_a_part_becomes_unknown(filer, report):
    for code, text in {"PV1": "100", "PV2": "50"}.items():
        save(filer, report, code, text)
    answer = save(filer, report, "PV2", "", seen=stored(report)["PV2"].token, known_by="not_metered").json()
    assert answer["cells"]["PV"]["token"] == ""
    assert "PV" not in stored(report)


def test_a_total_keeps_its_note_and_is_an_estimate_where_a_part_is(filer, report):
    for code, text in {"PV1": "100", "PV2": "50"}.items():
        save(filer, report, code, text)
    save(filer, report, "PV", "150", seen=stored(report)["PV"].token, note="按逆变器读数")
    save(filer, report, "PV2", "60", seen=stored(report)["PV2"].token, known_by="estimated")
    assert stored(report)["PV"] == Entry(Decimal(160), KnownBy.ESTIMATED, note="按逆变器读数")


def test_what_is_not_metered_carries_its_payment_over(filer, district):
    february = district.report(date(2025, 2, 1))
    stated = entries(february, {"110": 100}) | {"140": Entry(None, KnownBy.NOT_METERED, payment="unpaid")}
    actions.save_draft(february, stated, by=district.filer)
    explain(february, by=district.filer)
    actions.submit(february, by=district.filer)
    actions.approve(february, by=district.reviewer)
    report = district.report(MARCH)
    save(filer, report, "110", "101")
    assert stored(report)["140"].payment == "unpaid"


def test_a_total_that_a_person_called_not_applicable_stays_so_beside_a_part_with_a_number(filer, report):
    for code, text in {"PV1": "310", "PV2": "200"}.items():
        save(filer, report, code, text)
    save(filer, report, "PV", "", seen=stored(report)["PV"].token, known_by="not_applicable")
    save(filer, report, "PV1", "", seen=stored(report)["PV1"].token)
    save(filer, report, "PV1", "", known_by="not_applicable")
    assert stored(report)["PV"].known_by == "not_applicable"


def test_a_total_that_is_emptied_is_added_up_again(filer, report):
    for code, text in {"PV1": "310", "PV2": "200"}.items():
        save(filer, report, code, text)
    answer = save(filer, report, "PV", "", seen=stored(report)["PV"].token).json()
    assert answer["cells"]["PV"]["fields"]["quantity-PV"] == "510"
