"""No page breaks WCAG 2.2 AA as axe sees it, in a desktop window and on a telephone."""

from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone

from agencies import notices
from agencies.models import MessageKind
from reporting import actions, bulk_approvals, evidence_actions, joint_review
from reporting.models import JointReviewRun, Period, Report, SecondLook
from reporting.register_kinds import TABS
from targets import benchmarking, explaining, forecasting, plan_library, publications, refresh
from targets.plan import board
from tests.factories import District, entries
from tests.reporting import workbooks
from tests.reporting.documents import bill
from tests.targets.months import settle

from .test_review_desk import calm

pytestmark = pytest.mark.django_db(transaction=True)

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
SIZES = {"desktop": {"width": 1440, "height": 900}, "telephone": {"width": 375, "height": 800}}
MARCH = date(2025, 3, 1)
BEFORE = {"110": 9000, "120": 90, "102": 1000, "103": 50, "104": 2}


@pytest.fixture
def district(transactional_db, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = settings.MEDIA_ROOT = tmp_path / "private"
    district = District()
    district.approved(date(2024, 3, 1), BEFORE)
    return district


@pytest.fixture
def addresses(district):
    """User → addresses of filing and review, with a draft that has doubts and errors, and a month to decide on."""
    draft, waiting = district.report(date(2025, 3, 1)), district.submitted(date(2025, 2, 1), BEFORE)
    actions.save_draft(
        draft, entries(draft, BEFORE | {"110": 30000, "104": 0, "1501": 40}), by=district.filer
    )
    month, other = (f"/reports/{each.agency.key}/{each.period.month:%Y-%m}/" for each in (draft, waiting))
    document = evidence_actions.attach(draft.agency, bill(first=date(2025, 3, 1)), by=district.filer)
    registers = f"/registers/{district.institution.key}/"
    _tell(district.filer)
    return {
        district.filer: (
            *("/", "/reports/", f"{month}edit/", month, other, "/guide/"),
            *("/evidence/", "/evidence/new/", f"/evidence/{document.pk}/", f"{month}suggestions/110/"),
            *(f"{registers}?tab={tab}" for tab, _ in TABS),
            *(
                f"{registers}vehicle/new/",
                "/messages/",
                "/messages/settings/",
                "/workbooks/",
                f"/workbooks/{_uploaded(draft, district.filer).pk}/",
            ),
        ),
        district.reviewer: ("/review/", other),
        district.manager: ("/rules/", "/rules/last-year/"),
    }


def _tell(user):
    """A message to be read, beside the one that was read already."""
    user.messages.update(read_at=timezone.now())
    notices.tell([user], MessageKind.OVERDUE, "a", "2026年10月月报逾期未报", "已过截止日 2026-11-10。", "/")


def _uploaded(report, user):
    """The month's own template, one number changed, checked and waiting to be confirmed."""
    content = workbooks.template_of(report.agency, report.period.month)
    return workbooks.uploaded(workbooks.edited(content, {("110", "quantity"): 12345}), user)


def violations(page):
    # As high as the page: what the bar at the foot covers is scrolled to by a person, and no target that is too small.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height + 200})
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.fixture
def desk_addresses(district):
    """User → addresses of the review desk and the calendar, with a bulk approval, its look and a point to verify."""
    waiting, last = calm(district, 1), timezone.localdate() + timedelta(9)
    bulk = bulk_approvals.begin(
        {waiting.pk: waiting.latest.content_hash}, by=district.reviewer, ground="与上年同月相近"
    )
    bulk_approvals.carry_out(bulk.pk, seed="s")
    district.submitted(date(2025, 4, 1), BEFORE | {"110": 30000})
    correction = Report.objects.get(pk=waiting.pk)
    actions.open_correction(correction, by=waiting.latest.submitted_by, reason="漏计")
    closed = district.report(date(2025, 5, 1))
    Period.objects.filter(pk=closed.period_id).update(closes_on=date(2025, 7, 1))
    actions.extend([closed], by=district.manager, last_day=last, reason="停电")
    joint_review.compute(JointReviewRun.objects.create(year=2025).pk)
    key, look = district.institution.key, SecondLook.objects.get()
    verified = f"/joint-review/2025/{correction.agency.key}/correction/2025-03-2/"
    return {
        district.reviewer: (
            *("/review/", "/review/bulk/?all=quiet", f"/review/bulk/{bulk.pk}/"),
            *(f"/looks/?year={MARCH.year}", f"/reports/{key}/2025-04/", f"/reports/{key}/2025-04/effect/"),
            *("/joint-review/?year=2025", verified),
        ),
        district.manager: (
            *(f"/looks/{look.pk}/", "/calendar/", "/calendar/new/", "/calendar/2025-05/"),
            *("/calendar/2025-05/extend/", "/calendar/2025-05/extensions/"),
            *("/completeness/?year=2025", "/quality/?year=2025"),
        ),
    }


@pytest.fixture
def figure_addresses(transactional_db):
    """User → addresses of the pages of figures, with effects, a forecast and a seal."""
    plan_library.load()
    district = District()
    for year in (2020, 2024, 2025):
        settle(district.institution, year, kwh=1000 - 10 * (year - 2020))
    settle(district.institution, 2026, range(1, 7))
    refresh.refresh_all()
    explaining.explain_all()
    forecasting.forecast_all()
    benchmarking.benchmark_all()
    board.refresh_board()
    publications.seal("year", 2025, 1, by=district.manager)
    key, types = district.institution.key, f"/groups/type/{district.institution.type_code}/"
    return {
        district.manager: (
            *("/cockpit/?year=2025", "/cockpit/?year=2026", f"/systems/{district.department.key}/?year=2025"),
            *("/groups/type/?year=2025", f"{types}?year=2025", "/assessment/2025/", "/cockpit/wall/"),
            "/leaders/energy/?year=2025&verdict=all",
            *("/institutions/?year=2025", f"/institutions/{key}/?year=2025"),
            f"/institutions/{key}/2025/certificate/",
            *("/plan/?year=2025", "/plan/14-5-1-3-1/", "/records/", f"/records/new/project/?agency={key}"),
        )
    }


def too_wide(page):
    excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{excess} px wider than the window"] if excess > 0 else []


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_filing_and_review_break_no_rule(addresses, new_page, live_server, size):
    assert broken_on(addresses, new_page, live_server, size) == {}


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_desk_and_calendar_break_no_rule(desk_addresses, new_page, live_server, size):
    assert broken_on(desk_addresses, new_page, live_server, size) == {}


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_figures_break_no_rule(figure_addresses, new_page, live_server, size):
    assert broken_on(figure_addresses, new_page, live_server, size) == {}


def broken_on(addresses, new_page, live_server, size):
    """Address → what axe finds there."""
    broken = {}
    for user, paths in addresses.items():
        page = new_page(**SIZES[size])
        client = Client()
        client.force_login(user)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        for path in paths:
            assert page.goto(path).status == 200, path
            page.wait_for_load_state("networkidle")
            if found := [*violations(page), *too_wide(page)]:
                broken[path] = found
    return broken
