"""What a person states about one item, as a plain value between form, workbook, API and stored line."""

import hashlib
from dataclasses import astuple, dataclass, replace
from decimal import Decimal

from .models import KnownBy, Line, Payment


@dataclass(frozen=True)
class Entry:
    """What a person states about one item."""

    quantity: Decimal | None
    known_by: str = KnownBy.METERED
    cost_yuan: Decimal | None = None
    note: str = ""
    payment: str = ""

    @classmethod
    def of(cls, line):
        """What a stored line states."""
        return cls(line.quantity, line.known_by, line.cost_yuan, line.note, line.payment)

    def line(self, revision, item):
        """The same as an unsaved line."""
        return Line(
            revision=revision,
            item=item,
            quantity=self.quantity,
            unit=item.unit,
            cost_yuan=self.cost_yuan,
            known_by=self.known_by,
            payment=self.payment,
            note=self.note,
        )

    @property
    def token(self):
        """A short text that differs where anything stated differs: a browser sends back which answer it saw."""
        return hashlib.sha256(repr(astuple(self._canonical)).encode()).hexdigest()[:16]

    @property
    def _canonical(self):
        """One form of equal numbers: 1000 and 1000.0000 are the same answer."""
        quantity, cost = (
            None if each is None else f"{each.normalize():f}" for each in (self.quantity, self.cost_yuan)
        )
        return replace(
            self, quantity=quantity, cost_yuan=cost, known_by=str(self.known_by), payment=str(self.payment)
        )

    def __str__(self):
        way = KnownBy(self.known_by)
        words = [way.label if self.quantity is None else f"{self.quantity.normalize():f}"]
        if way == KnownBy.ESTIMATED:
            words.append("估算")
        if self.cost_yuan is not None:
            words.append(f"费用{self.cost_yuan.normalize():f}元")
        if self.payment:
            words.append(Payment(self.payment).label)
        if self.note:
            words.append(f"说明“{self.note}”")
        return "，".join(words)
