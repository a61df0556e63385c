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


@dataclass(frozen=True)
class Edit:
    """An answer to be stored: what is stated (None takes it back), the token of what it replaces, "" for nothing, and
    the reason for the item's doubts; None leaves the reasons as they are.
    """

    entry: Entry | None
    seen: str
    reason: str | None = None


def fault(entry, unit):
    """What contradicts itself within one answer, as a sentence that says what would be accepted, or None."""
    way = KnownBy(entry.known_by)
    if entry.payment == Payment.UNPAID and entry.cost_yuan:
        return "选了“不付费”就不能有费用：请清空费用，或改选“付费”。"
    if entry.quantity is not None:
        sentence = f"选了“{way.label}”就不能有数量：请清空数量，或改选“计量”“估算”。"
        return None if way.has_quantity else sentence
    if way == KnownBy.NOT_APPLICABLE and entry.cost_yuan:
        return "选了“不适用”就不能有费用：有此项而未装表时，请选“未计量”。"
    if way.has_quantity:
        return f"请填写数量（{unit}）；没有此项时选“不适用”，有而未装表时选“未计量”。"
    return None
