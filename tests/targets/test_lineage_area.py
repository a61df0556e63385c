"""The denominator explained: filed area beside the register's by month, and the mean that the figure divides by."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from targets import refresh
from targets.lineage import explain, find_group, find_institution
from targets.lineage.measure import MEASURES
from tests.factories import BuildingFactory, OccupancyFactory

from .months import settle
from .pages import squeezed, text

pytestmark = pytest.mark.django_db
PER_AREA = {"kgce_per_m2", "kg_co2_per_m2", "kg_co2_per_m2_inv", "floor_area_m2"}


@pytest.fixture
def moved(district):
    """100 m² of its own until 16 June 2025, then a fifth of the bureau's 400 m²; every month files 100 m²."""
    own = BuildingFactory(name="旧楼", manager=district.institution, floor_area_m2=100)
    new = BuildingFactory(name="一号楼", manager=district.bureau, floor_area_m2=400)
    OccupancyFactory(building=own, valid_to=date(2025, 6, 15))
    OccupancyFactory(
        building=new, agency=district.institution, share=Decimal("0.2"), valid_from=date(2025, 6, 16)
    )
    settle(district.institution, 2025, range(1, 7))
    settle(district.institution, 2025, [7], area=80)
    settle(district.institution, 2025, [8], area=120)
    refresh.refresh_all()
    return district


def of_institution(district, measure="kgce_per_m2"):
    return explain(find_institution(district.manager, district.institution.key), 2025, measure, {})


def address(district, measure="kgce_per_m2"):
    return reverse("targets:why-institution", args=[district.institution.key, 2025, measure])


def test_each_month_stands_beside_the_register_and_says_whether_they_agree(moved):
    months = of_institution(moved).areas.months
    shown = [
        (month.filed_m2, month.registered_m2, month.difference_m2, month.state)
        for month in (months[0], months[5], months[6], months[7], months[8])
    ]
    assert shown == [
        (100, 100, 0, "一致"),
        (100, 90, 10, "相差在允许范围内"),
        (80, 80, 0, "一致"),
        (120, 80, 40, "与名录不符"),
        (None, 80, None, "无填报面积"),
    ]


def test_the_month_of_the_move_is_made_of_both_buildings_by_their_days(moved):
    june = of_institution(moved).areas.months[5]
    parts = [(part.building, part.is_own, part.share, part.days, part.area_m2) for part in june.parts]
    assert parts == [
        ("旧楼", True, 1, 15, Decimal(50)),
        ("一号楼", False, Decimal("0.2"), 15, Decimal(40)),
    ]
    assert (june.own_m2, june.shared_m2) == (50, 40)


def test_the_filed_mean_is_the_figures_denominator_and_the_registers_stands_beside_it(moved):
    """(6 × 100 + 80 + 120) ÷ 8 = 100; by the register (5 × 100 + 90 + 80 + 80) ÷ 8 = 93.75."""
    lineage = of_institution(moved)
    assert lineage.comparison.value.denominator == lineage.areas.filed_mean_m2 == 100
    assert lineage.areas.registered_mean_m2 == Decimal("93.75")
    assert of_institution(moved, "floor_area_m2").comparison.value.value == 100


def test_without_a_building_the_page_says_so(district):
    settle(district.institution, 2025)
    refresh.refresh_all()
    areas = of_institution(district).areas
    assert {month.state for month in areas.months} == {"名录无建筑"}
    assert (areas.filed_mean_m2, areas.registered_mean_m2) == (100, None)


@pytest.mark.parametrize("measure", MEASURES)
def test_only_what_rests_on_the_area_shows_it(moved, client, measure):
    assert (of_institution(moved, measure).areas is not None) is (measure in PER_AREA)
    html = text(client, moved.manager, address(moved, measure))
    assert ("建筑面积：填报与名录" in html) is (measure in PER_AREA)


def test_a_group_shows_none(moved):
    group = find_group(moved.manager, "node", moved.bureau.key)
    assert explain(group, 2025, "kgce_per_m2", {}).areas is None


def test_the_page_shows_shares_days_and_the_difference_in_words(moved, client):
    html = squeezed(text(client, moved.manager, address(moved)))
    words = " ".join(strip_tags(html).split())
    assert "1—5月 旧楼 自管 100 1 整月 100" in words
    assert (
        "6月 旧楼 自管 100 1 15/30 日 50 6月 一号楼 共用，区机关事务管理局管理 400 0.2 15/30 日 40" in words
    )
    assert "7—12月 一号楼 共用，区机关事务管理局管理 400 0.2 整月 80" in words
    assert '<span class="tag tag-warn">与名录不符</span>' in html
    assert "填报 <strong>100.0000</strong> m²，名录 <strong>93.7500</strong> m²" in html
    assert (
        "建筑面积（各月平均） = 计入的 8 个月（1—8月）之和 800.0000 ÷ 8 = <strong>100.0000</strong>" in html
    )


def test_the_people_of_each_month_and_their_mean_are_shown(district, client):
    """Six months of 10 and six of 14 people are 12 on average."""
    settle(district.institution, 2025, range(1, 7))
    settle(district.institution, 2025, range(7, 13), people=14)
    refresh.refresh_all()
    for measure in ("m3_per_person", "people"):
        lineage = of_institution(district, measure)
        people = [cell.quantity for month in lineage.months for cell in month.cells if cell.code == "103"]
        assert people == [10] * 6 + [14] * 6
        html = squeezed(text(client, district.manager, address(district, measure)))
        assert "计入的 12 个月（全年）之和 144.0000 ÷ 12 = <strong>12.0000</strong>" in html


def test_the_json_says_the_same(moved, client):
    client.force_login(moved.manager)
    api = reverse("targets:api-lineage-institution", args=[moved.institution.key, 2025, "kgce_per_m2"])
    areas = client.get(api).json()["areas"]
    august = areas["months"][7]
    assert Decimal(august["filed_m2"]) == 120
    assert Decimal(august["registered_m2"]) == 80
    assert august["state"] == "与名录不符"
    assert august["parts"][0]["building"] == "一号楼"
    assert Decimal(areas["registered_mean_m2"]) == Decimal("93.75")


def test_more_buildings_cost_no_more_queries(moved, client):
    client.force_login(moved.manager)
    pages = [address(moved), reverse("targets:institution-detail", args=[moved.institution.key])]
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            for page in pages:
                assert client.get(page, {"year": 2025}).status_code == 200
        counts.append(len(queries))
        for _ in range(3):
            OccupancyFactory(building=BuildingFactory(manager=moved.institution))
    assert counts[0] == counts[1]


def test_the_institution_page_shows_own_and_shared_area_by_months_and_their_mean(moved, client):
    """Own (5 × 100 + 50) ÷ 12 = 45.83, shared (40 + 6 × 80) ÷ 12 = 43.33, together 89.17."""
    page = reverse("targets:institution-detail", args=[moved.institution.key]) + "?year=2025"
    html = squeezed(text(client, moved.manager, page))
    for row in (
        ("1—5月", "100.0", "0.0", "100.0"),
        ("6月", "50.0", "40.0", "90.0"),
        ("7—12月", "0.0", "80.0", "80.0"),
    ):
        name, *cells = row
        shown = "".join(f' <td class="num">{cell}</td>' for cell in cells)
        assert f'<th scope="row">{name}</th>{shown}' in html
    assert '<td class="num">45.8</td> <td class="num">43.3</td>' in html
    assert "<strong>89.2</strong>" in html
