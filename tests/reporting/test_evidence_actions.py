"""The verbs of evidence: they work and leave a trace, are refused and change nothing, and the second click."""

import errno
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from agencies.models import Event
from agencies.models.trail import Verb
from reporting import actions, evidence_actions, evidence_files, suggestions, tasks
from reporting.evidence_actions import Document, Proof
from reporting.file_types import NotAccepted
from reporting.models import Evidence, EvidenceItem, EvidenceUse, Item
from tests.factories import InstitutionFactory

from .documents import PDF, bill, png

FEBRUARY, MARCH, APRIL = date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)
SPANNING = {"first": date(2025, 2, 22), "last": date(2025, 4, 2)}


@pytest.fixture(autouse=True)
def private_media(settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path / "private"
    return settings.PRIVATE_MEDIA_ROOT


def attached(district, **facts):
    return evidence_actions.attach(district.institution, bill(**facts), by=district.filer)


def uses(evidence):
    rows = EvidenceUse.objects.filter(row__evidence=evidence)
    return [(use.month, use.days, use.quantity, use.cost_yuan) for use in rows.order_by("month")]


def files(root):
    return [path for path in Path(root).rglob("*") if path.is_file()]


def is_refused(act, *arguments):
    try:
        with transaction.atomic():
            act(*arguments)
    except DatabaseError:
        return True
    return False


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


# Attaching


def test_a_bill_of_three_months_is_divided_by_days_and_adds_up(district):
    evidence = attached(district, quantity="1000", cost="600.01", **SPANNING)
    # 7 + 31 + 2 = 40 days: 1000 × 7/40 = 175, × 31/40 = 775, × 2/40 = 50; 600.01 → 105.00175, 465.00775, 30.0005.
    assert uses(evidence) == [
        (FEBRUARY, 7, Decimal("175.00"), Decimal("105.00")),
        (MARCH, 31, Decimal("775.00"), Decimal("465.01")),
        (APRIL, 2, Decimal("50.00"), Decimal("30.00")),
    ]


def test_an_area_is_whole_in_each_month_and_has_no_cost(district):
    evidence = attached(district, code="102", quantity="812.5", cost=None, **SPANNING)
    assert [use[2:] for use in uses(evidence)] == [(Decimal("812.5"), None)] * 3


def test_one_document_proves_several_items(district):
    proofs = [Proof(Item.objects.get(pk=code), Decimal(5), None) for code in ("1501", "1601")]
    document = Document(PDF, "加油卡对账单.pdf", MARCH, date(2025, 3, 31), proofs)
    evidence = evidence_actions.attach(district.institution, document, by=district.filer)
    assert [row.item_id for row in evidence.items.all()] == ["1501", "1601"]


def test_attaching_leaves_a_trace_in_each_month(district):
    evidence = attached(district, quantity="1000", **SPANNING)
    events = Event.objects.filter(verb=Verb.ATTACH).order_by("sequence")
    assert [event.month for event in events] == [FEBRUARY, MARCH, APRIL]
    assert evidence.sha256 in events[0].detail
    assert "110 电 1000 kWh" in events[0].detail


def test_the_file_lies_whole_under_its_hash_outside_the_web_root(district, private_media):
    evidence = attached(district, content=png(), file_name="照片.pdf")
    [path] = files(private_media)
    assert path == evidence_files.path_of(district.institution.pk, evidence.sha256)
    assert path.read_bytes() == png()
    assert (evidence.content_type, evidence.size, evidence.file_name) == ("image/png", len(png()), "照片.png")


def test_by_default_the_files_are_no_static_files():
    from yuzhong_carbon import settings as shipped  # noqa: PLC0415

    for served in (shipped.STATIC_ROOT, *shipped.STATICFILES_DIRS):
        assert not shipped.PRIVATE_MEDIA_ROOT.is_relative_to(served)
    assert shipped.PRIVATE_MEDIA_ROOT.is_relative_to(shipped.VAR_DIR)


def test_the_same_scan_twice_is_one_file_and_another_agencys_is_its_own(district, private_media):
    attached(district)
    attached(district, document_number="DF-2", account_number="2")
    assert (Evidence.objects.count(), len(files(private_media))) == (2, 1)
    other = InstitutionFactory(parent=district.department)
    evidence_files.store(other.pk, PDF)
    assert len(files(private_media)) == 2


@pytest.mark.parametrize("person", ["department_user", "reviewer", "manager", "observer", "auditor"])
def test_only_the_filer_keeps_evidence(district, private_media, person):
    evidence = attached(district)
    by = getattr(district, person)
    for act in (
        lambda: evidence_actions.attach(district.institution, bill(), by=by),
        lambda: evidence_actions.replace(evidence, bill(), by=by, reason="x"),
        lambda: evidence_actions.take_out(evidence, by=by),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert Evidence.objects.count() == 1


def test_a_filer_keeps_no_evidence_of_another_institution(district):
    with pytest.raises(PermissionDenied):
        evidence_actions.attach(InstitutionFactory(parent=district.department), bill(), by=district.filer)


def test_a_text_under_a_pdfs_name_stores_nothing(district, private_media):
    with pytest.raises(NotAccepted):
        attached(district, content=b"just text")
    assert (Evidence.objects.count(), files(private_media)) == (0, [])


@pytest.mark.parametrize("fails", ["fsync", "mkstemp", "replace"])
def test_a_full_disk_leaves_neither_row_nor_half_a_file(district, private_media, monkeypatch, fails):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = {"fsync": "os.fsync", "mkstemp": "tempfile.mkstemp", "replace": "pathlib.Path.replace"}[fails]
    monkeypatch.setattr(place, full)
    with pytest.raises(evidence_files.NotStored, match="凭证没有登记"):
        attached(district)
    assert (Evidence.objects.count(), files(private_media)) == (0, [])
    assert not Event.objects.filter(verb=Verb.ATTACH).exists()


def test_a_file_whose_row_failed_is_swept_and_a_named_one_stays(district, private_media):
    attached(district)
    with transaction.atomic():
        attached(district, content=png(), document_number="DF-2")
        transaction.set_rollback(True)
    assert len(files(private_media)) == 2
    tasks.sweep_evidence_files()
    assert len(files(private_media)) == 2
    assert evidence_files.sweep(older_than_seconds=-1) == 1
    [path] = files(private_media)
    assert path.read_bytes() == PDF


def test_a_damaged_file_is_found_and_the_same_scan_again_mends_it(district):
    evidence = attached(district)
    path = evidence_files.path_of(district.institution.pk, evidence.sha256)
    assert evidence_files.first_damaged() is None
    path.write_bytes(b"x" * len(PDF))
    assert evidence_files.first_damaged() == (
        f"凭证 DF-1（编号 {evidence.pk}）：凭证文件与登记时的哈希不符，不再提供。请联系管理员从备份恢复。"
    )
    attached(district, document_number="DF-2", account_number="2")
    assert evidence_actions.look_at(evidence, by=district.reviewer) == PDF


@pytest.mark.parametrize(
    "facts",
    [
        {"document_number": "", "file_name": "另一个名字.pdf"},
        {"content": png(), "first": date(2025, 3, 2)},
    ],
)
def test_the_same_document_is_not_counted_twice(district, facts):
    evidence = attached(district)
    with pytest.raises(evidence_actions.Duplicate, match="再登记会重复计算"):
        attached(district, **facts)
    attached(district, code="120")
    evidence_actions.replace(evidence, bill(**facts), by=district.filer, reason="缺页")
    assert Evidence.objects.in_force().count() == 2


# Names


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("电费 3月.PDF", "电费 3月.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ('a"; filename="b.html', "a_ filename=_b.pdf"),
        ("a\r\nSet-Cookie: x", "a_Set-Cookie_ x.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ("", "凭证.pdf"),
        ("...", "凭证.pdf"),
        ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
def test_a_name_is_nothing_more_than_a_name(name, kept):
    assert evidence_files.harmless_name(name, "pdf") == kept


# Taking out and replacing


def test_before_any_submission_a_document_can_be_taken_out(district):
    evidence = attached(district)
    district.report(MARCH)
    evidence_actions.take_out(evidence, by=district.filer)
    assert not Evidence.objects.exists()
    assert Event.objects.filter(verb=Verb.DETACH, month=MARCH).count() == 1


def test_once_a_month_was_submitted_its_document_stays(district):
    evidence = attached(district, **SPANNING)
    district.submitted(MARCH, {"110": 775})
    with pytest.raises(evidence_actions.InUse, match="用新凭证替换"):
        evidence_actions.take_out(evidence, by=district.filer)
    actions.withdraw(district.report(MARCH), by=district.filer)
    with pytest.raises(evidence_actions.InUse):
        evidence_actions.take_out(evidence, by=district.filer)
    assert uses(evidence)


@pytest.mark.both_databases
def test_the_database_itself_keeps_used_evidence(district):
    evidence = attached(district, **SPANNING)
    district.submitted(MARCH, {"110": 775})
    march = EvidenceUse.objects.get(row__evidence=evidence, month=MARCH)
    assert is_refused(evidence.delete)
    assert is_refused(march.delete)
    assert is_refused(execute, "DELETE FROM reporting_evidenceuse")
    assert is_refused(execute, "DELETE FROM reporting_evidence")
    assert is_refused(lambda: EvidenceUse.objects.update(quantity=1))
    assert is_refused(lambda: EvidenceItem.objects.update(quantity=1))
    assert is_refused(lambda: Evidence.objects.update(sha256="0" * 64))
    assert is_refused(lambda: Evidence.objects.update(first_day=MARCH))
    assert len(uses(evidence)) == 3


@pytest.mark.both_databases
def test_the_database_lets_unused_evidence_go_and_a_replacement_happen_once(district):
    old, new, third = (
        attached(district, document_number=number, account_number=number) for number in ("甲", "乙", "丙")
    )
    Evidence.objects.filter(pk=old.pk).update(replaced_by=new, replace_reason="缺页")
    assert is_refused(lambda: Evidence.objects.filter(pk=old.pk).update(replaced_by=third))
    third.delete()
    assert Evidence.objects.count() == 2


def test_a_later_bill_replaces_one_for_a_reason(district):
    old = attached(district, quantity="100")
    district.submitted(MARCH, {"110": 100})
    with pytest.raises(ValueError, match="原因"):
        evidence_actions.replace(old, bill(quantity="110"), by=district.filer, reason=" ")
    new = evidence_actions.replace(
        old, bill(quantity="110", document_number="DF-2"), by=district.filer, reason="原账单作废重开"
    )
    old.refresh_from_db()
    assert (old.replaced_by, old.replace_reason) == (new, "原账单作废重开")
    assert "替换凭证 DF-1：原账单作废重开" in Event.objects.filter(verb=Verb.ATTACH).last().detail
    [offer] = suggestions.beside(district.report(MARCH)).offers["110"]
    assert offer.quantity == 110


def test_the_second_replacement_is_told_and_stores_nothing(district):
    old = attached(district)
    evidence_actions.replace(old, bill(document_number="DF-2"), by=district.filer, reason="缺页")
    with pytest.raises(evidence_actions.AlreadyReplaced):
        evidence_actions.replace(old, bill(document_number="DF-3"), by=district.filer, reason="缺页")
    assert Evidence.objects.count() == 2
    for each in Evidence.objects.all():
        assert not evidence_actions.is_removable(each)


# Looking


def test_looking_leaves_a_trace_and_a_changed_file_is_not_shown(district):
    evidence = attached(district)
    assert evidence_actions.look_at(evidence, by=district.reviewer) == PDF
    event = Event.objects.get(verb=Verb.VIEW)
    assert (event.actor, event.agency) == (district.reviewer, district.institution)
    path = evidence_files.path_of(district.institution.pk, evidence.sha256)
    path.write_bytes(PDF + b" ")
    with pytest.raises(evidence_files.Damaged, match="哈希不符"):
        evidence_actions.look_at(evidence, by=district.reviewer)
    path.unlink()
    with pytest.raises(evidence_files.Damaged, match="缺失"):
        evidence_actions.look_at(evidence, by=district.reviewer)
    assert Event.objects.filter(verb=Verb.VIEW, is_success=False).count() == 2
    assert settings.PRIVATE_MEDIA_ROOT in path.parents


# Suggestions


def test_bills_of_two_meters_add_up_to_one_suggestion(district):
    attached(district, quantity="100", cost="60", account_number="1")
    attached(district, quantity="50.5", cost=None, account_number="2", document_number="DF-2")
    [offer] = suggestions.beside(district.report(MARCH)).offers["110"]
    assert (offer.quantity, offer.cost_yuan, len(offer.steps)) == (Decimal("150.5"), None, 2)
    assert offer.steps[0].working == "账单 31 天全部在本月"


def test_a_suggestion_says_which_part_of_the_month_the_bills_cover(district):
    attached(district, first=date(2025, 2, 1), last=date(2025, 3, 20))
    report = district.report(MARCH)
    [offer] = suggestions.beside(report).offers["110"]
    assert offer.caution == "凭证只覆盖本月 20 天，共 31 天"
    attached(district, first=date(2025, 3, 21), document_number="DF-2")
    [offer] = suggestions.beside(report).offers["110"]
    assert offer.caution == ""


def test_of_documents_on_an_area_the_newest_counts(district):
    attached(district, code="102", quantity="900", cost=None, first=date(2025, 1, 1))
    attached(district, code="102", quantity="800", cost=None, document_number="CH-2")
    [offer] = suggestions.beside(district.report(MARCH)).offers["102"]
    assert offer.quantity == 800
