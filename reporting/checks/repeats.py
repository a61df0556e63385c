"""Figures that were copied: all that was used the same as the month before, or as another institution's."""

from collections.abc import Iterator
from decimal import Decimal

from .month import Month, Statements
from .rule import LimitOf, Said
from .slips import USED

# The item at which a finding about the whole month stands: the first of the form.
WHOLE_MONTH = "110"
# One equal number may be chance.
FEWEST = 2


def figures(statements: Statements) -> dict[str, Decimal]:
    """What was used, item → positive quantity: what a copy has in common with its original."""
    return {
        code: quantity
        for code in USED
        if code in statements and (quantity := statements[code].quantity) is not None and quantity > 0
    }


def is_telling(used: dict[str, Decimal]) -> bool:
    """Whether these figures are enough to know a copy by."""
    return len(used) >= FEWEST


def same_as_last_month(month: Month, _limit: LimitOf) -> Iterator[Said]:
    used = figures(month.statements)
    if is_telling(used) and used == figures(month.last_month):
        words = f"{month.named(used)}与上月完全相同，疑为照抄上月。请按本月抄表或账单填写。"
        yield Said(WHOLE_MONTH, words, "本月自己的数")


def same_as_another(month: Month, _limit: LimitOf) -> Iterator[Said]:
    """Without the other's name: who files does not see the figures of others."""
    if month.twins:
        used = figures(month.statements)
        words = f"{month.named(used)}与本月另外 {month.twins} 个机构完全相同，疑为误填他处数据。请核对。"
        yield Said(WHOLE_MONTH, words, "本机构自己的数")
