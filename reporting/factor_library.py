"""Loads the shipped catalogue and factor rows: idempotent, and append-only where figures hang on them."""

import csv
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from agencies import trail
from agencies.models.trail import Verb
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction

from .models import Coefficient, CoefficientSet, Edition, EditionItem, EmissionFactor, FactorSet, Item, RuleSet

HERE = Path(__file__).resolve().parent
CATALOGUE = HERE / "catalogue_rows"
FACTORS = HERE / "accounting" / "rows"


class Contradiction(ValueError):
    """A row of the file says something else than the stored row of the same name."""


@dataclass
class Counts:
    added: dict[str, int] = field(default_factory=dict)
    present: int = 0

    def __str__(self):
        added = "、".join(f"{name} {count}" for name, count in self.added.items()) or "无"
        return f"新增：{added};已有且一致：{self.present}"


@transaction.atomic
def load(folder=FACTORS, *, by=None):
    """Add what is new in the shipped rows; refuse what contradicts a stored row.

    `folder` may name another set of factor files of the same columns, for a rule set of one's own.
    """
    counts = Counts()
    if folder == FACTORS:
        _load_catalogue(counts)
    _load_factors(Path(folder), counts)
    if counts.added:
        trail.record(Verb.LOAD, by=by, detail=str(counts))
    return counts


def _load_catalogue(counts):
    _add(counts, Edition, CATALOGUE / "editions.csv", ("slug",))
    _add(counts, Item, CATALOGUE / "items.csv", ("code",))
    links = {"edition": (Edition, "slug"), "item": (Item, "code")}
    _add(counts, EditionItem, CATALOGUE / "edition_items.csv", ("edition", "item"), links)


def _load_factors(folder, counts):
    _add(counts, CoefficientSet, folder / "coefficient_sets.csv", ("slug",))
    _add(counts, FactorSet, folder / "factor_sets.csv", ("slug",))
    coefficients = {"coefficient_set": (CoefficientSet, "slug")}
    _add(
        counts,
        Coefficient,
        folder / "coefficients.csv",
        ("coefficient_set", "carrier", "unit", "valid_from"),
        coefficients,
    )
    factors = {"factor_set": (FactorSet, "slug")}
    _add(
        counts,
        EmissionFactor,
        folder / "emission_factors.csv",
        ("factor_set", "carrier", "unit", "data_year", "valid_from"),
        factors,
    )
    links = coefficients | {"fuel_factors": (FactorSet, "slug"), "grid_factors": (FactorSet, "slug")}
    _add(counts, RuleSet, folder / "rule_sets.csv", ("slug",), links)


def _add(counts, model, path, key, links=()):
    if not path.exists():
        return
    stored = {_key(row, key): row for row in model.objects.all()}
    fresh = []
    for number, values in enumerate(_rows(model, path, dict(links)), start=2):
        row = model(**values)
        known = stored.get(_key(row, key))
        if known is None:
            fresh.append(row)
        else:
            _compare(known, values, path, number)
            counts.present += 1
    model.objects.bulk_create(fresh)
    if fresh:
        counts.added[model._meta.verbose_name] = len(fresh)


def _rows(model, path, links):
    targets = {name: {getattr(row, key): row for row in target.objects.all()} for name, (target, key) in links.items()}
    with path.open(encoding="utf-8", newline="") as file:
        for number, texts in enumerate(csv.DictReader(file, strict=True), start=2):
            try:
                yield {name: _value(model, name, text, targets) for name, text in texts.items()}
            except (KeyError, FieldDoesNotExist, InvalidOperation, TypeError, ValueError) as fault:
                raise Contradiction(f"{path.name} 第 {number} 行读不懂：{fault}。") from fault


def _value(model, name, text, targets):
    if name in targets:
        return targets[name][text]
    return _READERS.get(model._meta.get_field(name).get_internal_type(), str)(text)


_READERS = {
    "BooleanField": lambda text: text == "1",
    "DateField": lambda text: date.fromisoformat(text) if text else None,
    "DecimalField": Decimal,
    "PositiveSmallIntegerField": lambda text: int(text) if text else None,
}


def _key(row, names):
    return tuple(getattr(row, model_field.attname) for model_field in map(row._meta.get_field, names))


def _compare(stored, values, path, number):
    for name, value in values.items():
        if getattr(stored, name) != value:
            raise Contradiction(
                f"{path.name} 第 {number} 行 {name}：库中已有“{getattr(stored, name)}”，文件为“{value}”。"
                "已载入的行不能改写，请以新的生效日期另加一行。"
            )
