"""`manage.py account`: published totals come out, bad files are refused by row and column."""

import json
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from reporting import factor_library
from tests import cases

pytestmark = pytest.mark.django_db

SCHOOL_RULES = Path(__file__).parent / "school_rules"


@pytest.fixture(autouse=True)
def _library():
    factor_library.load()


@pytest.fixture
def account(tmp_path):
    """Write rows to a file and account it."""

    def run(rows, *options):
        path = tmp_path / "quantities.csv"
        path.write_text("\n".join(["item,quantity", *rows]), encoding="utf-8")
        out = StringIO()
        call_command("account", str(path), "--json", *options, stdout=out)
        return json.loads(out.getvalue())

    return run


def rows(quantities):
    return [f"{item},{quantity}" for item, quantity in quantities.items()]


def rounded(text, places="0.01"):
    return Decimal(text).quantize(Decimal(places), ROUND_HALF_UP)


def test_chongqing_2015_comes_out_as_published(account):
    found = account(rows(cases.CHONGQING_2015))
    wan_tce = {item: rounded(Decimal(value) / 10**7) for item, value in found["kgce_by_item"].items()}
    assert wan_tce == cases.CHONGQING_2015_WAN_TCE
    assert rounded(Decimal(found["kgce"]) / 10**7) == cases.CHONGQING_2015_TOTAL_WAN_TCE
    assert {
        name: rounded(found[name]) for name in cases.CHONGQING_2015_INTENSITIES
    } == cases.CHONGQING_2015_INTENSITIES


def test_fuel_that_is_not_split_is_said_to_be_taken_for_vehicle_fuel(account):
    found = account(["150,100", "102,10"])
    assert found["kgce_vehicle_fuel"] == found["kgce"] == "107.4122"
    assert found["assumptions"] == ["150 未拆分为 1501、1502，全部按车辆用油计"]


def test_another_rule_set_counts_gas_differently(account):
    assert account(["140,100"])["kgce"] == "133"
    assert account(["140,100"], "--rules", "db37-2019")["kgce"] == "121.43"
    assert account(["140,100"], "--rules", "provincial-guide-2025")["kg_co2"] == "216.21888"


def test_the_grid_year_chooses_the_vintage(account):
    assert account(["110,1000"])["kg_co2"] == "474.3"
    assert account(["110,1000"], "--grid-year", "2023")["kg_co2"] == "558.1"


def test_a_vintage_that_is_not_verified_is_not_calculated_with(account):
    with pytest.raises(CommandError, match="没有 2018 年的因子，现有：2021、2022、2023"):
        account(["110,1000"], "--grid-year", "2018")


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_the_school_chain_comes_out_with_its_own_rule_set(account, year):
    factor_library.load(SCHOOL_RULES)
    oil = {"1501": 10_000}
    found = account(rows(cases.SCHOOL[year] | oil | {"102": cases.SCHOOL_AREA_M2}), "--rules", "school-audit")
    assert str(rounded(Decimal(found["kgce"]) / 1000)) == cases.SCHOOL_TCE[year]
    assert str(rounded(Decimal(found["kg_co2"]) / 1000, "0.1")) == cases.SCHOOL_TCO2[year]
    if year == 2025:
        assert {name: str(rounded(found[name], "0.1")) for name in cases.SCHOOL_2025} == cases.SCHOOL_2025


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("999,1", "第 2 行 item：没有指标“999”"),
        ("110,-5", "第 2 行 quantity：“-5”不是 0 或正数"),
        ("110,1e", "第 2 行 quantity：“1e”不是 0 或正数"),
        ("110,NaN", "第 2 行 quantity：“NaN”不是 0 或正数"),
        ("110,1\n110,2", "第 3 行 item：指标 110 重复出现"),
    ],
)
def test_a_bad_row_is_refused_by_row_and_column(account, row, sentence):
    with pytest.raises(CommandError, match=sentence):
        account([row])


def test_an_unknown_rule_set_is_refused_with_the_known_ones(account):
    with pytest.raises(CommandError, match=r"没有核算口径“nowhere”，现有：chongqing-2015、.*db37-2019"):
        account(["110,1"], "--rules", "nowhere")


def test_a_file_without_rows_is_refused(account):
    with pytest.raises(CommandError, match="没有数据行"):
        account([])


def test_energy_without_a_carbon_factor_is_said_to_count_none(account):
    found = account(["180,2", "110,1"])
    assert found["assumptions"] == ["180 没有碳排放因子，未计入碳排放"]
