"""Pages of evidence: upload, list, split, file and the confirmed suggestion; hostile uploads; who sees what."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import encode_multipart
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from agencies.models import ElectricityAccount, Event
from agencies.models.trail import Verb
from reporting import actions, evidence_actions
from reporting.entries import Entry
from reporting.models import Evidence, KnownBy, Payment, Report
from tests.factories import InstitutionFactory, user_with

from .documents import PDF, bill, png

MARCH = date(2025, 3, 1)


@pytest.fixture(autouse=True)
def private_media(settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path / "private"


def at(name, *arguments):
    return reverse(f"reporting:{name}", args=arguments)


def text(response):
    return response.content.decode()


def form(district, content=PDF, name="电费.pdf", **typed):
    return {
        "agency": district.institution.pk,
        "file": SimpleUploadedFile(name, content, content_type="application/pdf"),
        "first_day": "2025-02-22",
        "last_day": "2025-04-02",
        "account_number": "３１００１",
        "document_number": "DF-9",
        "item-1": "110",
        "quantity-1": "1,000",
        "cost-1": "600.01",
    } | typed


def attached(district, agency=None, by=None, **facts):
    return evidence_actions.attach(agency or district.institution, bill(**facts), by=by or district.filer)


def post(client, district, **typed):
    client.force_login(district.filer)
    return client.post(at("evidence-new"), form(district, **typed), follow=True)


# Upload


def test_a_bill_is_registered_and_its_split_is_shown_with_the_formula(district, client):
    district.report(MARCH)
    response = post(client, district)
    evidence = Evidence.objects.get()
    assert response.redirect_chain == [(at("evidence-detail", evidence.pk), 302)]
    assert evidence.account_number == "31001"
    page = text(response)
    for words in ("共 40 天", "1000 kWh × 7 天 ÷ 40 天", "775", "465.01", "各月之和等于账单总数", "用于填报"):
        assert words in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"content": b"just text"}, "文件内容不是 PDF、PNG 或 JPEG"),
        ({"content": b""}, "文件是空的"),
        ({"content": PDF[:20]}, "PDF 文件不完整"),
        ({"content": png(60_000, 60_000), "name": "a.png"}, "超过 1 亿像素"),
        ({"last_day": "2025-01-01"}, "用量止日不能早于用量起日"),
        ({"last_day": "2999-01-01"}, "请核对年份"),
        ({"first_day": "2998-12-02", "last_day": "2999-01-01"}, "在今天之后"),
        ({"quantity-1": "一千"}, "请填写数字"),
        ({"quantity-1": ""}, "请填写账单上的总量"),
        ({"item-1": ""}, "请选择指标"),
        ({"item-1": "102"}, "没有费用，请清空"),
        ({"item-1": "104", "quantity-1": "2.5", "cost-1": ""}, "请填整数（辆）"),
        ({"item-1": "", "quantity-1": "", "cost-1": ""}, "请至少填写一项"),
        ({"item-2": "110", "quantity-2": "5"}, "同一指标只填一行"),
    ],
)
def test_a_wrong_upload_is_told_why_and_stores_nothing(district, client, typed, sentence):
    response = post(client, district, **typed)
    assert response.status_code == 200
    assert sentence in text(response)
    assert "请重新选择文件" in text(response)
    assert not Evidence.objects.exists()


def test_a_file_over_the_limit_is_told_its_size(district, client, settings):
    settings.EVIDENCE_MAX_MB = 1
    response = post(client, district, content=PDF + b" " * 1_600_000 + b"%%EOF")
    assert "文件有 1.5 MB，超过 1 MB" in text(response)


def test_what_no_form_sends_is_refused_unread(district, client, settings):
    settings.MAX_BODY_MB = 1
    client.force_login(district.filer)
    response = client.post(at("evidence-new"), form(district, content=PDF + b" " * 1_200_000 + b"%%EOF"))
    assert (response.status_code, "没有接收" in text(response)) == (413, True)


def test_an_upload_that_breaks_off_stores_nothing(district, client, settings):
    client.force_login(district.filer)
    whole = encode_multipart("edge", form(district))
    client.post(
        at("evidence-new"), whole[: len(whole) // 2], content_type="multipart/form-data; boundary=edge"
    )
    assert not Evidence.objects.exists()
    assert not settings.PRIVATE_MEDIA_ROOT.exists()


def test_a_full_disk_becomes_a_sentence_and_keeps_what_was_typed(district, client, monkeypatch):
    def full(*arguments, **options):
        raise OSError("No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    response = post(client, district)
    assert "可能磁盘已满" in text(response)
    assert 'value="DF-9"' in text(response)
    assert not Evidence.objects.exists()


def test_a_second_upload_of_the_same_bill_is_told(district, client):
    post(client, district)
    assert "再登记会重复计算" in text(post(client, district))
    assert Evidence.objects.count() == 1


def test_an_account_that_is_not_the_agencys_is_marked(district, client):
    assert "不在名录登记" not in text(post(client, district))
    ElectricityAccount.objects.create(agency=district.institution, number="31999")
    assert "不在名录登记" in text(client.get(at("evidence-detail", Evidence.objects.get().pk)))


def test_a_filer_uploads_for_no_other_institution(district, client):
    other = InstitutionFactory(parent=district.department)
    response = post(client, district, agency=other.pk)
    assert response.status_code == 200
    assert not Evidence.objects.exists()


def test_the_field_offers_a_telephones_camera(district, client):
    client.force_login(district.filer)
    assert 'accept="image/jpeg,image/png,application/pdf"' in text(client.get(at("evidence-new")))


# The file


def test_the_file_comes_with_headers_that_keep_it_a_document(district, client):
    evidence = attached(district, file_name='<b>".html', content=png())
    client.force_login(district.reviewer)
    response = client.get(at("evidence-file", evidence.pk))
    assert response.content == png()
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"].startswith("inline; filename")
    assert "<" not in response["Content-Disposition"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert Event.objects.get(verb=Verb.VIEW).actor == district.reviewer


def test_a_damaged_file_becomes_a_sentence(district, client):
    evidence = attached(district)
    evidence_actions.evidence_files.path_of(district.institution.pk, evidence.sha256).unlink()
    client.force_login(district.reviewer)
    assert "凭证文件缺失" in text(client.get(at("evidence-file", evidence.pk), follow=True))


def test_strangers_find_no_evidence_and_leave_no_trace(district, client):
    evidence = attached(district)
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    for user in (user_with(Role.FILER, elsewhere), district.auditor, district.administrator):
        client.force_login(user)
        for name in ("evidence-detail", "evidence-file", "evidence-replace"):
            assert client.get(at(name, evidence.pk)).status_code == 404
        assert client.post(at("evidence-delete", evidence.pk)).status_code == 404
    assert not Event.objects.filter(verb=Verb.VIEW).exists()
    assert Evidence.objects.exists()


@pytest.mark.parametrize("person", ["department_user", "reviewer", "manager", "observer"])
def test_colleagues_read_and_do_not_keep(district, client, person):
    evidence = attached(district)
    client.force_login(getattr(district, person))
    page = text(client.get(at("evidence-detail", evidence.pk)))
    assert "用于填报" not in page
    assert "替换</a>" not in page
    assert client.get(at("evidence-new")).status_code == 403
    assert client.get(at("evidence-replace", evidence.pk)).status_code == 403
    assert client.post(at("evidence-delete", evidence.pk)).status_code == 403


# The list


def test_the_list_is_narrowed_by_month_item_and_number(district, client):
    attached(district, document_number="DF-1")
    attached(district, code="120", document_number="SF-2", first=date(2025, 1, 1), last=date(2025, 2, 3))
    client.force_login(district.filer)

    def shown(**filters):
        page = client.get(at("evidence-list"), filters).context["page_obj"]
        return [str(evidence) for evidence in page]

    assert shown() == ["DF-1", "SF-2"]
    assert shown(month="2025-02") == ["SF-2"]
    assert shown(item="110") == ["DF-1"]
    assert shown(words="sf-") == ["SF-2"]
    assert "请按“2026-03”填写" in text(client.get(at("evidence-list"), {"month": "3月"}))


@pytest.mark.parametrize("name", ["evidence-list", "report-detail", "evidence-detail"])
def test_a_page_costs_the_same_at_one_document_and_at_four(district, client, name):
    report = district.submitted(MARCH, {"110": 100})
    first = attached(district)
    client.force_login(district.filer)
    arguments = {"report-detail": (report.agency.key, MARCH), "evidence-detail": (first.pk,)}.get(name, ())
    costs = []
    for codes in ([], ["110", "120", "140"]):
        for code in codes:
            attached(district, code=code, first=date(2025, 2, 3), document_number=f"DF-{code}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(at(name, *arguments)).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1]


# Replacing and deleting


def test_a_replacement_starts_from_what_was_stated_and_asks_for_its_reason(district, client):
    old = attached(district)
    client.force_login(district.filer)
    page = text(client.get(at("evidence-replace", old.pk)))
    assert 'value="DF-1"' in page
    assert 'value="100"' in page
    blank = client.post(at("evidence-replace", old.pk), form(district, reason=""))
    assert "请写明替换原因" in text(blank)
    done = client.post(at("evidence-replace", old.pk), form(district, reason="缺页"), follow=True)
    assert "替换了" in text(done)
    assert "已被" in text(client.get(at("evidence-detail", old.pk)))
    again = client.post(at("evidence-replace", old.pk), form(district, reason="缺页"), follow=True)
    assert "刚刚已被替换" in text(again)
    assert Evidence.objects.count() == 2


def test_an_unused_document_is_deleted_a_used_one_is_not(district, client):
    evidence = attached(district)
    client.force_login(district.filer)
    assert "确定删除" in text(client.get(at("evidence-detail", evidence.pk)))
    district.submitted(MARCH, {"110": 100})
    assert "确定删除" not in text(client.get(at("evidence-detail", evidence.pk)))
    assert "不能删除" in text(client.post(at("evidence-delete", evidence.pk), follow=True))
    free = attached(district, first=date(2025, 5, 1), last=date(2025, 5, 31), document_number="DF-5")
    assert "已删除凭证 DF-5" in text(client.post(at("evidence-delete", free.pk), follow=True))


# From the document into the month


def suggestion(report, code="110"):
    return at("suggestion-detail", report.agency.key, report.period.month, code)


def confirm(client, report, page):
    [(_offer, entry)] = page.context["offers"]
    return client.post(suggestion(report), {"offer": entry.token, "seen": page.context["seen"]}, follow=True)


def stored(report):
    report = Report.objects.get(pk=report.pk)
    line = report.latest and report.latest.lines.filter(item="110").first()
    return line and Entry.of(line)


def test_a_suggestion_is_shown_first_and_taken_over_when_confirmed(district, client):
    attached(district, quantity="100", cost="60")
    report = district.report(MARCH)
    actions.save_draft(report, {"110": Entry(Decimal(90), KnownBy.ESTIMATED, note="估的")}, by=district.filer)
    client.force_login(district.filer)
    page = client.get(suggestion(report))
    assert "90，估算，说明“估的”" in text(page)
    assert stored(report).quantity == 90
    done = confirm(client, report, page)
    assert "已填入 电：100" in text(done)
    assert stored(report) == Entry(Decimal(100), KnownBy.METERED, Decimal(60), "估的")
    assert "与凭证一致" in text(done)


def test_a_bill_without_a_cost_leaves_the_cost_of_the_whole_unknown(district, client):
    attached(district, quantity="100", cost="600")
    attached(district, document_number="DF-2", account_number="2", quantity="11", cost=None)
    report = district.report(MARCH)
    client.force_login(district.filer)
    confirm(client, report, client.get(suggestion(report)))
    assert stored(report) == Entry(Decimal(111))


def test_a_suggestion_with_a_cost_makes_what_was_unpaid_paid_and_says_so(district, client):
    attached(district, quantity="1000", cost="600")
    report = district.report(MARCH)
    unpaid = Entry(Decimal(1000), payment=Payment.UNPAID)
    actions.save_draft(report, {"110": unpaid}, by=district.filer)
    client.force_login(district.filer)
    page = client.get(suggestion(report))
    assert "付费情况由“不付费”改为“付费”" in text(page)
    assert "已填入 电：1000" in text(confirm(client, report, page))
    assert stored(report) == Entry(Decimal(1000), cost_yuan=Decimal(600), payment=Payment.PAID)


def test_a_suggestion_without_a_cost_says_nothing_of_payment(district, client):
    attached(district, quantity="1000", cost=None)
    report = district.report(MARCH)
    client.force_login(district.filer)
    page = client.get(suggestion(report))
    assert "付费情况由" not in text(page)
    assert "已填入 电：1000" in text(confirm(client, report, page))


def test_a_suggestion_begins_a_month_with_what_it_carries(district, client):
    district.approved(date(2025, 2, 1), {"102": 800, "110": 5})
    report = district.report(MARCH)
    attached(district)
    client.force_login(district.filer)
    confirm(client, report, client.get(suggestion(report)))
    lines = Report.objects.get(pk=report.pk).latest.lines
    assert lines.get(item="102").quantity == 800
    assert lines.get(item="110").quantity == 100


def test_an_answer_or_a_bill_that_changed_meanwhile_is_not_overwritten(district, client):
    attached(district)
    report = district.report(MARCH)
    client.force_login(district.filer)
    seen = client.get(suggestion(report))
    actions.save_draft(report, {"110": Entry(Decimal(90))}, by=district.filer)
    refused = confirm(client, report, seen)
    assert "没有保存" in text(refused)
    assert stored(report).quantity == 90
    seen = client.get(suggestion(report))
    attached(district, document_number="DF-2", account_number="2", quantity="11")
    assert "没有保存" in text(confirm(client, report, seen))
    assert stored(report).quantity == 90


def test_a_submitted_month_takes_no_suggestion(district, client):
    attached(district)
    report = district.report(MARCH)
    client.force_login(district.filer)
    page = client.get(suggestion(report))
    district.submitted(MARCH, {"110": 90})
    assert "没有保存" in text(confirm(client, report, page))
    assert "不能修改" in text(client.get(suggestion(report)))
    assert stored(report).quantity == 90


def test_only_who_may_save_takes_over(district, client):
    attached(district)
    report = district.report(MARCH)
    client.force_login(district.reviewer)
    assert client.get(suggestion(report)).status_code == 403
    client.force_login(district.filer)
    assert client.get(suggestion(report, "120")).status_code == 404
    client.force_login(user_with(Role.FILER, InstitutionFactory(parent=district.department)))
    assert client.get(suggestion(report)).status_code == 404


def test_the_review_page_lists_documents_and_marks_a_difference(district, client):
    attached(district, quantity="120")
    report = district.submitted(MARCH, {"110": 100})
    client.force_login(district.reviewer)
    page = text(client.get(at("report-detail", report.agency.key, MARCH)))
    assert "DF-1" in page
    assert "凭证不同：120 kWh" in page
    assert "核对并填入" not in page
