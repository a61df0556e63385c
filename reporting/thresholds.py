"""The thresholds of a rule as the pages write them: for whom, how much, and since when."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from agencies.models import AgencyType

from . import check_limits
from .checks import Limit, Rule
from .findings import short_name
from .models import CheckLimit, Item

PERCENT = Decimal(100)
# More places than this with one threshold are called "the others".
FEW = 3


@dataclass(frozen=True)
class Threshold:
    """A limit of a rule; `row` is the bureau's, None for a shipped one."""

    rule: Rule
    item: str
    type_code: str
    item_name: str
    limit: Limit
    row: CheckLimit | None

    @property
    def type_name(self):
        return AgencyType(self.type_code).label if self.type_code else "全部类型"

    @property
    def bounds(self):
        """The bounds that the rule knows, as people write them: pairs of what it bounds and the number."""
        return [
            (words, shown(self.rule, name, getattr(self.limit, name)))
            for name, words in self.rule.meaning.items()
        ]

    @property
    def place(self):
        """For whom, in words: the item where there are several, the type where it is one."""
        names = [self.item_name] if len(self.rule.items) > 1 else []
        names += [self.type_name] if self.type_code else []
        return "·".join(names)

    @property
    def span(self):
        """The bounds in a word or two: “0.3—1.5 元”, “30 %”."""
        low, high = (shown(self.rule, name, getattr(self.limit, name)) for name in ("low", "high"))
        bounds = [f"{bound:f}" for bound in (low, high) if bound is not None]
        return f"{'—'.join(bounds)} {self.rule.limit_unit}" if bounds else "不检查"


def item_names():
    """Item code → the name that a sentence uses."""
    return {code: short_name(name) for code, name in Item.objects.values_list("code", "name")}


def standing(rule, rows, names):
    """What holds of a rule now; `rows`: the bureau's, the oldest first."""
    return [
        Threshold(rule, each.item, each.type_code, names.get(each.item, "全部指标"), each.limit, each.row)
        for each in check_limits.in_force(rule, rows)
    ]


def set_before(rule, rows, names):
    """What the bureau set, the newest first."""
    return [
        Threshold(
            rule,
            row.item_id or "",
            row.type_code,
            names.get(row.item_id, "全部指标"),
            check_limits.limit_of(row),
            row,
        )
        for row in reversed(rows)
    ]


def in_short(thresholds):
    """One sentence for each different threshold, the commonest last as that of the others."""
    groups = defaultdict(list)
    for each in thresholds:
        groups[each.span].append(each.place)
    if len(groups) == 1:
        return list(groups)
    rarest_first = sorted(groups.items(), key=lambda group: len(group[1]))
    return [f"{'、'.join(places) if len(places) <= FEW else '其余'}：{span}" for span, places in rarest_first]


def shown(rule, name, value):
    """A bound as people write it: 0.3 as 30 where the rule counts in percent."""
    if value is None:
        return None
    return Decimal(f"{(value * PERCENT if is_percent(rule, name) else value).normalize():f}")


def is_percent(rule, name):
    return rule.limit_unit == "%" and name != "floor"
