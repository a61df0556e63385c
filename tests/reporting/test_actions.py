"""The verbs of a month: each works and leaves a trace, is refused and changes nothing, and the second click."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from agencies.access import Role
from agencies.models import Agency, Event, Membership
from agencies.models.trail import Verb
from reporting import access, actions
from reporting.entries import Entry
from reporting.models import EditionItem, KnownBy, Line, Panel, Revision, StaleMark, Status
from reporting.panels import COLUMN
from tests.factories import entries, user_with

MARCH = date(2025, 3, 1)


def verbs(report):
    return list(Event.objects.about(report.agency, report.period.month).values_list("verb", flat=True))


def stored(report):
    return {line.item_id: Entry.of(line) for line in Line.objects.filter(revision=report.latest)}


def test_opening_a_period_twice_makes_one_report_for_each_institution(district):
    actions.open_period(MARCH)
    period = actions.open_period(MARCH)
    assert [report.agency for report in period.reports.all()] == [district.institution]
    assert (period.opens_on, period.due_on) == (date(2025, 3, 31), date(2025, 4, 10))


def test_a_saved_draft_says_what_changed(district):
    report = district.report(MARCH)
    actions.save_draft(report, {"110": Entry(Decimal(100)), "120": Entry(Decimal(7))}, by=district.filer)
    metered = Entry(Decimal("120.5"), KnownBy.ESTIMATED, Decimal(60), "表坏")
    actions.save_draft(report, {"110": metered}, by=district.filer)
    details = Event.objects.filter(verb="save").order_by("sequence").values_list("detail", flat=True)
    assert list(details) == [
        "110 电：未填 → 100；120 水：未填 → 7",
        "110 电：100 → 120.5，估算，费用60元，说明“表坏”；120 水：7 → 未填",
    ]
    report.refresh_from_db()
    assert stored(report) == {"110": metered}


def test_saving_the_same_again_leaves_no_trace(district):
    report = district.report(MARCH)
    for _ in range(2):
        actions.save_draft(report, {"110": Entry(Decimal(100))}, by=district.filer)
    assert verbs(report) == ["save"]
    assert Revision.objects.count() == 1


def test_a_draft_saved_meanwhile_is_not_overwritten(district):
    report = district.report(MARCH)
    seen = actions.version(report)
    actions.save_draft(report, {"110": Entry(Decimal(100))}, by=district.filer, seen=seen)
    with pytest.raises(actions.Stale):
        actions.save_draft(report, {"110": Entry(Decimal(999))}, by=district.filer, seen=seen)
    report.refresh_from_db()
    assert stored(report) == {"110": Entry(Decimal(100))}


def test_submitting_freezes_the_draft_with_its_hash(district):
    report = district.submitted(MARCH, {"110": 100})
    assert report.status == Status.SUBMITTED
    assert report.latest.submitted_by == district.filer
    assert len(report.latest.content_hash) == 64
    assert verbs(report) == ["save", "submit"]


def test_a_month_with_missing_items_is_refused_and_stays_a_draft(district):
    report = district.report(MARCH)
    actions.save_draft(report, {"110": Entry(Decimal(100))}, by=district.filer)
    with pytest.raises(actions.Refused) as refusal:
        actions.submit(report, by=district.filer)
    required = set(
        EditionItem.objects.filter(edition__slug="2025", is_required=True).values_list("item", flat=True)
    )
    assert {error.item for error in refusal.value.errors} == required - {"110"}
    report.refresh_from_db()
    assert report.status == Status.DRAFT
    assert verbs(report) == ["save"]


def test_the_second_submission_finds_the_month_submitted(district):
    report = district.submitted(MARCH, {"110": 100})
    with pytest.raises(actions.WrongStatus, match="现为“已提交”"):
        actions.submit(report, by=district.filer)
    assert verbs(report) == ["save", "submit"]


def test_a_submitted_month_cannot_be_saved(district):
    report = district.submitted(MARCH, {"110": 100})
    with pytest.raises(actions.WrongStatus, match="不能修改"):
        actions.save_draft(report, {"110": Entry(Decimal(1))}, by=district.filer)
    assert stored(report)["110"] == Entry(Decimal(100), payment="unpaid")


def test_a_withdrawn_month_is_filed_again_as_the_next_revision(district):
    report = district.submitted(MARCH, {"110": 100})
    actions.withdraw(report, by=district.filer)
    report = district.submitted(MARCH, {"110": 110})
    assert (report.latest.number, report.latest.reason) == (2, "撤回后修改")
    assert verbs(report) == ["save", "submit", "withdraw", "save", "submit"]


def test_only_what_is_submitted_can_be_withdrawn(district):
    report = district.approved(MARCH, {"110": 100})
    with pytest.raises(actions.WrongStatus):
        actions.withdraw(report, by=district.filer)
    report.refresh_from_db()
    assert report.status == Status.APPROVED


def test_approval_puts_the_month_into_the_panel_and_marks_the_year(district):
    report = district.approved(MARCH, {"110": 100, "1501": 20})
    assert report.approved == report.latest
    assert report.latest.decided_by == district.reviewer
    panel = Panel.objects.get()
    march = panel.values[2]
    assert (panel.agency, panel.year, panel.approved_months) == (district.institution, 2025, 0b100)
    assert [march[COLUMN[code]] for code in ("110", "1501", "130")] == [100.0, 20.0, 0.0]
    marks = StaleMark.objects.filter(cause__endswith="2025-03 第1版通过")
    assert list(marks.values_list("agency", "year")) == [(district.institution.pk, 2025)]
    assert verbs(report)[-1] == "approve"


def test_the_second_approval_changes_nothing(district):
    report = district.approved(MARCH, {"110": 100})
    with pytest.raises(actions.WrongStatus, match="现为“已通过”"):
        actions.approve(report, by=district.reviewer)
    assert verbs(report).count("approve") == 1
    assert StaleMark.objects.filter(cause__endswith="通过").count() == 1


def test_nobody_approves_their_own_submission(district):
    user_with(Role.FILER, district.bureau)
    both = user_with(Role.FILER, district.institution)
    both.memberships.create(agency=district.bureau, role=Role.REVIEWER, valid_from=MARCH)
    report = district.submitted(MARCH, {"110": 100}, by=both)
    with pytest.raises(PermissionDenied, match="自己填写或提交"):
        actions.approve(report, by=both)
    report.refresh_from_db()
    assert report.status == Status.SUBMITTED


def test_a_returned_month_shows_its_reason_to_the_next_revision(district):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason=" 电量与电费不符 ")
    report.refresh_from_db()
    assert (report.status, report.latest.return_reason) == (Status.RETURNED, "电量与电费不符")
    report = district.submitted(MARCH, {"110": 90})
    assert report.latest.reason == "退回后修改：电量与电费不符"
    assert verbs(report) == ["save", "submit", "return", "save", "submit"]


def test_a_return_without_a_reason_changes_nothing(district):
    report = district.submitted(MARCH, {"110": 100})
    with pytest.raises(ValueError, match="请写明原因"):
        actions.send_back(report, by=district.reviewer, reason="  ")
    report.refresh_from_db()
    assert report.status == Status.SUBMITTED


def test_a_returned_month_cannot_be_returned_again(district):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="电量有误")
    with pytest.raises(actions.WrongStatus):
        actions.send_back(report, by=district.reviewer, reason="电量有误")
    assert verbs(report).count("return") == 1


def test_a_correction_starts_from_the_approved_lines_which_stay_in_force(district):
    report = district.approved(MARCH, {"110": 100})
    first = report.approved
    actions.open_correction(report, by=district.filer, reason="漏计3号楼电表")
    report.refresh_from_db()
    assert (report.latest.number, report.latest.reason, report.approved) == (2, "漏计3号楼电表", first)
    assert stored(report)["110"] == Entry(Decimal(100), payment="unpaid")
    assert Panel.objects.get().values[2][COLUMN["110"]] == 100.0
    corrected = district.approved(MARCH, {"110": 140})
    assert corrected.approved.number == 2
    assert Panel.objects.get().values[2][COLUMN["110"]] == 140.0


def test_a_correction_without_a_reason_opens_nothing(district):
    report = district.approved(MARCH, {"110": 100})
    with pytest.raises(ValueError, match="请写明原因"):
        actions.open_correction(report, by=district.filer, reason="")
    assert Revision.objects.count() == 1


def test_a_correction_is_opened_once(district):
    report = district.approved(MARCH, {"110": 100})
    actions.open_correction(report, by=district.filer, reason="漏计")
    with pytest.raises(actions.WrongStatus):
        actions.open_correction(report, by=district.filer, reason="漏计")
    assert Revision.objects.count() == 2


ALLOWED = {
    "save": {"filer"},
    "submit": {"filer"},
    "withdraw": {"filer"},
    "endorse": {"department_user"},
    "approve": {"reviewer"},
    "return": {"reviewer"},
    "correct": {"filer", "reviewer"},
    "abandon": {"filer", "reviewer"},
    "extend": {"manager"},
}
# Verbs of workbooks, tested in test_workbook_actions.py.
ELSEWHERE = {"take_template", "upload", "keep_evidence", "bulk_approve", "look", "draw", "see_looks"}
PEOPLE = ("filer", "department_user", "reviewer", "manager", "observer", "auditor", "administrator")


def attempt(verb, report, by):
    """Do the verb to a report in the state that it sets out from."""
    later = report.period.closes_on + timedelta(1)
    return {
        "save": lambda: actions.save_draft(report, entries(report, {"110": 1}), by=by),
        "submit": lambda: actions.submit(report, by=by),
        "withdraw": lambda: actions.withdraw(report, by=by),
        "approve": lambda: actions.approve(report, by=by),
        "return": lambda: actions.send_back(report, by=by, reason="有误"),
        "correct": lambda: actions.open_correction(report, by=by, reason="有误"),
        "endorse": lambda: actions.endorse(report, by=by),
        "abandon": lambda: actions.abandon(report, by=by),
        "extend": lambda: actions.extend([report], by=by, last_day=later, reason="停电"),
    }[verb]()


def start(verb, district):
    report = district.report(MARCH)
    if verb == "submit":
        actions.save_draft(report, entries(report, {"110": 1}), by=district.filer)
    if verb in ("withdraw", "approve", "return"):
        report = district.submitted(MARCH, {"110": 1})
    if verb == "endorse":
        Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
        report = district.submitted(MARCH, {"110": 1})
    if verb in ("correct", "abandon"):
        report = district.approved(MARCH, {"110": 1})
    if verb == "abandon":
        actions.open_correction(report, by=district.filer, reason="漏计")
    return report


def test_the_matrix_covers_every_verb():
    assert set(ALLOWED) | ELSEWHERE == set(access.VERBS)


@pytest.mark.parametrize("verb", ALLOWED)
def test_a_verb_is_for_its_roles_only(district, verb):
    report = start(verb, district)
    before = Event.objects.count()
    outcomes = {}
    for person in PEOPLE:
        with transaction.atomic():
            outcomes[person] = (
                outcome(verb, report, getattr(district, person)),
                Event.objects.count() - before,
            )
            transaction.set_rollback(True)
    refused = (PermissionDenied, 0)
    assert outcomes == dict.fromkeys(PEOPLE, refused) | dict.fromkeys(ALLOWED[verb], (None, 1))


def outcome(verb, report, by):
    try:
        attempt(verb, report, by)
    except PermissionDenied as refusal:
        return type(refusal)
    return None


def test_a_filer_of_another_institution_may_not_save(district):
    stranger = user_with(
        Role.FILER,
        district.department.children.create(
            key="OTHER",
            name="另一机构",
            type_code="01",
            path=f"{district.department.path}OTHER/",
            registered_from=MARCH,
        ),
    )
    with pytest.raises(PermissionDenied):
        actions.save_draft(district.report(MARCH), {}, by=stranger)


def test_after_a_return_the_trail_tells_only_what_was_changed(district):
    report = district.submitted(MARCH, {"110": 1000, "102": 100, "103": 10})
    actions.send_back(report, by=district.reviewer, reason="请核对面积")
    actions.save_draft(report, entries(report, {"110": 1000, "102": 120, "103": 10}), by=district.filer)
    saved = Event.objects.filter(verb=Verb.SAVE).latest("sequence")
    assert (saved.revision_number, saved.detail) == (2, "102 建筑面积：100 → 120")


def test_a_returned_month_saved_unchanged_says_so(district):
    report = district.submitted(MARCH, {"110": 1000, "102": 100, "103": 10})
    actions.send_back(report, by=district.reviewer, reason="请核对面积")
    actions.save_draft(report, entries(report, {"110": 1000, "102": 100, "103": 10}), by=district.filer)
    assert Event.objects.filter(verb=Verb.SAVE).latest("sequence").detail == "与第1版相同"


def test_who_typed_a_month_does_not_approve_it_even_if_another_submits(district):
    both = user_with(Role.FILER, district.institution)
    Membership.objects.create(user=both, agency=district.bureau, role=Role.REVIEWER, valid_from=MARCH)
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 1000, "102": 100, "103": 10}), by=both)
    actions.submit(report, by=district.filer)
    with pytest.raises(PermissionDenied):
        actions.approve(report, by=both)


def test_a_version_opened_by_reasons_for_nothing_has_its_row_in_the_trail(district):
    report = district.submitted(MARCH, {"110": 1000})
    actions.send_back(report, by=district.reviewer, reason="请核对")
    actions.explain(report, {("cost", "110"): "另册"}, by=district.filer)
    saved = Event.objects.filter(verb=Verb.SAVE).latest("sequence")
    assert (saved.revision_number, saved.detail) == (2, "与第1版相同")
