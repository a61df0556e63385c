"""The thresholds of the checks as they stand, and the bureau's verb to set one: appended, never overwritten."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agencies import trail
from agencies.models.trail import Verb

from . import access
from .checks import RULES, Limit, Limits, Place, limits_with
from .models import CheckLimit

FIELDS = ("low", "high", "floor")


def load() -> Limits:
    """The shipped thresholds and the bureau's over them; one query."""
    rows = CheckLimit.objects.order_by("pk").values_list("rule", "item", "type_code", *FIELDS)
    return limits_with(
        (Place(rule, item or "", type_code), Limit(*bounds)) for rule, item, type_code, *bounds in rows
    )


@dataclass(frozen=True)
class InForce:
    """A threshold as it stands: for whom, its bounds, and the bureau's row (None: as shipped)."""

    item: str
    type_code: str
    limit: Limit
    row: CheckLimit | None = None


def in_force(rule, rows):
    """What holds of a rule now, the shipped first; `rows`: the bureau's CheckLimits of it, the oldest first."""
    found = {place: InForce(*place, limit) for place, limit in rule.shipped.items()}
    for row in rows:
        place = (row.item_id or "", row.type_code)
        found[place] = InForce(*place, limit_of(row), row)
    return sorted(found.values(), key=lambda each: (each.item, each.type_code))


def limit_of(row):
    return Limit(row.low, row.high, row.floor)


@transaction.atomic
def set_limit(row, *, by):
    """Put a new threshold (an unsaved CheckLimit) into force from now on; what was filed keeps its findings."""
    if not access.may_tend(by, "set_limit"):
        raise PermissionDenied
    if not row.reason.strip():
        raise ValueError("请写明依据或理由。")
    row.set_by = by
    row.full_clean()
    before = _standing(row)
    row.save()
    trail.record(Verb.ACTIVATE, by=by, detail=_sentence(row, before))
    return row


def _standing(row):
    """The threshold that the row is about to replace, or None where only a wider one held."""
    rows = CheckLimit.objects.filter(rule=row.rule).order_by("pk")
    place = (row.item_id or "", row.type_code)
    standing = in_force(RULES[row.rule], rows)
    return next((each.limit for each in standing if (each.item, each.type_code) == place), None)


def _sentence(row, before):
    whom = "，".join(
        (str(row.item) if row.item else "全部指标", row.get_type_code_display() or "全部机构类型")
    )
    bounds = "，".join(_bound(name, before, limit_of(row)) for name in FIELDS)
    return f"检查规则“{RULES[row.rule].title}”（{whom}）：{bounds}。理由：{row.reason}"


def _bound(name, before, after):
    label, new = CheckLimit._meta.get_field(name).verbose_name, _plain(getattr(after, name))
    old = _plain(getattr(before, name)) if before else new
    return f"{label} {new}" if old == new else f"{label} {old} → {new}"


def _plain(value):
    return "不限" if value is None else f"{value.normalize():f}"
