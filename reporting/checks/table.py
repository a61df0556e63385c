"""All rules in one table; docs/checks.md shows the same, held against it by a test."""

from collections.abc import Iterable

from . import changes, contents, dates, intensity, prices, register, repeats, slips, vehicles
from .limits import Limit, Limits, Place
from .rule import Rule, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING
REGIME = "公共机构能源资源消费统计调查制度"
PORTAL = "平台约定"
DEFAULTS = "平台默认值，待局核定"
GUANGDONG = "广东省2021年公共机构能耗均值"
_CHANGE = {"high": "变化超过（%）", "floor": "最小变化量（指标单位）"}
_GROUND_OF_FLOORS = (
    "最小变化量约合当月 0.1 tce（800 kWh）：全年 1.2 tce，不到重点用能单位门槛 500 tce 的 0.3 %；"
    "水为 100 m³，约 20 人一个月的用量。某市按一律 10 % 提示，2 080 个机构中有 1 844 个被提示。"
)
_SLIP = frozenset({"unit-slip"})
_SLIPS = _SLIP | {"cost-slip"}
_DOUBTS = _SLIPS | {"data-error"}


def _yearly(unit: str) -> dict[str, str]:
    return {"low": f"折合全年下限（{unit}）", "high": f"折合全年上限（{unit}）"}


