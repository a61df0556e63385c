"""Quotas of the demo: invented ones, for no Chongqing text was found; made so that every band has institutions."""

from datetime import date
from decimal import Decimal

from agencies.models import AgencyType, User
from reporting.models.catalogue import Mark
from targets import actions
from targets.models import Indicator, Quota

DOCUMENT = "演示用定额（合成，非官方标准）"
VALID_FROM = date(2021, 1, 1)
KGCE_PER_KWH = Decimal("0.1229")
ENERGY_PER_AREA, ENERGY_PER_PERSON, WATER_PER_PERSON = (
    Indicator.ENERGY_PER_AREA,
    Indicator.ENERGY_PER_PERSON,
    Indicator.WATER_PER_PERSON,
)
# (type, indicator): 约束值, 基准值, 引导值.
LIMITS = {
    (AgencyType.ORGAN, ENERGY_PER_AREA): ("11.5", "10", "8.5"),
    (AgencyType.ORGAN, ENERGY_PER_PERSON): ("430", "370", "330"),
    (AgencyType.ORGAN, WATER_PER_PERSON): ("43", "40", "38"),
    (AgencyType.EDUCATION, ENERGY_PER_AREA): ("4.2", "3.5", "3"),
    (AgencyType.EDUCATION, ENERGY_PER_PERSON): ("42", "36", "30"),
    (AgencyType.EDUCATION, WATER_PER_PERSON): ("25", "24", "23"),
}


def fill():
    manager = User.objects.get(username="guanli")
    for (type_code, indicator), limits in LIMITS.items():
        constraint, benchmark, guide = map(Decimal, limits)
        quota = Quota(
            type_code=type_code,
            indicator=indicator,
            electricity_kgce_per_kwh=None if indicator == WATER_PER_PERSON else KGCE_PER_KWH,
            constraint_value=constraint,
            benchmark_value=benchmark,
            guide_value=guide,
            valid_from=VALID_FROM,
            document=DOCUMENT,
            mark=Mark.UNVERIFIED,
        )
        actions.save_plan(quota, by=manager)
