"""Institutions among their peers: what the job stores, when it is due, and what pages say of it."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from agencies.access import Role
from reporting.models import RuleSet
from targets import actions, benchmarking, plan_library, refresh
from targets.models import Benchmark, Candidacy, Figure, Indicator, LeaderKind, Quota, Target
from tests.factories import DepartmentFactory, District, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db

# A school's kWh a month in 2025; in 2020 each used 1 000. 100 m², 10 people, 0.1229 kgce/kWh.
SCHOOLS = {"甲": 900, "乙": 920, "丙": 940, "丁": 960, "戊": 1100}
ENERGY = Indicator.ENERGY_PER_AREA


@pytest.fixture
def schools():
    """Five schools with both years whole, one with eleven months of 2025, and one hospital."""
    plan_library.load()
    district = District()
    for name, kwh in SCHOOLS.items():
        school = InstitutionFactory(parent=district.department, name=name, type_code="021")
        settle(school, 2020)
        settle(school, 2025, kwh=kwh, m3=4)
    for name, type_code, months in (("己", "021", range(1, 12)), ("医院", "024", range(1, 13))):
        other = InstitutionFactory(parent=district.department, name=name, type_code=type_code)
        settle(other, 2020)
        settle(other, 2025, months, kwh=800)
    refresh.refresh_all()
    benchmarking.benchmark_all()
    return district


def quota(limits, by, **fields):
    constraint, benchmark, guide = map(Decimal, limits)
    fields = {
        "type_code": "021",
        "indicator": ENERGY,
        "electricity_kgce_per_kwh": Decimal("0.1229"),
        "valid_from": date(2025, 1, 1),
        "document": "试行定额",
        "mark": "A",
    } | fields
    row = Quota(constraint_value=constraint, benchmark_value=benchmark, guide_value=guide, **fields)
    actions.save_plan(row, by=by)
    benchmarking.benchmark_all()
    return row


def verdicts(kind):
    rows = Candidacy.objects.filter(year=2025, kind=kind).order_by("agency")
    return dict(rows.values_list("agency__name", "verdict"))


def ranks(indicator, year=2025):
    rows = Benchmark.objects.filter(year=year, indicator=indicator).order_by("agency")
    return dict(rows.values_list("agency__name", "rank"))


def bands(indicator=ENERGY):
    rows = Benchmark.objects.filter(year=2025, indicator=indicator, type_code="021").order_by("agency")
    return list(rows.values_list("band", flat=True))


def test_whole_years_are_ranked_within_their_type(schools):
    assert ranks(ENERGY) == {"甲": 1, "乙": 2, "丙": 3, "丁": 4, "戊": 5, "医院": None}
    # A year in which all are equal.
    assert set(ranks(ENERGY, 2020).values()) == {1, None}
    third = Benchmark.objects.get(agency__name="丙", year=2025, indicator=ENERGY)
    # 12 × 940 × 0.1229 ÷ 100 and its neighbours.
    assert (third.value, third.peer_median) == (pytest.approx(13.86312), third.value)
    assert (third.peer_low, third.peer_high) == (pytest.approx(13.56816), pytest.approx(14.15808))
    assert (third.peers, third.above, third.part_above) == (5, 2, 0.5)


def test_a_year_with_a_missing_month_has_no_benchmark(schools):
    assert "己" not in ranks(ENERGY)
    assert Figure.objects.get(agency__name="己", year=2025).value(ENERGY) is not None


def test_each_institution_has_the_first_reason_that_speaks_against_it(schools):
    assert verdicts(LeaderKind.ENERGY) == {
        "甲": "candidate",
        "乙": "not-ahead",
        "丙": "not-ahead",
        "丁": "behind",
        "戊": "behind",
        "己": "incomplete",
        "医院": "few-peers",
    }
    assert verdicts(LeaderKind.WATER) | {"己": "", "医院": ""} == dict.fromkeys(SCHOOLS, "candidate") | {
        "己": "",
        "医院": "",
    }
    short = Candidacy.objects.get(agency__name="己", kind=LeaderKind.ENERGY)
    assert (short.year, short.months, short.base_year, short.base_months) == (2025, 11, 2020, 12)


def test_without_a_target_whoever_has_not_risen_is_enough(schools):
    Target.objects.update(reduction_percent=None)
    benchmarking.benchmark_all()
    assert verdicts(LeaderKind.ENERGY)["丁"] == "above-median"
    assert verdicts(LeaderKind.ENERGY)["戊"] == "behind"


def test_a_quota_parts_the_figures_and_rules_out_who_is_over(schools):
    quota(("13.9", "13.6", "13.3"), schools.manager)
    assert bands() == ["guide", "benchmark", "constraint", "over", "over"]
    assert verdicts(LeaderKind.ENERGY)["丁"] == "over-quota"
    assert bands(Indicator.ENERGY_PER_PERSON) == ["none"] * 5


def test_a_quota_that_counts_electricity_otherwise_is_not_compared(schools):
    quota(("13.9", "13.6", "13.3"), schools.manager, electricity_kgce_per_kwh=Decimal("0.31"))
    assert bands() == ["incomparable"] * 5
    assert verdicts(LeaderKind.ENERGY)["丁"] == "behind"


def test_a_quota_judges_no_year_that_began_before_it(schools):
    quota(("13.9", "13.6", "13.3"), schools.manager, valid_from=date(2025, 1, 2))
    assert bands() == ["none"] * 5


def test_the_job_is_due_only_after_something_has_changed(schools):
    assert not benchmarking.is_due()
    assert benchmarking.benchmark_all() == 0
    settle(InstitutionFactory(parent=schools.department, name="庚", type_code="021"), 2025, kwh=890)
    refresh.refresh_all()
    assert benchmarking.is_due()
    benchmarking.benchmark_all()
    assert (ranks(ENERGY)["庚"], ranks(ENERGY)["甲"]) == (1, 2)
    assert verdicts(LeaderKind.ENERGY)["庚"] == "incomplete"


def test_ranks_of_another_rule_set_stand_beside(schools):
    other = RuleSet.objects.exclude(slug=benchmarking.refresh.kept_rule_sets()[0]).first()
    refresh.fold_everything(refresh.basis_of(other.slug))
    for number in benchmarking.blocks.numbers():
        refresh.compute_block(number, refresh.basis_of(other.slug))
    before = Benchmark.objects.count()
    benchmarking.benchmark_all()
    assert Benchmark.objects.filter(rule_set=other).count() == before


def test_an_institution_sees_its_place_and_the_last_year_that_has_one(client, schools):
    quota(("13.9", "13.6", "13.3"), schools.manager)
    school = Candidacy.objects.filter(agency__name="乙").first().agency
    filer = user_with(Role.FILER, school)
    address = reverse("targets:institution-detail", args=[school.key])
    page = squeezed(text(client, filer, f"{address}?year=2025"))
    assert "同类对标" in page
    assert '2 <span class="unit">/ 5</span>' in page
    assert "13.90 / 13.60 / 13.30" in page
    assert "基准值以内" in page
    assert "能效领跑者：未进入同类前 10 %；水效领跑者：候选。" in page
    assert "最近可比的是" in squeezed(text(client, filer, f"{address}?year=2021"))


def test_the_candidates_are_listed_with_their_reasons(client, schools):
    address = reverse("targets:leader-list", args=["energy"])
    page = squeezed(text(client, schools.manager, f"{address}?year=2025"))
    assert "候选 1 · 未进入同类前 10 % 2 · 较基准年下降未达要求 2 · 同类不足 5 家 1" in page
    assert page.count("<tr>") == 2
    assert "人均综合能耗较基准年变化不高于 −6.00 %" in page
    everybody = squeezed(text(client, schools.manager, f"{address}?year=2025&verdict=all"))
    assert everybody.count("<tr>") == 1 + 7
    assert "2025年 11 个月，2020年 12 个月" in everybody
    hospital = squeezed(text(client, schools.manager, f"{address}?year=2025&verdict=all&type_code=024"))
    assert hospital.count("<tr>") == 2


def test_a_department_sees_its_own_institutions_with_their_ranks_among_all(client, schools):
    elsewhere = DepartmentFactory(parent=schools.bureau, name="别的系统")
    address = reverse("targets:leader-list", args=["energy"])
    stranger = user_with(Role.DEPARTMENT, elsewhere)
    assert "还没有筛选结果" in text(client, stranger, f"{address}?year=2025&verdict=all")


def test_the_pages_cost_the_same_for_one_row_and_for_seven(client, schools):
    client.force_login(schools.manager)
    address = reverse("targets:leader-list", args=["energy"])
    assert cost(client, f"{address}?year=2025") == cost(client, f"{address}?year=2025&verdict=all")


def test_who_is_over_quota_needs_attention_and_the_link_lists_them(client, schools):
    cockpit = f"{reverse('targets:cockpit')}?year=2025"
    assert "该年无可对照的定额" in text(client, schools.manager, cockpit)
    quota(("13.9", "13.6", "13.3"), schools.manager)
    page = squeezed(text(client, schools.manager, cockpit))
    assert '2 <span class="unit">/ 5 个机构</span>' in page
    link = f"{reverse('targets:institution-list')}?year=2025&indicator=kgce_per_m2&band=over"
    assert link.replace("&", "&amp;") in page or link in page
    listed = squeezed(text(client, schools.manager, link))
    assert [name in listed for name in ("丁</a>", "戊</a>", "丙</a>")] == [True, True, False]
