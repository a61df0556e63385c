"""Records of the plan's registers: each verb works and leaves a trace, is refused, and meets its second click."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from agencies.access import Role
from agencies.models import Event, Message
from reporting import evidence_files, file_types
from reporting.refusals import WrongStatus
from targets import access, record_actions
from targets.models import Record, RecordDocument, RecordVersion, Register
from tests.factories import DepartmentFactory, InstitutionFactory, user_with
from yuzhong_carbon.demo.evidence import pdf

pytestmark = pytest.mark.django_db

DAY = date(2024, 5, 1)
VALUES = {"nature": "改造", "stage": "已验收", "area_m2": "1200"}
SAID = {"name": "外墙改造", "happened_on": DAY, "ended_on": None, "values": VALUES}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path


def register(slug="project"):
    return Register.objects.get(slug=slug)


@pytest.fixture
def draft(district):
    return record_actions.enter(register(), district.institution, SAID, by=district.filer)


@pytest.fixture
def submitted(district, draft):
    record_actions.submit(draft, by=district.filer)
    return draft


@pytest.fixture
def accepted(district, submitted):
    record_actions.accept(submitted, by=district.reviewer, comment="相符")
    return submitted


def told():
    return list(
        Event.objects.filter(verb="record").order_by("sequence").values_list("actor__username", "detail")
    )


def test_a_record_goes_from_draft_to_accepted_and_the_trail_tells_each_step(district, accepted):
    assert (accepted.status, accepted.is_current, accepted.decided_by) == (
        "accepted",
        True,
        district.reviewer,
    )
    name = "节能改造与新建项目 外墙改造（第 1 版）"
    assert told() == [
        (district.filer.username, f"登记{name}"),
        (district.filer.username, f"提交{name}"),
        (district.reviewer.username, f"通过{name}：相符"),
    ]


def test_a_change_is_told_with_before_and_after(district, draft):
    record_actions.change(draft, SAID | {"values": VALUES | {"area_m2": "1300"}}, by=district.filer)

    assert RecordVersion.objects.get().values["area_m2"] == "1300"
    assert told()[-1][1].endswith("：area_m2 1200 → 1300")


def test_what_comes_back_says_why_and_can_be_handed_in_again(district, submitted):
    record_actions.return_back(submitted, by=district.reviewer, comment="缺验收单")
    assert (submitted.status, submitted.comment) == ("returned", "缺验收单")

    record_actions.submit(submitted, by=district.filer)
    assert submitted.status == "submitted"


def test_a_return_needs_its_reason(district, submitted):
    with pytest.raises(ValidationError, match="写明原因"):
        record_actions.return_back(submitted, by=district.reviewer, comment=" ")

    assert RecordVersion.objects.get().status == "submitted"


def test_a_withdrawn_record_is_a_draft_again(district, submitted):
    record_actions.withdraw(submitted, by=district.filer)

    assert (submitted.status, submitted.submitted_at) == ("draft", None)


@pytest.mark.parametrize("verb", [record_actions.submit, record_actions.withdraw])
def test_of_two_clicks_the_second_is_told(district, draft, verb):
    stale = RecordVersion.objects.select_related("record__agency", "record__register").get()
    record_actions.submit(draft, by=district.filer)
    if verb == record_actions.withdraw:
        record_actions.withdraw(draft, by=district.filer)
    before = told()

    with pytest.raises(WrongStatus, match="刷新查看"):
        verb(stale, by=district.filer)
    assert told() == before


def test_the_second_decision_is_told_and_the_first_one_stays(district, accepted):
    with pytest.raises(WrongStatus):
        record_actions.return_back(accepted, by=district.reviewer, comment="迟了")
    with pytest.raises(WrongStatus), transaction.atomic():
        record_actions.accept(accepted, by=district.reviewer)

    assert list(RecordVersion.objects.values_list("status", "is_current")) == [("accepted", True)]


def test_the_corrected_version_counts_when_it_is_accepted_and_not_before(district, accepted):
    record = accepted.record
    second = record_actions.correct(record, by=district.filer, reason="面积复测")
    record_actions.change(second, SAID | {"values": VALUES | {"area_m2": "1100"}}, by=district.filer)
    assert [version.number for version in RecordVersion.objects.in_force()] == [1]

    record_actions.submit(second, by=district.filer)
    record_actions.accept(second, by=district.reviewer)
    assert [(each.number, each.values["area_m2"]) for each in RecordVersion.objects.in_force()] == [
        (2, "1100")
    ]
    assert record.versions.count() == 2


def test_a_record_has_one_open_version(district, accepted):
    record_actions.correct(accepted.record, by=district.filer, reason="面积复测")

    with pytest.raises(WrongStatus, match="未办结"):
        record_actions.correct(accepted.record, by=district.filer, reason="再次")


def test_a_correction_needs_its_reason(district, accepted):
    with pytest.raises(ValidationError, match="原因"):
        record_actions.correct(accepted.record, by=district.filer, reason=" ")

    assert RecordVersion.objects.count() == 1


def test_nobody_decides_on_what_they_entered(district):
    both = district.manager
    both.memberships.create(agency=district.bureau, role=Role.REVIEWER, valid_from=date(2020, 1, 1))
    version = record_actions.enter(
        register("control"), district.bureau, SAID | {"values": {"kgce": "5"}}, by=both
    )
    record_actions.submit(version, by=both)
    del both.current_memberships

    with pytest.raises(PermissionDenied, match="另一位审核员"):
        record_actions.accept(version, by=both)


def test_a_yearly_register_takes_one_record_a_year(district):
    of_year = SAID | {"values": {"office_m2": "900"}}
    record_actions.enter(register("facilities"), district.institution, of_year, by=district.filer)

    with pytest.raises(ValidationError, match="2024年的设施年报已经登记"):
        record_actions.enter(register("facilities"), district.institution, of_year, by=district.filer)
    later = of_year | {"happened_on": date(2025, 5, 1)}
    record_actions.enter(register("facilities"), district.institution, later, by=district.filer)
    assert Record.objects.count() == 2


def test_a_struck_out_record_leaves_its_year_and_a_change_does_not_take_another_ones(district):
    of_year = SAID | {"values": {"office_m2": "900"}}
    first = record_actions.enter(register("facilities"), district.institution, of_year, by=district.filer)
    later = of_year | {"happened_on": date(2025, 5, 1)}
    second = record_actions.enter(register("facilities"), district.institution, later, by=district.filer)
    with pytest.raises(ValidationError, match="2024年的设施年报已经登记"):
        record_actions.change(second, of_year, by=district.filer)

    for is_void in (False, True):
        if is_void:
            first = record_actions.correct(first.record, by=district.filer, reason="误登", is_void=True)
        record_actions.submit(first, by=district.filer)
        record_actions.accept(first, by=district.reviewer)
    record_actions.change(second, of_year, by=district.filer)
    assert RecordVersion.objects.get(pk=second.pk).happened_on == DAY


def test_a_draft_can_be_given_up_and_an_accepted_version_stays(district, accepted):
    second = record_actions.correct(accepted.record, by=district.filer, reason="面积复测")
    record_actions.attach(second, pdf("x"), "a.pdf", by=district.filer)
    record_actions.abandon(second, by=district.filer)
    assert list(RecordVersion.objects.values_list("number", "is_current")) == [(1, True)]
    with pytest.raises(WrongStatus):
        record_actions.abandon(accepted, by=district.filer)

    only = record_actions.enter(register(), district.institution, SAID, by=district.filer)
    record_actions.abandon(only, by=district.filer)
    assert Record.objects.count() == 1
    assert told()[-1][1] == "放弃节能改造与新建项目 外墙改造（第 1 版）"


def test_who_entered_a_record_is_told_what_became_of_it(district, submitted):
    record_actions.return_back(submitted, by=district.reviewer, comment="缺验收单")
    record_actions.submit(submitted, by=district.filer)
    record_actions.accept(submitted, by=district.reviewer)

    told_of = Message.objects.filter(recipient=district.filer).order_by("pk").values_list("kind", "subject")
    name = f"{district.institution} 节能改造与新建项目"
    assert list(told_of) == [("returned", f"{name}已退回"), ("approved", f"{name}已通过")]


def test_an_end_before_the_start_is_refused(district):
    with pytest.raises(ValidationError, match="止日"):
        record_actions.enter(
            register("title"), district.institution, SAID | {"ended_on": date(2024, 4, 1)}, by=district.filer
        )


@pytest.mark.parametrize(
    ("slug", "role", "place", "expected"),
    [
        ("project", Role.FILER, "institution", True),
        ("project", Role.MANAGER, "institution", True),
        ("project", Role.REVIEWER, "institution", False),
        ("project", Role.DEPARTMENT, "institution", False),
        ("project", Role.DEPARTMENT, "department", True),
        ("project", Role.OBSERVER, "institution", False),
        ("roster", Role.FILER, "institution", False),
        ("roster", Role.DEPARTMENT, "department", False),
        ("roster", Role.MANAGER, "institution", True),
        ("project", Role.AUDITOR, "institution", False),
        ("project", Role.ADMINISTRATOR, "institution", False),
    ],
)
def test_who_keeps_which_register_for_whom(district, slug, role, place, expected):
    users = {Role.FILER: district.filer, Role.DEPARTMENT: district.department_user}
    user = users.get(role) or user_with(role, district.bureau)

    assert access.may_keep(user, register(slug), getattr(district, place)) is expected


def test_who_may_not_changes_nothing(district, draft):
    stranger = user_with(Role.FILER, InstitutionFactory(parent=DepartmentFactory(parent=district.bureau)))
    before = told()
    for act in (
        lambda: record_actions.enter(register(), district.institution, SAID, by=stranger),
        lambda: record_actions.change(draft, SAID, by=stranger),
        lambda: record_actions.submit(draft, by=district.reviewer),
        lambda: record_actions.accept(draft, by=district.manager),
        lambda: record_actions.attach(draft, pdf("x"), "a.pdf", by=stranger),
    ):
        with pytest.raises(PermissionDenied):
            act()

    assert told() == before
    assert list(RecordVersion.objects.values_list("status", flat=True)) == ["draft"]


def test_evidence_is_kept_as_it_came_and_stays_with_what_was_decided(district, draft):
    document = record_actions.attach(draft, pdf("contract"), "合同.exe", by=district.filer)
    assert document.file_name == "合同.pdf"
    assert record_actions.content_of(document) == pdf("contract")
    with pytest.raises(ValidationError, match="已经附上"), transaction.atomic():
        record_actions.attach(draft, pdf("contract"), "again.pdf", by=district.filer)
    with pytest.raises(file_types.NotAccepted):
        record_actions.attach(draft, b"MZ", "a.pdf", by=district.filer)

    record_actions.submit(draft, by=district.filer)
    with pytest.raises(WrongStatus):
        record_actions.detach(document, by=district.filer)
    assert RecordDocument.objects.count() == 1


def test_evidence_leaves_a_draft_with_a_trace(district, draft):
    document = record_actions.attach(draft, pdf("contract"), "合同.pdf", by=district.filer)
    record_actions.detach(document, by=district.filer)

    assert not RecordDocument.objects.exists()
    assert "取下" in told()[-1][1]


def test_a_damaged_file_is_not_handed_out(district, draft):
    document = record_actions.attach(draft, pdf("contract"), "合同.pdf", by=district.filer)
    path = evidence_files.path_of(district.institution.pk, document.sha256, record_actions.FOLDER)
    path.write_bytes(b"another")

    with pytest.raises(evidence_files.Damaged):
        record_actions.content_of(document)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "columns",
    [
        {"name": "别的"},
        {"values": {"area_m2": "9"}},
        {"status": "draft", "is_current": False},
        {"happened_on": None},
    ],
)
def test_the_database_keeps_what_was_accepted(accepted, columns):
    with pytest.raises(DatabaseError), transaction.atomic():
        RecordVersion.objects.filter(pk=accepted.pk).update(**columns)
    with pytest.raises(DatabaseError), transaction.atomic():
        RecordVersion.objects.filter(pk=accepted.pk)._raw_delete("default")

    assert RecordVersion.objects.get().values == VALUES
