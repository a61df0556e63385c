"""Loads the item catalogue and the factor library that are shipped with the portal."""

from pathlib import Path

from django.db import transaction

from agencies import trail
from agencies.models.trail import Verb

from . import approved, factor_seals, notices
from .models import (
    Coefficient,
    CoefficientSet,
    Edition,
    EditionItem,
    EmissionFactor,
    FactorSet,
    Item,
    RuleSet,
)
from .shipped_rows import Counts, add

HERE = Path(__file__).resolve().parent
CATALOGUE = HERE / "catalogue_rows"
FACTORS = HERE / "accounting" / "rows"


@transaction.atomic
def load(folder=FACTORS, *, by=None):
    """Add what is new in the shipped rows; refuse what contradicts a stored row.

    `folder` may name another set of factor files of the same columns, for a rule set of one's own.
    """
    counts = Counts()
    if folder == FACTORS:
        _load_catalogue(counts)
    _load_factors(Path(folder), counts)
    factor_seals.seal_new_rows()
    if counts.added:
        trail.record(Verb.LOAD, by=by, detail=str(counts))
        approved.mark_all_stale(f"载入参数：{counts}")
        notices.figures_changed()
    return counts


def _load_catalogue(counts):
    add(counts, Edition, CATALOGUE / "editions.csv", ("slug",))
    add(counts, Item, CATALOGUE / "items.csv", ("code",))
    links = {"edition": (Edition, "slug"), "item": (Item, "code")}
    add(counts, EditionItem, CATALOGUE / "edition_items.csv", ("edition", "item"), links)


def _load_factors(folder, counts):
    add(counts, CoefficientSet, folder / "coefficient_sets.csv", ("slug",))
    add(counts, FactorSet, folder / "factor_sets.csv", ("slug",))
    coefficients = {"coefficient_set": (CoefficientSet, "slug")}
    add(
        counts,
        Coefficient,
        folder / "coefficients.csv",
        ("coefficient_set", "carrier", "unit", "valid_from"),
        coefficients,
    )
    factors = {"factor_set": (FactorSet, "slug")}
    add(
        counts,
        EmissionFactor,
        folder / "emission_factors.csv",
        ("factor_set", "carrier", "unit", "data_year", "valid_from"),
        factors,
    )
    links = coefficients | {"fuel_factors": (FactorSet, "slug"), "grid_factors": (FactorSet, "slug")}
    add(counts, RuleSet, folder / "rule_sets.csv", ("slug",), links)
