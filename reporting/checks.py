"""The rule engine: what contradicts itself in a month, and what looks unlikely.

Pure: statements in, findings out; form, import and review ask it alike. Source: docs/checks.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from agencies.areas import MonthArea

ZERO = Decimal(0)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or unlikely: at which item, what, and what would be accepted."""

    rule: str
    item: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Statement:
    """What was stated of an item; quantity is None where it does not apply or was not metered.

    is_absent: it does not apply, which in a sum is nothing; what was not metered is unknown.
    """

    quantity: Decimal | None
    cost_yuan: Decimal | None = None
    is_absent: bool = False


Statements = Mapping[str, Statement]


@dataclass(frozen=True)
class Earlier:
    """What was stated in an approved month before."""

    month: date
    statements: Statements


# Totals that are the sum of their parts, and totals that hold at least their parts (domain reference, section 6).
SUMS = {
    "150": ("1501", "1502"),
    "160": ("1601", "1602"),
    "PV": ("PV1", "PV2"),
    "240": ("2401", "2402", "2403"),
}
CONTAINERS = {"104": ("1041", "1042", "1043"), "103": ("1031",), "110": ("240",), "102": ("201",)}

# Unit prices in yuan per unit, outside of which a unit slip is likely (domain reference, section 6).
PRICE_BANDS = {
    "110": (Decimal("0.3"), Decimal("1.5")),
    "120": (Decimal(2), Decimal(8)),
    "140": (Decimal(2), Decimal(6)),
    "1501": (Decimal(5), Decimal(12)),
    "1502": (Decimal(5), Decimal(12)),
    "1601": (Decimal(5), Decimal(12)),
    "1602": (Decimal(5), Decimal(12)),
}
# Items that hardly move from month to month; the others follow the season and are held against last year.
STEADY = ("102", "103")
STEADY_LIMIT = Decimal("0.10")
YEAR_LIMIT = Decimal("0.30")
SLIP_FACTORS = (Decimal(1000), Decimal(10000))
SLIP_TOLERANCE = Decimal("0.5")
VEHICLE_FUEL = ("1501", "1601")

AREA = "102"
# How far the filed area may be from the register's. 1 %: what the plan asks of a figure per m² in a year (5 % in five
# years), so a denominator that is further off can make or hide a whole year's progress. And not less than 10 m², about
# one room: 1 % of a small office is a corner of it.
AREA_LIMIT = Decimal("0.01")
AREA_FLOOR_M2 = Decimal(10)
NAMED_BUILDINGS = 3


def errors(statements: Statements, required: Iterable[str], names: Mapping[str, str]) -> list[Finding]:
    """What keeps a month from being submitted. `names` maps item codes to the words a person knows them by."""
    return [
        *_missing(statements, required, names),
        *_negative(statements, names),
        *_sums(statements, names),
        *_containers(statements, names),
    ]


def warnings(
    statements: Statements,
    newest: Earlier | None,
    last_year: Statements,
    names: Mapping[str, str],
    registered: MonthArea | None = None,
) -> list[Finding]:
    """What a reviewer should look at.

    `newest` is the newest approved month before, `last_year` the same month last year where it is approved,
    `registered` the area that the register says, None where it knows no building of the agency in the month.
    """
    return [
        *register_area(statements, registered, names),
        *_prices(statements, names),
        *_steady(statements, newest, names),
        *_against_last_year(statements, last_year, names),
        *_vehicles(statements),
    ]


def register_area(
    statements: Statements, registered: MonthArea | None, names: Mapping[str, str]
) -> Iterable[Finding]:
    """The filed area against the register's."""
    if registered is None or AREA not in statements:
        return
    stated, area_m2 = statements[AREA].quantity, registered.area_m2
    if not is_off_register(stated, area_m2):
        return
    filed = "未填数量" if stated is None else f"填报 {_text(stated)} m²"
    moved = change({AREA: Statement(stated)}, {AREA: Statement(area_m2)}, AREA)
    apart = "" if moved is None else f"，相差 {_percent(moved)}"
    text = f"{names[AREA]}{filed}，名录为 {_text(area_m2)} m²（{_buildings(registered)}）{apart}。"
    advice = "请更正本月数量；名录有误的，请局管理员更正建筑或占比。"
    yield Finding("register-area", AREA, Severity.WARNING, f"{text}{advice}")


def is_off_register(filed_m2: Decimal | None, registered_m2: Decimal) -> bool:
    """Whether a filed area is further from the register's than it may be; None: stated without a quantity."""
    limit = max(AREA_LIMIT * registered_m2, AREA_FLOOR_M2)
    return filed_m2 is None or abs(filed_m2 - registered_m2) > limit


def _buildings(registered: MonthArea) -> str:
    """The first buildings with their areas, and how many there are beyond them."""
    parts = registered.parts
    named = [
        f"{part.building} {_text(part.area_m2)}"
        + ("" if part.is_whole_month else f"，{part.days}/{part.days_of_month} 日")
        for part in parts[:NAMED_BUILDINGS]
    ]
    rest = len(parts) - len(named)
    return "；".join(named) + (f"；另 {rest} 处" if rest else "")


def _missing(statements: Statements, required: Iterable[str], names: Mapping[str, str]) -> Iterable[Finding]:
    for code in required:
        if code not in statements:
            text = f"{names[code]}尚未填写。请填数量；没有此项时选“不适用”，有而未装表时选“未计量”。"
            yield Finding("required", code, Severity.ERROR, text)


