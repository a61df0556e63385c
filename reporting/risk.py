"""How much a month is worth a reviewer's look: a product of four factors, each with its sentence.

    risk = stake × anomalies × history × evidence

- stake, tce: the larger of what was used in the earlier month and what is stated now. Reporting too little puts the
  former at risk, reporting too much the latter: a slip upward by 10⁴ enters the sums at its full size.
- anomalies: 0.1 + Σ weights of the doubts: 1 each, 2 for a jump, 3 for a likely slip of the unit. Without any the
  month keeps a tenth of its stake: large ones come before small ones, and one doubt outweighs size tenfold.
- history: 1 + share of the decided months of the last twelve that were returned or handed in late, 1 to 2. Of whom
  nothing was decided yet nothing is known: half.
- evidence: 1 + share of the month's main items with a meter or a bill that have no document, 1 to 2.

It orders a queue; it says nothing about whether a figure is right. Pure: plain numbers, no Django.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

KG_PER_TONNE = 1000
# What is left of a month's stake where nothing is doubtful.
CALM = Decimal("0.1")
DOUBT, JUMP, SLIP = Decimal(1), Decimal(2), Decimal(3)
JUMPS, SLIPS = frozenset({"data-error"}), frozenset({"unit-slip", "cost-slip"})
MONTHS_BACK = 12
# Nothing is known of a filer of whom nothing was decided: neither good nor bad.
UNKNOWN_SHARE = Decimal("0.5")
# The items that come with a meter or a bill, as a sentence names them.
MAIN = {
    "110": "电",
    "120": "水",
    "130": "煤炭",
    "140": "天然气",
    "105": "液化石油气",
    "1501": "车辆汽油",
    "1601": "车辆柴油",
    "170": "热力",
}
# From this much a year an institution must have its energy audited (令第32号): what it files is looked at one by one.
AUDITED_TCE_A_YEAR = Decimal(500)
# Such an institution's month at its calmest: no doubt, nothing returned, every document there. Quiet is below it.
QUIET_BELOW = (AUDITED_TCE_A_YEAR / 12 * CALM).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Facts:
    """What is known of a month in review.

    earlier_tce, earlier: energy of the earlier month and which it is, None and "" where none is approved; stated_tce:
    None where it is unknown. doubts counts all, jumps and slips those of them. decided: months of the last twelve;
    troubled: those returned or late, each once. asked: main items with a meter or a bill; lacking: their codes without
    a document.
    """

    earlier_tce: Decimal | None = None
    earlier: str = ""
    stated_tce: Decimal | None = None
    doubts: int = 0
    jumps: int = 0
    slips: int = 0
    decided: int = 0
    returned: int = 0
    late: int = 0
    troubled: int = 0
    asked: int = 0
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factor:
    """A factor and the sentence that explains it; value None: unknown."""

    name: str
    value: Decimal | None
    words: str


def factors(facts: Facts) -> tuple[Factor, Factor, Factor, Factor]:
    return _stake(facts), _anomalies(facts), _history(facts), _evidence(facts)


def score(facts: Facts) -> Decimal | None:
    """The product, unrounded, in weighted tce; None where the stake is unknown."""
    stake, *others = (factor.value for factor in factors(facts))
    product = stake
    for value in others:
        product = None if product is None or value is None else product * value
    return product


def energy_tce(month: NDArray[np.float64], kgce_per_unit: NDArray[np.float64]) -> Decimal | None:
    """Energy of a month of a panel, shape (items,), in tce to four places: at least that much where items are unknown.

    kgce_per_unit, shape (items,), as in reporting.accounting.kernel. None where of nothing that counts a quantity is
    known. Raises ValueError where the shapes differ.
    """
    if month.shape != kgce_per_unit.shape:
        raise ValueError(f"{month.shape} items do not fit {kgce_per_unit.shape} weights.")
    counted = np.flatnonzero(kgce_per_unit)
    total = float(np.nansum(month[counted] * kgce_per_unit[counted]))
    if total == 0 and np.isnan(month[counted]).any():
        return None
    return Decimal(str(total / KG_PER_TONNE)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def counts(rules: list[str]) -> dict[str, int]:
    """Doubts by kind, as Facts takes them. rules: the slugs of the rules that spoke, one for each place."""
    return {
        "doubts": len(rules),
        "jumps": sum(rule in JUMPS for rule in rules),
        "slips": sum(rule in SLIPS for rule in rules),
    }


def _stake(facts: Facts) -> Factor:
    known = [each for each in (facts.earlier_tce, facts.stated_tce) if each is not None]
    return Factor("规模", max(known, default=None), _stake_words(facts))


def _stake_words(facts: Facts) -> str:
    earlier, stated = facts.earlier_tce, facts.stated_tce
    if earlier is None:
        return "用能未知" if stated is None else f"填报用能 {_tce(stated)}，没有以前的月份可比"
    if stated is None or stated <= earlier:
        return f"预计用能 {_tce(earlier)}（{facts.earlier}）"
    return f"填报用能 {_tce(stated)}，{facts.earlier} {_tce(earlier)}"


def _anomalies(facts: Facts) -> Factor:
    plain = facts.doubts - facts.jumps - facts.slips
    weight = plain * DOUBT + facts.jumps * JUMP + facts.slips * SLIP
    kinds = ((facts.slips, "量级"), (facts.jumps, "突变"))
    of_them = "、".join(f"{name} {count} 项" for count, name in kinds if count)
    words = f"疑问 {facts.doubts} 项" + (f"，其中{of_them}" if of_them else "")
    return Factor("疑问", CALM + weight, words if facts.doubts else "没有疑问")


def _history(facts: Facts) -> Factor:
    if not facts.decided:
        return Factor("以往", 1 + UNKNOWN_SHARE, f"近 {MONTHS_BACK} 月没有审核记录，按一半计")
    share = Decimal(facts.troubled) / facts.decided
    kinds = ((facts.returned, "退回"), (facts.late, "逾期"))
    words = "、".join(f"{name} {count} 次" for count, name in kinds if count) or "没有退回或逾期"
    return Factor("以往", 1 + share, f"近 {MONTHS_BACK} 月审过 {facts.decided} 月，{words}")


def _evidence(facts: Facts) -> Factor:
    if not facts.asked:
        return Factor("凭证", Decimal(1), "没有须附凭证的用量")
    names = "、".join(MAIN[code] for code in facts.lacking)
    share = Decimal(len(facts.lacking)) / facts.asked
    return Factor("凭证", 1 + share, f"缺凭证：{names}" if names else "凭证齐全")


def _tce(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):,} tce"
