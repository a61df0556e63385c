"""The month's form sent as a whole, as without scripts: saved, checked, refused in words, never over another tab."""

from datetime import date
from decimal import Decimal

from agencies.models import Event
from reporting import actions
from reporting.entries import Entry
from reporting.models import Status
from tests.factories import entries

from .test_views import FEBRUARY, MARCH, again, at, post_of, quantities, signed_in, text


def test_a_month_is_filed_in_one_go(district, client):
    report = district.report(MARCH)
    response = signed_in(client, district.filer).post(
        at("report-edit", report), post_of(report, cost__110="720", submit=""), follow=True
    )
    assert "已提交，等待区机关事务管理局审核。" in text(response)
    report = again(report)
    assert report.status == Status.SUBMITTED
    assert quantities(report) == {"110": 1200, "120": 80}
    assert report.latest.lines.get(item="110").cost_yuan == 720
    events = Event.objects.about(report.agency, MARCH).values_list("verb", "actor", "address")
    assert list(events) == [
        ("save", district.filer.pk, "127.0.0.1"),
        ("submit", district.filer.pk, "127.0.0.1"),
    ]


def test_a_draft_may_be_incomplete(district, client):
    report = district.report(MARCH)
    response = signed_in(client, district.filer).post(
        at("report-edit", report), {"version": "", "quantity-110": "1,200", "save": ""}, follow=True
    )
    assert "草稿已保存" in text(response)
    assert again(report).status == Status.DRAFT
    assert quantities(again(report)) == {"110": 1200}


def test_an_unreadable_value_saves_nothing_and_keeps_what_was_typed(district, client):
    report = district.report(MARCH)
    data = {"version": "", "quantity-110": "一千二", "note-120": "新表", "quantity-140": "33.5", "save": ""}
    response = signed_in(client, district.filer).post(at("report-edit", report), data)
    page = text(response)
    assert "请填写数字，如 1234.5（kWh）。" in page
    assert 'value="一千二"' in page
    assert 'value="新表"' in page
    assert 'value="33.5"' in page
    assert again(report).latest is None


def test_what_contradicts_itself_stays_saved_as_a_draft_with_its_errors(district, client):
    report = district.report(MARCH)
    typed = post_of(report, quantity__103="10", known_by__103="metered", quantity__1031="11", submit="")
    response = signed_in(client, district.filer).post(at("report-edit", report), typed)
    form = response.context["form"]
    assert dict(form.errors) == {"quantity-103": ["10 不应小于编制人数合计 11。"]}
    assert "草稿已保存，尚未提交" in text(response)
    assert again(report).status == Status.DRAFT
    corrected = typed | {"version": response.context["version"], "quantity-1031": "9"}
    client.post(at("report-edit", report), corrected)
    assert again(report).status == Status.SUBMITTED


def test_checking_saves_nothing(district, client):
    report = district.report(MARCH)
    response = signed_in(client, district.filer).post(
        at("report-edit", report), {"version": "", "quantity-110": "1200", "check": ""}
    )
    assert "已答 <strong>1</strong> 项" in text(response)
    assert 'value="1200"' in text(response)
    assert again(report).latest is None


def test_a_second_tab_does_not_overwrite_silently(district, client):
    report = district.report(MARCH)
    seen = actions.version(report)
    actions.save_draft(report, {"110": Entry(Decimal(100)), "120": Entry(Decimal(7))}, by=district.filer)
    typed = {"version": seen, "quantity-110": "999", "quantity-120": "7", "save": ""}
    response = signed_in(client, district.filer).post(at("report-edit", report), typed)
    assert response.context["differences"] == ["电：已保存的是 100；您填写的是 999"]
    assert 'value="999"' in text(response)
    assert quantities(again(report)) == {"110": 100, "120": 7}
    client.post(at("report-edit", report), typed | {"version": response.context["version"]})
    assert quantities(again(report)) == {"110": 999, "120": 7}


def test_what_is_typed_is_kept_when_the_month_was_submitted_meanwhile(district, client):
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 100}), by=district.filer)
    seen = actions.version(again(report))
    actions.submit(report, by=district.filer)
    typed = post_of(again(report), quantity__110="999") | {"version": seen}
    response = signed_in(client, district.filer).post(at("report-edit", report), typed)
    assert "现为“已提交”，不能修改" in text(response)
    assert 'value="999"' in text(response)
    assert quantities(again(report)) == {"110": 100}


def test_the_form_stands_beside_last_month_and_last_year(district, client):
    district.approved(date(2024, 3, 1), {"110": "1111.5"})
    district.approved(FEBRUARY, {"110": "2222.25"})
    page = text(signed_in(client, district.filer).get(at("report-edit", district.report(MARCH))))
    assert all(
        words in page for words in ("1,111.5", "2,222.25", "已按2025年2月预填", "2025年2月", "2024年3月")
    )


def test_a_last_month_that_is_not_approved_says_its_state(district, client):
    actions.send_back(district.submitted(FEBRUARY, {"110": 90}), by=district.reviewer, reason="有误")
    report = district.report(MARCH)
    signed_in(client, district.filer)
    assert '2025年2月<span class="text-muted">（已退回）</span>' in text(
        client.get(at("report-edit", report))
    )
    district.submitted(MARCH, {"110": 100})
    assert '上月 <span class="text-muted">（已退回）</span>' in text(client.get(at("report-detail", report)))
    district.approved(FEBRUARY, {"110": 95})
    assert "（已退回）" not in text(client.get(at("report-detail", report)))


def test_the_form_tells_why_the_month_came_back(district, client):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="电量与电费不符")
    page = text(signed_in(client, district.filer).get(at("report-edit", report)))
    assert "退回：</strong>电量与电费不符" in page
    assert 'value="100"' in page


def test_a_submitted_month_opens_no_form(district, client):
    report = district.submitted(MARCH, {"110": 100})
    response = signed_in(client, district.filer).get(at("report-edit", report), follow=True)
    assert response.redirect_chain == [(at("report-detail", report), 302)]
    assert "本月已提交，正等待审核，如需修改，请填报员先撤回" in text(response)