def _negative(statements: Statements, names: Mapping[str, str]) -> Iterable[Finding]:
    for code, statement in statements.items():
        if statement.quantity is not None and statement.quantity < 0:
            yield Finding("not-negative", code, Severity.ERROR, f"{names[code]}不能为负，请填 0 或更大的数。")


def _sums(statements: Statements, names: Mapping[str, str]) -> Iterable[Finding]:
    for total, parts in SUMS.items():
        stated, parts_sum = _quantity(statements, total), _full_sum(statements, parts)
        if stated is not None and parts_sum is not None and stated != parts_sum:
            words = "、".join(names[part] for part in parts if part in names)
            text = f"{names[total]}应等于{words}之和 {_text(parts_sum)}，现为 {_text(stated)}。"
            yield Finding("sum", total, Severity.ERROR, text)


def _containers(statements: Statements, names: Mapping[str, str]) -> Iterable[Finding]:
    for whole, parts in CONTAINERS.items():
        stated, parts_sum = _quantity(statements, whole), _sum(statements, parts)
        if stated is not None and parts_sum is not None and stated < parts_sum:
            words = "、".join(names[part] for part in parts if part in names)
            text = f"{names[whole]} {_text(stated)} 不应小于{words}合计 {_text(parts_sum)}。"
            yield Finding("container", whole, Severity.ERROR, text)


def _prices(statements: Statements, names: Mapping[str, str]) -> Iterable[Finding]:
    for code, (low, high) in PRICE_BANDS.items():
        statement = statements.get(code)
        if statement is None or not statement.quantity or statement.cost_yuan is None:
            continue
        price = statement.cost_yuan / statement.quantity
        if not low <= price <= high:
            text = f"{names[code]}单价 {_text(price)} 元，通常在 {low}—{high} 元。请核对数量与费用的单位。"
            yield Finding("unit-price", code, Severity.WARNING, text)


def _steady(statements: Statements, newest: Earlier | None, names: Mapping[str, str]) -> Iterable[Finding]:
    """Against the newest approved month, not only last month: a returned or missing month hides no jump."""
    if newest is None:
        return
    for code in STEADY:
        moved = change(statements, newest.statements, code)
        if moved is not None and abs(moved) > STEADY_LIMIT:
            words = f"{names[code]}比{newest.month.year}年{newest.month.month}月变化 {_percent(moved)}"
            text = f"{words}，超过 10 %。请核对，并在说明中写明原因。"
            yield Finding("steady", code, Severity.WARNING, text)


def _against_last_year(
    statements: Statements, last_year: Statements, names: Mapping[str, str]
) -> Iterable[Finding]:
    for code in (*PRICE_BANDS, "130", "105", "170"):
        moved = change(statements, last_year, code)
        if moved is None or abs(moved) <= YEAR_LIMIT:
            continue
        factor = slip(1 + moved)
        if factor:
            text = f"{names[code]}约为上年同月的 {factor}，疑为单位填错（如万kWh 与 kWh）。"
            yield Finding("unit-slip", code, Severity.WARNING, text)
        else:
            text = f"{names[code]}比上年同月变化 {_percent(moved)}，超过 30 %。"
            yield Finding("last-year", code, Severity.WARNING, text)


def _vehicles(statements: Statements) -> Iterable[Finding]:
    cars, fuel = _quantity(statements, "104"), _sum(statements, VEHICLE_FUEL)
    if cars == ZERO and fuel:
        text = f"车辆总量为 0，却有车辆用油 {_text(fuel)} L。"
        yield Finding("fuel-without-vehicle", "104", Severity.WARNING, text)


def _quantity(statements: Statements, code: str) -> Decimal | None:
    return statements[code].quantity if code in statements else None


def _sum(statements: Statements, codes: Iterable[str]) -> Decimal | None:
    """Sum of the parts that are known; None where none is."""
    known = [value for value in (_quantity(statements, code) for code in codes) if value is not None]
    return sum(known, ZERO) if known else None


def _full_sum(statements: Statements, codes: Iterable[str]) -> Decimal | None:
    """Sum of the parts that are stated, what does not apply as nothing; None where one is unknown or none is stated."""
    given = [statements[code] for code in codes if code in statements]
    values = [ZERO if statement.is_absent else statement.quantity for statement in given]
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known and len(known) == len(values) else None


def change(statements: Statements, earlier: Statements, code: str) -> Decimal | None:
    """How an item moved, as a fraction of what it was; None where either is unknown or it was zero."""
    now, then = _quantity(statements, code), _quantity(earlier, code)
    return None if now is None or not then else now / then - 1


def slip(ratio: Decimal) -> str | None:
    """The factor of 10³ or 10⁴ that the ratio comes near to, in words."""
    for factor in SLIP_FACTORS:
        if abs(ratio / factor - 1) < SLIP_TOLERANCE:
            return f"{factor} 倍"
        if abs(ratio * factor - 1) < SLIP_TOLERANCE:
            return f"1/{factor}"
    return None


def _text(value: Decimal) -> str:
    rounded = value.quantize(Decimal("0.0001"), ROUND_HALF_UP).normalize()
    return f"{rounded:,f}"


def _percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):+f} %".replace("-", "−")
