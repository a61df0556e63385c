"""Reads quotas from the rows of a CSV or XLSX, and enters them; one that is there already is changed."""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction

from agencies import tables
from agencies.actions import changes_of
from agencies.tables import Problem, Unreadable

from . import actions
from .models import Quota

LIMITS = ("constraint_value", "benchmark_value", "guide_value")
REQUIRED_COLUMNS = ("type_code", "indicator", *LIMITS, "valid_from", "document", "mark")
OPTIONAL_COLUMNS = ("electricity_kgce_per_kwh",)
NUMBERS = (*LIMITS, *OPTIONAL_COLUMNS)


@dataclass(frozen=True)
class Reading:
    """What the file would do: new quotas, and stored ones with what changes in words."""

    new: list[Quota]
    changed: list[tuple[Quota, list[str]]]
    same: int

    def __str__(self):
        return f"新增 {len(self.new)} 条，更改 {len(self.changed)} 条，相同 {self.same} 条。"


def read(rows):
    """rows: from `tables.load`. Raises Unreadable naming every cell that is refused; stores nothing."""
    problems, found = [], {}
    for number, row in enumerate(rows, start=tables.FIRST_ROW):
        try:
            quota = _quota(row, number)
        except Unreadable as refusal:
            problems += refusal.problems
            continue
        place = (quota.type_code, quota.indicator, quota.valid_from)
        if place in found:
            problems.append(Problem(number, "valid_from", "与前面一行的类型、指标和施行日期相同。"))
        found[place] = quota
    if problems:
        raise Unreadable(problems)
    return _compared(list(found.values()))


def _compared(quotas):
    changes = [(quota, changes_of(quota)) for quota in quotas if quota.pk]
    changed = [(quota, words) for quota, words in changes if words]
    return Reading([quota for quota in quotas if not quota.pk], changed, len(changes) - len(changed))


@transaction.atomic
def enter(reading, *, by):
    for quota in [*reading.new, *(quota for quota, _ in reading.changed)]:
        actions.save_plan(quota, by=by)


def _quota(row, number):
    """The row as a Quota: the stored one of its type, indicator and day, else a new one."""
    values, problems = _values(row, number)
    if problems:
        raise Unreadable(problems)
    place = {name: values[name] for name in ("type_code", "indicator", "valid_from")}
    quota = Quota.objects.filter(**place).first() or Quota()
    for name, value in values.items():
        setattr(quota, name, value)
    try:
        quota.full_clean()
    except ValidationError as refusal:
        said = refusal.message_dict.items()
        problems = [Problem(number, _column(name), words) for name, every in said for words in every]
        raise Unreadable(problems) from refusal
    return quota


def _column(name):
    """What is wrong with the row as a whole stands beside its limits."""
    return name if name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS) else "、".join(LIMITS)


def _values(row, number):
    """(name → value, problems) of the cells that are no texts; others are judged by the model."""
    values, problems = dict(row), []
    for name in NUMBERS:
        values[name] = tables.number(row[name])
        is_empty = not row[name] and name in OPTIONAL_COLUMNS
        if values[name] is None and not is_empty:
            problems.append(Problem(number, name, f"“{row[name]}”不是数值，应为 12.34 这样的正数。"))
    try:
        values["valid_from"] = date.fromisoformat(row["valid_from"])
    except ValueError:
        problems.append(
            Problem(number, "valid_from", f"“{row['valid_from']}”不是日期，应为 2025-01-01 这样。")
        )
    return values, problems
