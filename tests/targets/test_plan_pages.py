"""The board, a task, and the tasks on the pages of figures: as stored, by what the user sees, at the same cost."""

from datetime import date

import pytest
from django.urls import reverse

from targets.models import StateWord
from targets.plan import board, pages
from tests.factories import DepartmentFactory, InstitutionFactory

from .pages import cost
from .test_board import accepted

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(two_years):
    """The institution is an organ without the title, with one renovation."""
    two_years.institution.is_party_government_organ = True
    two_years.institution.save()
    renovated = {"nature": "改造", "stage": "已验收", "area_m2": 1_200}
    accepted(two_years, "project", two_years.institution, date(2025, 6, 30), **renovated)
    board.refresh_board()
    return two_years


def numbers(response):
    return [line.task.number for _chapter, lines in response.context["chapters"] for line in lines]


def test_the_board_has_every_task_and_counts_each_state(started, client):
    client.force_login(started.manager)
    response = client.get("/plan/?year=2025")

    assert len(numbers(response)) == 106
    assert sum(number for _state, number in response.context["counted"]) == 106
    assert "1,200" in response.content.decode()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("chapter=五&words=(三)-1", ["五(三)-1"]),
        ("force=striving&state=late", ["五(三)-1"]),
        ("state=overdue", ["一(三)-4", "三(二)-1", "三(三)-1", "三(三)-2", "五(三)-1"]),
        ("words=没有这样的任务", []),
    ],
)
def test_the_filters_narrow_and_an_address_gives_the_same_view_again(started, client, asked, expected):
    client.force_login(started.manager)

    assert numbers(client.get(f"/plan/?year=2025&{asked}")) == expected


def test_late_institutions_are_counted_and_lead_to_the_task(started, client):
    client.force_login(started.manager)
    page = client.get("/plan/?year=2025&words=五(三)-1").content.decode()
    assert f"/plan/14-5-5-3-1/?year=2025&amp;node={started.bureau.key}#institutions" in page

    task = client.get("/plan/14-5-5-3-1/?year=2025")
    assert [row.agency for row in task.context["page_obj"]] == [started.institution]


def test_a_filer_sees_the_own_institution_and_no_other(started, client):
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=started.bureau))
    client.force_login(started.filer)

    assert client.get("/plan/?year=2025").context["node"] == started.institution
    assert client.get(f"/plan/?year=2025&node={stranger.key}").status_code == 404
    assert client.get(f"/plan/?year=2025&node={started.bureau.key}").status_code == 404
    assert client.get(f"/plan/14-5-3-2-1/?node={stranger.key}").status_code == 404


def test_a_task_shows_its_parts_years_systems_and_records(started, client):
    client.force_login(started.manager)
    response = client.get("/plan/14-5-3-2-1/?year=2025")
    page = response.content.decode()

    (measured,) = response.context["measured"]
    assert [(row.year, row.numerator) for row in measured.years] == [
        (2021 + place, [0, 0, 0, 0, 1200][place]) for place in range(5)
    ]
    assert [(row.agency, row.numerator) for row in measured.below] == [(started.department, 1200)]
    assert "sum project.area_m2 where nature = 改造 and stage = 已验收" in page
    assert [version.name for version in response.context["records"]] == ["记录"]


def test_an_unreadable_year_is_named_and_the_last_one_taken(started, client):
    client.force_login(started.manager)
    response = client.get("/plan/?year=1999")

    assert response.context["year"] == 2025
    assert "没有“1999”年可选" in response.content.decode()


def test_the_board_and_a_task_cost_the_same_for_one_and_three_institutions(started, client):
    client.force_login(started.manager)
    addresses = ["/plan/?year=2025", "/plan/14-5-5-3-1/?year=2025"]
    one = [cost(client, address) for address in addresses]
    for number in range(2):
        InstitutionFactory(parent=started.department, is_party_government_organ=True, key=f"MORE-{number}")
    board.refresh_board()

    assert [cost(client, address) for address in addresses] == one


def test_the_page_of_an_institution_shows_its_own_tasks_and_a_system_what_is_late(started, client):
    client.force_login(started.manager)
    own = pages.own_lines(pages.periods()[0], started.institution, 2025)
    # The water of two_years did not fall; what is late stands first.
    assert [line.task.number for line in own if line.is_late] == ["一(三)-4", "五(三)-1"]
    assert own[0].is_late
    assert StateWord.NOT_APPLICABLE not in {line.state for line in own}

    institution = client.get(
        reverse("targets:institution-detail", args=[started.institution.key]) + "?year=2025"
    )
    assert "本单位的方案任务" in institution.content.decode()
    system = client.get(
        reverse("targets:system-detail", args=[started.department.key]) + "?year=2025"
    ).content.decode()
    assert "滞后和超期的方案任务" in system
    assert "力争100%党政机关达到节约型机关创建要求" in system


def test_a_kept_page_is_made_anew_when_the_board_has_moved(started, client):
    client.force_login(started.manager)
    address = reverse("targets:institution-detail", args=[started.institution.key]) + "?year=2025"
    assert "100.00 %" not in _row_of(client, address)
    accepted(started, "title", started.institution, date(2024, 11, 1), kind="节约型机关", level="区")
    board.refresh_board()

    assert "100.00 %" in _row_of(client, address)


def _row_of(client, address):
    """The table row of 五(三)-1, up to its threshold."""
    page = client.get(address).content.decode()
    return page.partition("五(三)-1")[2].partition('data-label="进度要求"')[0]
