"""A month as the rules see it: what is stated, whose it is, and what was stated beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from agencies.areas import MonthArea

from .limits import Limits

ZERO = Decimal(0)


@dataclass(frozen=True)
class Statement:
    """What was stated of an item; quantity is None where it does not apply or was not metered.

    is_absent: it does not apply, which in a sum is nothing; what was not metered is unknown.
    is_paid: whether the institution pays for it, None where nobody said.
    """

    quantity: Decimal | None
    cost_yuan: Decimal | None = None
    is_absent: bool = False
    is_paid: bool | None = None


Statements = Mapping[str, Statement]


@dataclass(frozen=True)
class Earlier:
    """What was stated in an approved month before."""

    month: date
    statements: Statements


@dataclass(frozen=True)
class Month:
    """Everything that a rule may ask; a rule that needs more gets it here.

    names, units: of the items, by code. required: the codes that the edition asks for. today: the day of the check.
    closed_on: the institution's last day in the register. newest: the newest approved month within the year before;
    last_month, last_year: what was approved for those months, empty where nothing was.
    twins: how many other institutions filed the same figures for this month. registered: the month's floor area by the
    register, None where it knows no building of the institution.
    """

    statements: Statements
    names: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    day: date = date.min
    today: date = date.max
    type_code: str = ""
    closed_on: date | None = None
    newest: Earlier | None = None
    last_month: Statements = field(default_factory=dict)
    last_year: Statements = field(default_factory=dict)
    twins: int = 0
    registered: MonthArea | None = None
    limits: Limits = field(default_factory=Limits)

    def name(self, code: str) -> str:
        return self.names.get(code, code)

    def named(self, codes: Iterable[str]) -> str:
        """The names of these items in a row."""
        return "、".join(self.names[code] for code in codes if code in self.names)

    def unit(self, code: str) -> str:
        return self.units.get(code, "")

    def quantity(self, code: str) -> Decimal | None:
        return quantity(self.statements, code)

    def sum(self, codes: Iterable[str]) -> Decimal | None:
        """Sum of the parts that are known; None where none is."""
        known = [value for value in (self.quantity(code) for code in codes) if value is not None]
        return sum(known, ZERO) if known else None

    def full_sum(self, codes: Iterable[str]) -> Decimal | None:
        """Sum of the stated parts, what does not apply as nothing; None where one is unknown or none is stated."""
        given = [self.statements[code] for code in codes if code in self.statements]
        values = [ZERO if statement.is_absent else statement.quantity for statement in given]
        known = [value for value in values if value is not None]
        return sum(known, ZERO) if known and len(known) == len(values) else None

    def price(self, code: str) -> Decimal | None:
        """Yuan per unit, where a positive quantity and a cost are stated and it is not said to be unpaid."""
        statement = self.statements.get(code)
        if statement is None or not statement.quantity or statement.cost_yuan is None:
            return None
        return None if statement.is_paid is False else statement.cost_yuan / statement.quantity


def quantity(statements: Statements, code: str) -> Decimal | None:
    return statements[code].quantity if code in statements else None


def change(statements: Statements, earlier: Statements, code: str) -> Decimal | None:
    """How an item moved, as a fraction of what it was; None where either is unknown or it was zero."""
    now, then = quantity(statements, code), quantity(earlier, code)
    return None if now is None or not then else now / then - 1
