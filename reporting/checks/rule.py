"""A rule: what it is called, how much it weighs, where it comes from, what its limits mean, and its check."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial

from .limits import Limit
from .month import Month


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or unlikely: at which item, what, what would be accepted, and who says so.

    expected: the accepted range in words. source: the document and its mark. suggestion: the quantity that was likely
    meant, suggested_cost: the cost in yuan that was, where a slip of the unit is recognised.
    """

    rule: str
    item: str
    severity: Severity
    message: str
    expected: str = ""
    source: str = ""
    suggestion: Decimal | None = None
    suggested_cost: Decimal | None = None


@dataclass(frozen=True)
class Said:
    """What a check says of an item; with the rule's name and weight it is a Finding."""

    item: str
    message: str
    expected: str = ""
    suggestion: Decimal | None = None
    suggested_cost: Decimal | None = None


LimitOf = Callable[[str], Limit]
Check = Callable[[Month, LimitOf], Iterable[Said]]


@dataclass(frozen=True)
class Rule:
    """source, mark: the document and how well it is supported; no mark where the portal itself set the rule.

    what: what it says, in a sentence. meaning: limit field (low, high, floor) → what it bounds, in words.
    limit_unit: of low and high; "%" where they are fractions that people write as percent.
    shipped: (item, type), empty for all → the limit that comes with the product; ground: why that one.
    items: whose limits may be set. yields_to: rules whose finding at the same item makes this one's superfluous,
    yields_anywhere_to: at any item.
    """

    slug: str
    title: str
    severity: Severity
    source: str
    mark: str
    what: str
    check: Check
    items: tuple[str, ...] = ()
    meaning: Mapping[str, str] = field(default_factory=dict)
    limit_unit: str = ""
    shipped: Mapping[tuple[str, str], Limit] = field(default_factory=dict)
    ground: str = ""
    yields_to: frozenset[str] = frozenset()
    yields_anywhere_to: frozenset[str] = frozenset()

    @property
    def cited(self) -> str:
        """The source as a sentence cites it."""
        return f"{self.source} [{self.mark}]" if self.mark else self.source

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR

    def is_superfluous(self, item: str, spoken: Collection[tuple[str, str]]) -> bool:
        """Whether a finding at the item adds nothing to what was said already: (rule, item) pairs."""
        if any((better, item) in spoken for better in self.yields_to):
            return True
        return any(rule in self.yields_anywhere_to for rule, _item in spoken)

    def findings(self, month: Month) -> Iterator[Finding]:
        limit_of = partial(month.limits.of, self.slug, type_code=month.type_code)
        for said in self.check(month, limit_of):
            yield Finding(
                self.slug,
                said.item,
                self.severity,
                said.message,
                said.expected,
                self.cited,
                said.suggestion,
                said.suggested_cost,
            )