_ALL = (
    Rule(
        "required", "必答项未填", ERROR, REGIME, "B",
        "制度版本要求的指标没有回答（数量、不适用或未计量）", contents.required,
    ),
    Rule("not-negative", "数量为负", ERROR, REGIME, "B", "数量小于 0", contents.not_negative),
    Rule(
        "sum", "合计不等于分项", ERROR, REGIME, "B",
        "150 = 1501 + 1502，160 = 1601 + 1602，PV = PV1 + PV2，240 = 2401 + 2402 + 2403", contents.sums,
    ),
    Rule(
        "container", "部分大于总量", ERROR, REGIME, "B",
        "104 ≥ 1041 + 1042 + 1043，103 ≥ 1031，110 ≥ 240，102 ≥ 201", contents.containers,
    ),
    Rule("future-month", "月份尚未结束", ERROR, PORTAL, "", "提交时该月的最后一天还没有到", dates.future),
    Rule("closed-month", "机构已退出名录", ERROR, PORTAL, "", "月份晚于机构退出名录的日期", dates.after_closing),
    Rule(
        "cost", "数量与费用不齐", WARNING, REGIME, "B",
        "有数量无费用、有费用无数量，又未说明计量、付费属于哪一种", contents.cost_beside_quantity,
    ),
    Rule(
        "unit-slip", "数量单位疑似填错", WARNING, PORTAL, "",
        "与上年同月、上月或最近一月，或按费用折算的用量，或同类常见用量相差 10³ 或 10⁴ 倍", slips.unit_slip,
    ),
    Rule(
        "cost-slip", "费用单位疑似填错", WARNING, PORTAL, "",
        "单价低到 10³ 或 10⁴ 分之一，疑为按万元填写", slips.cost_slip,
    ),
    Rule(
        "unit-price", "单价异常", WARNING, DEFAULTS, "U", "每单位费用在通常范围之外", prices.unit_price,
        items=prices.PRICED, meaning={"low": "单价下限（元）", "high": "单价上限（元）"}, limit_unit="元",
        shipped=prices.BANDS,
        ground="电 0.3—1.5，水 2—8，天然气 2—6，汽油和柴油 5—12 元；未找到官方文本。", yields_to=_SLIPS,
    ),
    Rule(
        "data-error", "疑似数据错误", WARNING, DEFAULTS, "U",
        "比上年同月（没有时比上月）增加超过 200 %，或减少到三分之一以下", changes.data_error,
        items=slips.USED, shipped=changes.ERROR_LIMITS, ground=_GROUND_OF_FLOORS, yields_to=_SLIPS,
        meaning=_CHANGE | {"high": "增加超过（%），或减少同样倍数"}, limit_unit="%",
    ),
    Rule(
        "last-year", "比上年同月变化大", WARNING, DEFAULTS, "U", "比上年同月变化超过 30 %",
        changes.against_last_year, items=slips.USED, meaning=_CHANGE, limit_unit="%", shipped=changes.USUAL_LIMITS,
        ground=_GROUND_OF_FLOORS, yields_to=_DOUBTS,
    ),
    Rule(
        "last-month", "比上月变化大", WARNING, DEFAULTS, "U",
        "比上月变化超过 30 %；上年同月已知时由它判断，季节变化不重复提示",
        changes.against_last_month, items=slips.USED, meaning=_CHANGE, limit_unit="%", shipped=changes.USUAL_LIMITS,
        ground=_GROUND_OF_FLOORS, yields_to=_DOUBTS,
    ),
    Rule(
        "steady", "面积或人数变化大", WARNING, DEFAULTS, "U",
        "建筑面积、用能人数比一年内最近已通过的月份变化超过 10 %", changes.steady,
        items=slips.STEADY, meaning=_CHANGE, limit_unit="%", shipped=changes.STEADY_LIMITS, yields_to=_SLIPS,
        ground="最小变化量：面积 10 m²（一间办公室），人数 3 人。",
    ),
    Rule(
        "register-area", "建筑面积与名录不符", WARNING, PORTAL, "",
        "填报的建筑面积与名录中占用的面积相差超过 1 %，或未填数量", register.register_area,
        items=(register.AREA,), meaning={"high": "相差超过（%）", "floor": "最小相差（m²）"}, limit_unit="%",
        shipped=register.LIMITS,
        ground="1 % 相当于方案对单位面积指标一年的要求（五年 5 %）；10 m² 约为一间办公室。",
    ),
    Rule(
        "energy-per-area", "单位面积能耗异常", WARNING, GUANGDONG, "A",
        "单位建筑面积能耗（不含车辆用油）折合全年超出同类均值的三分之一到三倍", intensity.energy_per_area,
        items=("102",), meaning=_yearly("kgce/m²"), limit_unit="kgce/m²", shipped=intensity.bands("102", 0),
        ground="同类均值除以 3 到乘以 3，kgce/m²；科技、其他事业单位没有公布均值，不检查。",
        yields_anywhere_to=_SLIP,
    ),
    Rule(
        "energy-per-person", "人均能耗异常", WARNING, GUANGDONG, "A",
        "人均综合能耗折合全年超出同类均值的三分之一到三倍", intensity.energy_per_person,
        items=("103",), meaning=_yearly("kgce/人"), limit_unit="kgce/人", shipped=intensity.bands("103", 1),
        ground="同类均值除以 3 到乘以 3，kgce/人。", yields_anywhere_to=_SLIP,
    ),
    Rule(
        "water-per-person", "人均用水异常", WARNING, GUANGDONG, "A",
        "人均用水量折合全年超出同类均值的三分之一到三倍", intensity.water_per_person,
        items=("120",), meaning=_yearly("m³/人"), limit_unit="m³/人", shipped=intensity.bands("120", 2),
        ground="同类均值除以 3 到乘以 3，m³/人。", yields_anywhere_to=_SLIP,
    ),
    Rule(
        "fuel-without-vehicle", "无车却有车辆用油", WARNING, PORTAL, "", "车辆总量为 0 而有车辆用油",
        vehicles.fuel_without_vehicle,
    ),
    Rule(
        "vehicle-without-fuel", "有燃油车却无用油", WARNING, PORTAL, "", "有燃油车而车辆用油为 0 或不适用",
        vehicles.vehicle_without_fuel,
    ),
    Rule(
        "same-as-last-month", "与上月完全相同", WARNING, PORTAL, "", "各项用量（至少两项）都与上月相同",
        repeats.same_as_last_month,
    ),
    Rule(
        "same-as-another", "与另一机构完全相同", WARNING, PORTAL, "",
        "各项用量（至少两项，含电）都与另一机构本月相同", repeats.same_as_another,
    ),
)  # fmt: skip
RULES = {rule.slug: rule for rule in _ALL}
_SHIPPED = tuple(
    (Place(rule.slug, item, type_code), limit)
    for rule in _ALL
    for (item, type_code), limit in rule.shipped.items()
)


def limits_with(set_by_bureau: Iterable[tuple[Place, Limit]] = ()) -> Limits:
    """The shipped limits with those that the bureau set, the oldest first."""
    return Limits((*_SHIPPED, *set_by_bureau))
