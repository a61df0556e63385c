"""Why a year's energy, carbon or water differs from the base year's: each effect with the terms it is the sum of."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agencies.models import AgencyType
from reporting.accounting import rules
from reporting.models import Carrier

from .. import cards, refresh
from ..indicators import known
from ..models import Decomposition, GroupFigure, Quantity
from . import items
from .measure import MEASURES
from .owner import why
from .rule_set import RuleSetUsed

_AREA, _PEOPLE = ("建筑面积", "m²"), ("用能人数", "人")


@dataclass(frozen=True)
class Explained:
    """A quantity in words. terms: the measures whose coefficients and factors count in it, the total's own last."""

    symbol: str
    unit: str
    activity: tuple[str, str]
    terms: tuple[str, ...]


EXPLAINED = {
    Quantity.ENERGY: Explained("E", "kgce", _AREA, ("kgce",)),
    Quantity.CARBON: Explained("C", "kgCO₂", _AREA, ("kgce", "kg_co2_target")),
    Quantity.CARBON_INVENTORY: Explained("C", "kgCO₂", _AREA, ("kgce", "kg_co2_inventory")),
    Quantity.WATER: Explained("W", "m³", _PEOPLE, ("water_m3",)),
}
_CARRIERS = dict(Carrier.choices)
# Effect → its factor x.
FACTORS = {
    "institutions": "N",
    "size": "A ÷ N",
    "structure": "Aᵢ ÷ A",
    "intensity": "Eᵢ ÷ Aᵢ",
    "fuel_mix": "Eᵢⱼ ÷ Eᵢ",
    "factor": "Cᵢⱼ ÷ Eᵢⱼ",
}


@dataclass(frozen=True)
class EffectTerm:
    """log_mean × growth = effect; for a term that is not there in both years the whole change, without a growth.

    before, after: the factor x of both years, unknown where it divides by 0.
    """

    type_name: str
    carrier_name: str
    before: float | None
    after: float | None
    growth: float | None
    log_mean: float | None
    effect: float


@dataclass(frozen=True)
class Effect:
    """stored: as pages show it; value: the sum of the terms; share: of the base year's total."""

    slug: str
    name: str
    factor: str
    value: float
    stored: float
    share: float | None
    terms: list[EffectTerm]


@dataclass(frozen=True)
class TypeInput:
    """Aᵢ and Eᵢ (or Wᵢ) of both years."""

    type_name: str
    activity_before: float
    activity_after: float
    used_before: float
    used_after: float


@dataclass(frozen=True)
class TermInput:
    """Eᵢⱼ and, for carbon, Cᵢⱼ of both years; log_mean: L of the quantity, unknown where it is not in both years."""

    type_name: str
    carrier_name: str
    used_before: float
    used_after: float
    carbon_before: float | None
    carbon_after: float | None
    log_mean: float | None


@dataclass(frozen=True)
class EffectsLineage:
    """base + Σ effects + residual = value, in `unit`; is_reproduced: whether the terms make exactly what is stored.

    is_current: whether the owner's figures of the year were not computed after the effects.
    institutions, activity: N and A of both years, means of the months.
    """

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    year: int
    base_year: int
    quantity: str
    label: str
    unit: str
    activity_name: str
    activity_unit: str
    formula: str
    rule_set: RuleSetUsed
    months: list[int]
    base: float
    value: float
    change: float
    residual: float
    is_reproduced: bool
    is_current: bool
    computed_at: datetime
    href: str
    base_href: str
    institutions: tuple[float, float]
    activity: tuple[float, float]
    types: list[TypeInput]
    terms: list[TermInput]
    effects: list[Effect]
    sources: list[items.Source]
    base_sources: list[items.Source]

    @property
    def months_in_words(self):
        return cards.months_in_words(self.months)

    @property
    def has_carriers(self):
        return self.quantity != Quantity.WATER

    @property
    def has_carbon(self):
        return self.quantity in (Quantity.CARBON, Quantity.CARBON_INVENTORY)


def explain_effects(owner, year, quantity, parameters) -> EffectsLineage:
    """Raises ValueError, in words, where no effects of that year and quantity are stored."""
    slug = parameters.get("rules") or rules.active_slug()
    rows = Decomposition.objects.filter(
        agency=owner.agency, year=year, quantity=quantity, rule_set__slug=slug
    )
    row = rows.select_related("rule_set").first()
    if row is None:
        raise ValueError(f"没有{year}年“{quantity}”的因素分解。")
    return _explained(owner, row, refresh.basis_of(slug), f"?rules={slug}" if parameters.get("rules") else "")


