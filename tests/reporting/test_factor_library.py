"""Loading the library: again and again the same, never over what is stored."""

import csv

import pytest

from reporting import factor_library
from reporting.accounting import rules
from reporting.models import Coefficient, Edition, EmissionFactor, Item
from reporting.shipped_rows import Contradiction

pytestmark = pytest.mark.django_db


def test_loading_twice_adds_nothing():
    first, second = factor_library.load(), factor_library.load()
    assert sum(first.added.values()) > 100
    assert (second.added, second.present) == ({}, sum(first.added.values()))


def test_every_row_names_its_document_and_mark():
    factor_library.load()
    for model in (Coefficient, EmissionFactor, Edition):
        assert not model.objects.filter(document="").exists()
        assert set(model.objects.values_list("mark", flat=True)) <= set("ABCU")
    assert not Item.objects.filter(source="").exists()


def test_a_file_that_contradicts_a_stored_row_is_refused_and_adds_nothing(tmp_path):
    factor_library.load()
    for name in ("coefficient_sets", "factor_sets", "coefficients"):
        source = factor_library.FACTORS / f"{name}.csv"
        (tmp_path / source.name).write_text(
            source.read_text(encoding="utf-8").replace(",1.33,", ",1.34,"), encoding="utf-8"
        )
    with pytest.raises(
        Contradiction, match=r"coefficients.csv 第 5 行 kgce_per_unit：库中已有“1.330000000”，文件为“1.34”"
    ):
        factor_library.load(tmp_path)
    assert not Coefficient.objects.filter(kgce_per_unit="1.34").exists()


def test_a_row_that_cannot_be_read_is_named(tmp_path):
    factor_library.load()
    (tmp_path / "coefficient_sets.csv").write_text("slug,title\nnew,新,太多\n", encoding="utf-8")
    with pytest.raises(Contradiction, match="第 2 行读不懂"):
        factor_library.load(tmp_path)


@pytest.mark.parametrize("slug", ["chongqing-2015", "db37-2019", "provincial-guide-2025"])
def test_every_shipped_rule_set_counts_every_item_that_carries_energy(slug):
    factor_library.load()
    loaded = rules.load(slug)
    assert set(loaded.by_item) == set(Item.objects.exclude(carrier="").values_list("code", flat=True))


def test_a_year_without_its_own_vintage_takes_the_nearest_and_says_so():
    factor_library.load()
    loaded = rules.load("chongqing-2015")
    found = {year: loaded.inventory_vintage(year) for year in (2020, 2021, 2023, 2026)}
    assert {year: (vintage.data_year, vintage.is_provisional) for year, vintage in found.items()} == {
        2020: (2021, True),
        2021: (2021, False),
        2023: (2023, False),
        2026: (2023, True),
    }


def test_the_editions_ask_for_what_their_years_asked():
    factor_library.load()
    asked = {
        edition.slug: set(edition.items.values_list("code", flat=True)) for edition in Edition.objects.all()
    }
    assert asked["2022"] - asked["2020"] == {"PV", "PV1", "PV2"}
    assert asked["2022"] - asked["2025"] == {"101", "190", "191", "192"}


def test_the_catalogue_has_each_column_in_each_row():
    for path in [*factor_library.CATALOGUE.glob("*.csv"), *factor_library.FACTORS.glob("*.csv")]:
        with path.open(encoding="utf-8", newline="") as file:
            lengths = {len(row) for row in csv.reader(file)}
        assert len(lengths) == 1, path.name
