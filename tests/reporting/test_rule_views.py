"""Pages of the checks' rules: who sees and sets, what is counted, and thresholds with their history."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import Event
from reporting import actions, calendar, checks
from reporting.models import CheckLimit, RuleHit
from tests.factories import InstitutionFactory, entries, user_with

PEOPLE = ("filer", "department_user", "reviewer", "manager", "observer", "auditor", "administrator")
LIST = "/rules/"
DETAIL = "/rules/last-year/"
NEW_LIMIT = {"item": "110", "type_code": "021", "high": "50", "floor": "1000", "reason": "寒暑假用电差别大"}


@pytest.fixture
def month():
    """A month that counts: the one before this."""
    return calendar.first_of_previous(timezone.localdate())


@pytest.fixture
def grown(district, month):
    """A submitted month that uses half as much again as a year ago."""
    district.approved(calendar.same_month_last_year(month), {"110": 10000})
    return district.submitted(month, {"110": 15000})


def signed_in(client, user):
    client.force_login(user)
    return client


def text(response):
    return response.content.decode()


def counted(response, slug="last-year"):
    row = next(row for row in response.context["rows"] if row.rule.slug == slug)
    return row.hits, row.accepted, row.corrected, row.returned, row.open


@pytest.mark.parametrize("address", [LIST, DETAIL])
def test_managers_and_reviewers_see_the_rules(district, client, address):
    met = {person: signed_in(client, getattr(district, person)).get(address).status_code for person in PEOPLE}
    assert met == dict.fromkeys(PEOPLE, 403) | {"manager": 200, "reviewer": 200}


def test_only_managers_set_a_limit(district, client):
    met = {
        person: signed_in(client, getattr(district, person)).post(DETAIL, NEW_LIMIT).status_code
        for person in PEOPLE
    }
    assert met == dict.fromkeys(PEOPLE, 403) | {"manager": 302}
    assert [row.set_by for row in CheckLimit.objects.all()] == [district.manager]


def test_a_reviewer_reads_the_limits_without_a_form(district, client):
    response = signed_in(client, district.reviewer).get(DETAIL)
    assert response.context["form"] is None
    assert "设定新阈值" not in text(response)
    assert "现行阈值" in text(response)


def test_a_rule_that_there_is_not_is_not_found(district, client):
    assert signed_in(client, district.manager).get("/rules/no-such-rule/").status_code == 404


def test_every_rule_has_its_row_and_page(district, client):
    response = signed_in(client, district.manager).get(LIST)
    assert [row.rule for row in response.context["rows"]] == list(checks.RULES.values())
    for slug in checks.RULES:
        assert client.get(reverse("reporting:rule-detail", args=[slug])).status_code == 200


def test_the_menu_leads_managers_and_reviewers_there(district, client):
    for person in PEOPLE:
        entries_shown = signed_in(client, getattr(district, person)).get("/password/").context["menu"]
        words = {entry["word"] for entry in entries_shown}
        assert ("检查规则" in words) == (person in ("manager", "reviewer"))


# What is counted


def test_a_warning_that_was_kept_with_its_reason_is_accepted(district, client, grown):
    response = signed_in(client, district.manager).get(LIST)
    assert counted(response) == (1, 1, 0, 0, 0)
    row = next(row for row in response.context["rows"] if row.rule.slug == "last-year")
    assert row.share_accepted == 1


def test_a_warning_that_was_mended_is_corrected(district, client, month):
    district.approved(calendar.same_month_last_year(month), {"110": 10000})
    report = district.report(month)
    actions.save_draft(report, entries(report, {"110": 15000}), by=district.filer)
    assert counted(signed_in(client, district.manager).get(LIST)) == (1, 0, 0, 0, 1)
    district.submitted(month, {"110": 10100})
    response = client.get(LIST)
    assert counted(response) == (1, 0, 1, 0, 0)
    assert "已更正" in text(client.get(DETAIL))


def test_a_warning_in_a_month_that_came_back_is_returned(district, client, grown):
    actions.send_back(grown, by=district.reviewer, reason="请核对电量")
    assert counted(signed_in(client, district.manager).get(LIST)) == (1, 0, 0, 1, 0)


def test_months_of_over_a_year_ago_are_not_counted(district, client, month):
    old = calendar.first_of_previous(calendar.same_month_last_year(timezone.localdate().replace(day=1)))
    district.approved(calendar.same_month_last_year(old), {"110": 10000})
    district.submitted(old, {"110": 15000})
    assert RuleHit.objects.filter(rule="last-year").count() == 1
    assert counted(signed_in(client, district.manager).get(LIST)) == (0, 0, 0, 0, 0)


def test_counts_are_narrowed_by_type_and_item(district, client, grown):
    signed_in(client, district.manager)
    assert counted(client.get(LIST, {"type_code": "01", "item": "110"}))[0] == 1
    assert counted(client.get(LIST, {"type_code": "021"}))[0] == 0
    assert counted(client.get(LIST, {"item": "120"}))[0] == 0


def test_a_reviewer_of_one_department_counts_its_own(district, client, grown):
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    reviewer = user_with(Role.REVIEWER, elsewhere.parent)
    assert counted(signed_in(client, reviewer).get(LIST))[0] == 0
    assert list(client.get(DETAIL).context["page_obj"]) == []


def test_the_latest_hits_stand_with_reason_range_and_month(district, client, grown):
    page = text(signed_in(client, district.reviewer).get(DETAIL))
    assert "已核对原始凭证" in page
    assert "7,000—13,000 kWh（上年同月 ±30 %）" in page
    assert (
        f"{reverse('reporting:report-detail', args=(grown.agency.key, grown.period.month))}?revision=1"
        in page
    )
    assert "说明后保留" in page


@pytest.mark.parametrize("address", [LIST, DETAIL])
def test_a_page_costs_the_same_at_one_and_at_three_hits(district, client, grown, month, address):
    signed_in(client, district.manager)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    at_one = queries()
    for _ in range(2):
        agency = InstitutionFactory(parent=district.department)
        filer = user_with(Role.FILER, agency)
        district.approved(calendar.same_month_last_year(month), {"110": 10000}, agency=agency, by=filer)
        district.submitted(month, {"110": 15000}, agency=agency, by=filer)
        CheckLimit.objects.create(
            rule="last-year", item_id="120", high=1, reason="试", set_by=district.manager
        )
    assert queries() == at_one


# Thresholds


def test_a_new_limit_holds_and_the_old_one_stays_in_the_history(district, client):
    signed_in(client, district.manager)
    for high in ("50", "60"):
        response = client.post(DETAIL, NEW_LIMIT | {"high": high}, follow=True)
    assert "已设定“比上年同月变化大”的阈值" in text(response)
    assert [each.bounds[0] for each in response.context["history"]] == [
        ("变化超过（%）", 60),
        ("变化超过（%）", 50),
    ]
    [standing] = [each for each in response.context["thresholds"] if each.row]
    assert (standing.item, standing.type_code) == ("110", "021")
    assert standing.bounds == [("变化超过（%）", 60), ("最小变化量（指标单位）", 1000)]
    stored = CheckLimit.objects.values_list("high", "floor", "reason")
    assert list(stored) == [
        (Decimal("0.5"), 1000, "寒暑假用电差别大"),
        (Decimal("0.6"), 1000, "寒暑假用电差别大"),
    ]


def test_setting_a_limit_leaves_its_trace(district, client):
    signed_in(client, district.manager).post(DETAIL, NEW_LIMIT)
    event = Event.objects.latest("sequence")
    assert (event.verb, event.actor) == ("activate", district.manager)
    assert event.detail == (
        "检查规则“比上年同月变化大”（110 电，教育事业单位）："
        "下限 不限，上限 0.5，最小变化量 1000。理由：寒暑假用电差别大"
    )


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"reason": " "}, "reason", "请写明依据或理由"),
        ({"high": "三成"}, "high", "请填写数字，如 0.5，不带单位。"),
        ({"high": "-1"}, "high", "不能为负。"),
        ({"item": "102"}, "item", "选择"),
        ({"item": ""}, "item", "必填"),
    ],
)
def test_what_cannot_be_set_is_told_and_kept(district, client, sent, field, sentence):
    response = signed_in(client, district.manager).post(DETAIL, NEW_LIMIT | sent)
    assert response.status_code == 200
    assert sentence in str(response.context["form"].errors[field])
    assert not CheckLimit.objects.exists()
    assert not Event.objects.filter(verb="activate").exists()


def test_a_lower_bound_above_the_upper_is_refused(district, client):
    sent = {"item": "110", "type_code": "", "low": "2", "high": "1", "reason": "试"}
    response = signed_in(client, district.manager).post("/rules/unit-price/", sent)
    assert response.context["form"].errors["high"] == ["上限不能小于下限。"]


def test_the_form_begins_from_the_limit_that_was_chosen(district, client):
    response = signed_in(client, district.manager).get(DETAIL, {"set_item": "120", "set_type": ""})
    assert response.context["form"].initial == {"item": "120", "type_code": "", "high": 30, "floor": 100}


def test_a_rule_without_limits_takes_none(district, client):
    assert signed_in(client, district.manager).post("/rules/sum/", NEW_LIMIT).status_code == 404


def test_the_list_says_the_limits_in_short(district, client):
    CheckLimit.objects.create(
        rule="last-year", item_id="110", type_code="021", high="0.5", reason="试", set_by=district.manager
    )
    response = signed_in(client, district.manager).get(LIST)
    short = {row.rule.slug: list(row.short) for row in response.context["rows"]}
    assert short["last-year"] == ["电·教育事业单位：50 %", "其余：30 %"]
    assert short["unit-price"] == ["电：0.3—1.5 元", "水：2—8 元", "天然气：2—6 元", "其余：5—12 元"]
    assert short["last-month"] == ["30 %"]
    assert short["sum"] == []


def test_a_limit_that_was_set_holds_in_the_next_check(district, client, grown, month):
    agency = InstitutionFactory(parent=district.department, type_code="021")
    filer = user_with(Role.FILER, agency)
    district.approved(calendar.same_month_last_year(month), {"110": 10000}, agency=agency, by=filer)
    signed_in(client, district.manager).post(DETAIL, NEW_LIMIT)
    report = district.report(month, agency)
    actions.save_draft(report, entries(report, {"110": 15000}), by=filer)
    assert not RuleHit.objects.filter(revision__report=report, rule="last-year").exists()
    actions.save_draft(report, entries(report, {"110": 15001}), by=filer)
    hit = RuleHit.objects.get(revision__report=report, rule="last-year")
    assert hit.expected == "5,000—15,000 kWh（上年同月 ±50 %）"


# The review page


def test_the_review_page_shows_each_standing_warning_with_its_reason(district, client, month):
    district.approved(calendar.same_month_last_year(month), {"110": 10000})
    report = district.report(month)
    actions.save_draft(report, entries(report, {"110": 15000}), by=district.filer)
    address = reverse("reporting:report-detail", args=(report.agency.key, month))
    assert "尚未说明" in text(signed_in(client, district.filer).get(address))
    actions.explain(report, {("last-year", "110"): "新增机房，见工单"}, by=district.filer)
    actions.submit(report, by=district.filer)
    page = text(signed_in(client, district.reviewer).get(address))
    assert "填报说明：新增机房，见工单" in page
    assert "应为：7,000—13,000 kWh（上年同月 ±30 %） · 依据：平台默认值，待局核定 [U]" in page


def test_what_the_checks_said_at_submission_is_shown_though_they_no_longer_say_it(district, client, month):
    last_year = calendar.same_month_last_year(month)
    before = district.approved(last_year, {"110": 10000})
    report = district.submitted(month, {"110": 15000})
    actions.open_correction(before, by=district.filer, reason="漏计")
    district.approved(last_year, {"110": 14000})
    address = reverse("reporting:report-detail", args=(report.agency.key, month))
    page = text(signed_in(client, district.reviewer).get(address))
    assert "提交时的提示，现已不成立" in page
    assert "填报说明：已核对原始凭证" in page


def test_what_the_checks_say_only_now_is_told_apart(district, client, month):
    report = district.submitted(month, {"110": 15000})
    district.approved(calendar.same_month_last_year(month), {"110": 10000})
    address = reverse("reporting:report-detail", args=(report.agency.key, month))
    page = text(signed_in(client, district.reviewer).get(address))
    assert "电比上年同月变化 +50.0 %" in page
    assert "提交时没有此提示" in page
