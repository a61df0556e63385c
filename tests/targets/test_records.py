"""Records of the plan's registers: each verb works and leaves a trace, is refused, and meets its second click."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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


def test_a_given_up_draft_leads_back_to_the_list(district, client, draft):
    client.force_login(district.filer)
    response = client.post(reverse("targets:record-abandon", args=[draft.record_id]))

    assert response.url == reverse("targets:record-list")


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


def test_a_filer_enters_attaches_and_submits_and_a_reviewer_accepts_on_the_pages(district, client):
    client.force_login(district.filer)
    typed = VALUES | {"name": "外墙改造", "happened_on": "2024-05-01"}
    response = client.post(reverse("targets:record-new", args=["project"]), typed, follow=True)
    assert "已保存草稿" in response.content.decode()
    record = Record.objects.get()
    client.post(
        reverse("targets:record-document-new", args=[record.pk]),
        {"file": _upload("合同.pdf", pdf("contract"))},
    )
    client.post(reverse("targets:record-submit", args=[record.pk]))
    client.force_login(district.reviewer)
    page = client.get(reverse("targets:record-detail", args=[record.pk])).content.decode()
    assert "合同.pdf" in page
    client.post(reverse("targets:record-decide", args=[record.pk]), {"word": "accept", "comment": ""})

    version = RecordVersion.objects.get()
    assert (version.status, version.values["area_m2"], version.documents.count()) == ("accepted", "1200", 1)


def test_bad_input_is_named_at_its_field_and_nothing_typed_is_lost(district, client):
    client.force_login(district.filer)
    typed = {
        "name": "外墙改造",
        "nature": "改造",
        "stage": "已验收",
        "area_m2": "很大",
        "happened_on": "2024-05-01",
    }
    page = client.post(reverse("targets:record-new", args=["project"]), typed).content.decode()

    assert "建筑面积应为数字，如 1200.5。" in page
    assert 'value="外墙改造"' in page
    assert not Record.objects.exists()


def test_the_list_shows_the_last_version_and_costs_the_same_at_one_and_three_rows(district, client, accepted):
    client.force_login(district.filer)
    address = reverse("targets:record-list") + "?register=project"
    one = _queries(client, address)
    record_actions.correct(accepted.record, by=district.filer, reason="面积复测")
    for name in ("二", "三"):
        record_actions.enter(register(), district.institution, SAID | {"name": name}, by=district.filer)

    assert _queries(client, address) == one
    assert [row.status for row in client.get(address).context["page_obj"]] == ["draft"] * 3


def _queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def _upload(name, content):
    return SimpleUploadedFile(name, content)


def test_the_shelves_show_what_was_accepted_of_all_institutions_and_find_by_words(district, client):
    theirs = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    said = {"values": {"technology": "热泵", "summary": "余热回收"}, "happened_on": DAY, "ended_on": None}
    for agency, name in ((district.institution, "本区医院"), (theirs, "他区小学")):
        version = record_actions.enter(register("case"), agency, said | {"name": name}, by=district.manager)
        record_actions.submit(version, by=district.manager)
        record_actions.accept(version, by=district.reviewer)
    record_actions.enter(register("case"), district.institution, said | {"name": "草稿"}, by=district.filer)
    client.force_login(district.filer)

    def names(words=""):
        return [
            version.name for version, _said in client.get(f"/library/case/?words={words}").context["entries"]
        ]

    assert names() == ["他区小学", "本区医院"]
    assert names("余热") == ["他区小学", "本区医院"]
    assert names("小学") == ["他区小学"]
    assert names("光伏") == []
    assert client.get("/library/title/").status_code == 404


def test_what_is_open_stands_on_the_filers_first_page(district, client, submitted):
    record_actions.return_back(submitted, by=district.reviewer, comment="缺验收单")
    client.force_login(district.filer)
    page = client.get("/").content.decode()

    assert "未办结的台账记录" in page
    assert "退回原因：缺验收单" in page
