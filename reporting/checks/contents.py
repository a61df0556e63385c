"""What a month says of itself: answers, sums, and cost beside quantity."""

from collections.abc import Iterator

from .month import Month, Statement
from .rule import LimitOf, Said
from .words import text

# Totals that are the sum of their parts, and totals that hold at least their parts (domain reference, section 6).
SUMS = {
    "150": ("1501", "1502"),
    "160": ("1601", "1602"),
    "PV": ("PV1", "PV2"),
    "240": ("2401", "2402", "2403"),
}
CONTAINERS = {"104": ("1041", "1042", "1043"), "103": ("1031",), "110": ("240",), "102": ("201",)}
# What is paid for (the items with a cost code), fuels by their parts.
PAID = ("110", "120", "130", "140", "105", "1501", "1502", "1601", "1602", "170", "180")


def required(month: Month, _limit: LimitOf) -> Iterator[Said]:
    for code in month.required:
        if code not in month.statements:
            words = f"{month.name(code)}尚未填写。请填数量；没有此项时选“不适用”，有而未装表时选“未计量”。"
            yield Said(code, words, "数量、“不适用”或“未计量”")


def not_negative(month: Month, _limit: LimitOf) -> Iterator[Said]:
    for code, statement in month.statements.items():
        if statement.quantity is not None and statement.quantity < 0:
            yield Said(code, f"{month.name(code)}不能为负，请填 0 或更大的数。", "0 或更大的数")


def sums(month: Month, _limit: LimitOf) -> Iterator[Said]:
    for total, parts in SUMS.items():
        stated, whole = month.quantity(total), month.full_sum(parts)
        if stated is not None and whole is not None and stated != whole:
            words = f"{month.name(total)}应等于{month.named(parts)}之和 {text(whole)}，现为 {text(stated)}。"
            yield Said(total, words, f"{text(whole)} {month.unit(total)}".strip())


def containers(month: Month, _limit: LimitOf) -> Iterator[Said]:
    for whole, parts in CONTAINERS.items():
        stated, inside = month.quantity(whole), month.sum(parts)
        if stated is not None and inside is not None and stated < inside:
            words = f"{month.name(whole)} {text(stated)} 不应小于{month.named(parts)}合计 {text(inside)}。"
            yield Said(whole, words, f"不低于 {text(inside)} {month.unit(whole)}".strip())


def cost_beside_quantity(month: Month, _limit: LimitOf) -> Iterator[Said]:
    """Quantity and cost go together; where one is missing, one of the four cases has to be stated."""
    for code in PAID:
        statement = month.statements.get(code)
        if statement and (fault := _fault_of_cost(statement)):
            words, expected = fault
            yield Said(code, f"{month.name(code)}{words}", expected)


def _fault_of_cost(statement: Statement) -> tuple[str, str] | None:
    """计量付费 has both, 计量不付费 a quantity, 不计量付费 a cost, 不计量不付费 neither; zero may cost nothing."""
    if statement.is_absent or statement.quantity == 0:
        word = "不适用" if statement.is_absent else "数量为 0"
        expected = "没有费用，或填写数量"
        return (
            (f"{word}，却有费用 {text(statement.cost_yuan)} 元。", expected) if statement.cost_yuan else None
        )
    if statement.cost_yuan is not None or statement.is_paid is False:
        return None
    if statement.is_paid:
        return "选了“付费”，但没有费用。请补填费用，或写明原因。", "费用（元）"
    word = "未计量" if statement.quantity is None else "有数量"
    return f"{word}而没有费用。请填费用，或选“不付费”。", "费用（元）或“不付费”"
