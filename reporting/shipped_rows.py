"""Adds the rows of shipped CSV files to the database: idempotent, and never against what is stored."""

import csv
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from django.core.exceptions import FieldDoesNotExist


class Contradiction(ValueError):
    """A row of the file cannot be read, or says something else than the stored row of the same name."""


@dataclass
class Counts:
    added: dict[str, int] = field(default_factory=dict)
    present: int = 0

    def __str__(self):
        added = "、".join(f"{name} {count}" for name, count in self.added.items()) or "无"
        return f"新增：{added}；已有 {self.present}"


def add(counts, model, path, key, links=(), *, keeps_edits=False):
    """Add the rows of a CSV file that are not yet stored; refuse one that contradicts a stored row.

    key: the columns that name a row; links: column → (model, its natural key); keeps_edits: a stored row that
    somebody has edited since stays as it is.
    """
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
            counts.present += 1
            if not keeps_edits:
                _compare(known, values, path, number)
    model.objects.bulk_create(fresh)
    if fresh:
        counts.added[model._meta.verbose_name] = len(fresh)


def _rows(model, path, links):
    targets = {
        name: {getattr(row, key): row for row in target.objects.all()}
        for name, (target, key) in links.items()
    }
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
    "DecimalField": lambda text: Decimal(text) if text else None,
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