def _explained(owner, row, basis, query):
    quantity, split = Quantity(row.quantity), row.split
    words, labels = EXPLAINED[quantity], Labels.of(row, split)
    effects = [_effect(row, split, level, labels) for level in range(len(row.effect_names))]
    residual = row.value - row.base - math.fsum(each.value for each in effects)
    scale = max(abs(row.base), abs(row.value))
    now, then = (_sources(words, basis, year, labels.shown_carriers) for year in (row.year, row.base_year))
    return EffectsLineage(
        owner_kind=str(owner.kind),
        owner_key=owner.key,
        owner_name=owner.name,
        owner_page=owner.page,
        year=row.year,
        base_year=row.base_year,
        quantity=str(quantity),
        label=quantity.label,
        unit=words.unit,
        activity_name=words.activity[0],
        activity_unit=words.activity[1],
        formula=_formula(quantity, row.effect_names),
        rule_set=RuleSetUsed.of(row.rule_set),
        months=cards.months_in(row.compared_months),
        base=row.base,
        value=row.value,
        change=row.value - row.base,
        residual=residual if abs(residual) > 1e-9 * scale else 0.0,
        is_reproduced=all(
            math.isclose(e.value, e.stored, rel_tol=1e-9, abs_tol=1e-9 * scale) for e in effects
        ),
        is_current=not _figures_of(owner, row).filter(computed_at__gt=row.computed_at).exists(),
        computed_at=row.computed_at,
        href=f"{why(owner.kind, owner.key, row.year, words.terms[-1])}{query}",
        base_href=f"{why(owner.kind, owner.key, row.base_year, words.terms[-1])}{query}",
        institutions=tuple(float(each[0, 0, 0, 0]) for each in (split.before, split.after)),
        activity=tuple(float(each[1, 0, 0, 0]) for each in (split.before, split.after)),
        types=_types(split, labels),
        terms=_terms(split, labels),
        effects=effects,
        sources=now,
        base_sources=[source for source in then if source not in now],
    )


def _figures_of(owner, row):
    of = {"year": row.year, "rule_set": row.rule_set}
    if owner.is_institution:
        return owner.agency.figures.filter(**of)
    return GroupFigure.objects.filter(kind=owner.kind, key=owner.key, **of)


@dataclass(frozen=True)
class Labels:
    """The names of the types and carriers; places: (type, carrier) of the terms that are there in either year."""

    types: list[str]
    carriers: list[str]
    shown_carriers: frozenset[str]
    places: list[tuple[int, int]]

    @classmethod
    def of(cls, row, split):
        names = row.carriers.split(",")
        # A carrier without carbon still belongs to the energy that it is a part of.
        used = _levels_of_terms(split.before) + _levels_of_terms(split.after)
        places = [(int(i), int(j)) for i, j in np.argwhere(used.sum(axis=0)[0] > 0)]
        return cls(
            [AgencyType(each).label for each in row.types.split(",")],
            [_CARRIERS.get(each, "") for each in names],
            frozenset(names[j] for _, j in places),
            places,
        )


def _levels_of_terms(levels):
    """E_ij and, for carbon, C_ij; W_i of water, which has no carriers."""
    return levels[min(4, len(levels) - 1) :]


def _effect(row, split, level, labels):
    name = row.effect_names[level]
    before, after = (factors[level, 0] for factors in split.factors)
    terms = split.terms[level, 0]
    value = float(terms.sum())
    passes = split.log_mean[0] == 0
    return Effect(
        slug=name,
        name=row._meta.get_field(name).verbose_name,
        factor=FACTORS[name] if row.quantity != Quantity.WATER else FACTORS[name].replace("E", "W"),
        value=value,
        stored=getattr(row, name),
        share=value / row.base if row.base else None,
        terms=[
            EffectTerm(
                labels.types[i],
                labels.carriers[j],
                known(before[i, j]),
                known(after[i, j]),
                None if passes[i, j] else float(split.growth[level, 0, i, j]),
                None if passes[i, j] else float(split.log_mean[0, i, j]),
                float(terms[i, j]),
            )
            for i, j in labels.places
            if not passes[i, j] or terms[i, j]
        ],
    )


def _types(split, labels):
    (activity_before, used_before), (activity_after, used_after) = (
        (levels[2, 0, :, 0], levels[3, 0, :, 0]) for levels in (split.before, split.after)
    )
    arrays = activity_before, activity_after, used_before, used_after
    rows = [[float(each[i]) for each in arrays] for i in range(len(labels.types))]
    return [TypeInput(name, *row) for name, row in zip(labels.types, rows, strict=True) if any(row)]


def _terms(split, labels):
    before, after = (_levels_of_terms(levels) for levels in (split.before, split.after))
    has_carbon = len(before) > 1
    return [
        TermInput(
            labels.types[i],
            labels.carriers[j],
            *(float(levels[0, 0, i, j]) for levels in (before, after)),
            *(float(levels[1, 0, i, j]) if has_carbon else None for levels in (before, after)),
            float(split.log_mean[0, i, j]) or None,
        )
        for i, j in labels.places
    ]


def _formula(quantity, names):
    factors = " × ".join(f"({FACTORS[name]})" if " " in FACTORS[name] else FACTORS[name] for name in names)
    words = EXPLAINED[quantity]
    if quantity == Quantity.WATER:
        return f"{quantity.label} W = Σᵢ {factors.replace('E', 'W')}"
    return f"{quantity.label} {words.symbol} = Σᵢⱼ {factors}"


def _sources(words, basis, year, carriers):
    """The library's rows that count in a year, of the carriers that are shown."""
    of_carrier = {code: item.carrier for code, item in items.item_names().items()}
    found = []
    for slug in words.terms:
        weights = items.weights(MEASURES[slug], basis, year)
        found += items.sources({code: each for code, each in weights.items() if of_carrier[code] in carriers})
    return list(dict.fromkeys(found))
