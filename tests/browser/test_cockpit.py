"""From the district's figure down to the bill by clicks alone, and the pictures on the way, in a real browser.

Every figure is worked out by hand: 1 000 kWh a month in 2020, 940 in 2025, on 100 m².
"""

import re
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import expect

from reporting import evidence_actions
from targets import explaining, forecasting, plan_library, refresh
from targets.models import GroupFigure
from tests.factories import District
from tests.reporting.documents import bill
from tests.targets.months import settle

from .test_filing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = date(2025, 3, 1)
# 12 × 940 × 0.1229 / 100 and its change against 12 × 1 000 × 0.1229 / 100.
VALUE, CHANGE = "13.86", "−6.00 %"
# kgce: 940 × 0.1229 = 115.526.
MARCH_TCE = "0.12"


@pytest.fixture
def district(transactional_db, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path / "private"
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2025, [month for month in range(1, 13) if month != MARCH.month], kwh=940)
    evidence_actions.attach(district.institution, bill(first=MARCH), by=district.filer)
    district.approved(MARCH, {"110": 940, "120": 5, "102": 100, "103": 10})
    refresh.refresh_all()
    explaining.explain_all()
    forecasting.forecast_all()
    return district


@pytest.fixture
def page(district, new_page, live_server):
    page = new_page()
    sign_in(page.context, district.manager, live_server.url)
    return page


def shown(page, name="单位建筑面积能耗"):
    """The value and the change on the card of an indicator."""
    card = page.locator(".target-card").filter(has=page.get_by_role("heading", name=name, exact=True))
    return (
        card.locator(".stat-value a").inner_text(),
        card.locator(".stat-change strong").inner_text(),
    )


def of_api(page, kind, key):
    """The same two numbers from the API, as they are written on pages."""
    found = page.request.get(f"/api/v1/lineage/{kind}/{key}/2025/kgce_per_m2/").json()
    comparison = found["comparison"]
    value, change = (float(each) for each in (comparison["value"]["value"], comparison["change"]))
    return f"{value:.2f}", f"{change * 100:+.2f} %".replace("-", "−")


def test_from_the_district_to_the_bill_and_back_by_clicks_alone(district, page):
    page.goto("/cockpit/?year=2025")
    assert shown(page) == of_api(page, "node", district.bureau.key) == (VALUE, CHANGE)
    page.get_by_role("region", name="各系统排名").get_by_role("link", name=district.department.name).click()
    assert shown(page) == of_api(page, "node", district.department.key) == (VALUE, CHANGE)
    ranking = page.get_by_role("region", name="降幅最大的机构")
    ranking.get_by_role("link", name=district.institution.name).click()
    assert shown(page) == of_api(page, "institutions", district.institution.key) == (VALUE, CHANGE)
    months = page.get_by_role("region", name="2025年各月")
    march = months.get_by_role("row", name=re.compile("^2025年3月"))
    expect(march.get_by_role("cell").nth(1)).to_have_text(MARCH_TCE)
    march.get_by_role("link", name="2025年3月").click()
    line = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^电")))
    expect(line).to_contain_text("940")
    line.locator("a[href^='/evidence/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.url.rstrip("/").rsplit("/", 1)[0].endswith("/evidence")
    for _ in range(4):
        page.go_back()
    assert page.url.endswith("/cockpit/?year=2025")
    assert shown(page) == (VALUE, CHANGE)


def test_every_picture_is_drawn_and_says_the_same_as_its_table(district, page):
    page.goto("/cockpit/?year=2025")
    figures = page.locator("figure.chart")
    names = {figures.nth(index).get_attribute("id") for index in range(figures.count())}
    assert names == {
        *("carbon", "energy", "mix", "why-energy", "why-carbon"),
        *("kgce", "kg_co2_target", "water_m3"),
        *("kgce_per_m2", "kg_co2_per_m2", "kgce_per_person", "m3_per_person"),
    }
    for name in names:
        expect(page.locator(f"#{name} .chart-canvas canvas")).to_be_visible()
    # 12 × 940 × 0.1229 kgce, all of it electricity; 12 × 60 × 0.1229 less than in 2020.
    assert "".join(cells(page, "mix")) == "电力1.39100.0 %1.47100.0 %"
    assert cells(page, "why-energy")[-2:] == ["合计变化", "−0.09"]
    # The step and the whole, an axis apart.
    assert svg_of(page, "why-energy").count(">−0.09<") >= 2
    assert ">1.39（100.0 %）<" in svg_of(page, "mix")


def cells(page, name):
    """The cells of a picture's table, row after row."""
    page.locator(f"#{name} summary").click()
    rows = page.locator(f"#{name} tbody").locator("th, td")
    return [text.strip() for text in rows.all_inner_texts()]


def downloaded(page, name, kind):
    with page.expect_download() as download:
        page.locator(f"#{name} [data-chart-download={kind}]").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def svg_of(page, name):
    return downloaded(page, name, "svg")[1].decode()


def test_a_picture_that_leaves_the_page_names_its_title_basis_and_date(district, page):
    page.goto("/cockpit/?year=2025")
    name, svg = downloaded(page, "carbon", "svg")
    assert name == "碳排放总量.svg"
    for words in ("碳排放总量，单位：tCO₂", "口径：重庆2015口径", "制图日期：20", "2030年达峰期限"):
        assert words in svg.decode()
    name, png = downloaded(page, "carbon", "png")
    assert (name, png[:4]) == ("碳排放总量.png", b"\x89PNG")


def test_the_end_of_the_plan_is_two_clicks_away(district, page):
    page.goto("/cockpit/")
    page.get_by_role("link", name=re.compile("期末考核")).click()
    row = page.get_by_role("region", name="四项指标").get_by_role("row", name=re.compile("^单位建筑面积能耗"))
    expect(row).to_contain_text(CHANGE)
    expect(row).to_contain_text("+1.00 个百分点")
    expect(row).to_contain_text("达标")


def test_the_large_screen_renews_its_figures_and_says_when_they_were_computed(district, page):
    page.clock.install()
    page.goto("/cockpit/wall/?year=2025")
    expect(page.locator("#wall canvas")).to_have_count(5)
    GroupFigure.objects.update(computed_at=datetime(2026, 1, 1, 0, 30, tzinfo=UTC), kgce_per_m2=12.34)
    page.clock.fast_forward(301_000)
    expect(page.locator("#wall .stat-value").first).to_contain_text("12.34")
    expect(page.locator("#wall-lead")).to_contain_text("计算于 2026-01-01 08:30")
    expect(page.locator("#wall canvas")).to_have_count(5)
