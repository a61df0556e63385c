"""Published figures, entered through `import_months` as files and read from the stored figures."""

from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from reporting import factor_library
from targets.models import Figure, PlanPeriod
from tests import cases
from tests.factories import District

pytestmark = pytest.mark.django_db

SCHOOL_RULES = Path(__file__).parents[1] / "reporting" / "school_rules"
STOCKS = {"102", "103"}


@pytest.fixture
def district():
    return District()


@pytest.fixture
def enter(district, tmp_path):
    """Write years (year → item → quantity) as a file of months, import it and compute the figures."""

    def run(years, *options):
        rows = [
            f"{district.institution.key},{year},{month},{item},{share(item, Decimal(quantity), month)}"
            for year, quantities in years.items()
            for item, quantity in quantities.items()
            for month in range(1, 13)
        ]
        path = tmp_path / "published.csv"
        path.write_text("\n".join(["agency,year,month,item,quantity", *rows]), encoding="utf-8")
        call_command("import_months", str(path), *options, "--yes", stdout=StringIO())
        call_command("recalculate", "--all", stdout=StringIO())
        return {figure.year: figure for figure in Figure.objects.filter(agency=district.institution)}

    return run


def share(item, quantity, month):
    """A twelfth of a year's quantity, December with the rest of the division; area and people stand all year."""
    if item in STOCKS:
        return quantity
    twelfth = (quantity / 12).quantize(Decimal("0.0001"))
    return twelfth if month < 12 else quantity - 11 * twelfth


def shown(value, places="0.01"):
    return Decimal(repr(value)).quantize(Decimal(places), ROUND_HALF_UP)


def test_chongqing_2015_comes_out_as_published(enter):
    figure = enter({2015: cases.CHONGQING_2015}, "--edition", "2020")[2015]
    assert shown(figure.kgce / 1e7) == cases.CHONGQING_2015_TOTAL_WAN_TCE
    found = {name: shown(figure.value(name)) for name in cases.CHONGQING_2015_INTENSITIES}
    assert found == cases.CHONGQING_2015_INTENSITIES


@pytest.mark.parametrize("item", cases.CHONGQING_2015_WAN_TCE)
def test_each_carrier_of_chongqing_2015_comes_out_as_published(enter, item):
    quantities = {"110": 0, item: cases.CHONGQING_2015[item], "102": 1}
    figure = enter({2015: quantities}, "--edition", "2020")[2015]
    assert shown(figure.kgce / 1e7) == cases.CHONGQING_2015_WAN_TCE[item]


def test_the_national_change_rates_come_out_as_published(enter):
    """An institution of 1 000 people that has the nation's intensities: other energy in tce, water in m³."""
    PlanPeriod.objects.create(slug="nation", name="十三五", base_year=2015, end_year=2020)
    years = {
        year: {
            "110": 0,
            "180": Decimal(str(per_person)),
            "120": Decimal(str(water)) * 1000,
            "103": 1000,
            "102": Decimal(str(per_person)) * 1000 / Decimal(str(per_m2)),
        }
        for year, (per_person, per_m2, water) in cases.NATION.items()
    }
    figures = enter(years, "--edition", "2020")
    for year, published in cases.NATION_REDUCTIONS.items():
        changes = [figures[year].change(name) for name in ("kgce_per_person", "kgce_per_m2", "m3_per_person")]
        assert tuple(str(shown(-change * 100)) for change in changes) == published


def test_the_school_chain_comes_out_with_its_own_rule_set(enter, settings):
    factor_library.load(SCHOOL_RULES)
    settings.ACTIVE_RULE_SET = "school-audit"
    constant = {"1501": 10_000, "102": cases.SCHOOL_AREA_M2}
    figures = enter(
        {year: quantities | constant for year, quantities in cases.SCHOOL.items()}, "--edition", "2022"
    )
    assert {year: str(shown(figure.kgce / 1000)) for year, figure in figures.items()} == cases.SCHOOL_TCE
    tco2 = {year: str(shown(figure.kg_co2_target / 1000, "0.1")) for year, figure in figures.items()}
    assert tco2 == cases.SCHOOL_TCO2
    found = {name: str(shown(figures[2025].value(name), "0.1")) for name in cases.SCHOOL_2025}
    assert found == cases.SCHOOL_2025
