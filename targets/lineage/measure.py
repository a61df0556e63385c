"""The figures that can be asked about: what each divides by what, in words and by its place in the kernels."""

from dataclasses import dataclass

from django.db.models import F

from ..indicators import INDICATORS, QUANTITIES, STOCKS

ENERGY, CARBON, WATER, AREA, PEOPLE = "energy", "carbon", "water", "area", "people"
VEHICLE_FUEL = "kg_co2_vehicle_fuel"
_AREA = ("建筑面积（各月平均）", "m²", "floor_area_m2")
_PEOPLE = ("用能人数（各月平均）", "人", "people")


@dataclass(frozen=True)
class Measure:
    """quantity: the row of QUANTITIES that is summed; denominator: (name, unit, row of QUANTITIES) or None."""

    slug: str
    label: str
    unit: str
    nature: str
    numerator: str
    numerator_unit: str
    quantity: str
    denominator: tuple[str, str, str] | None = None

    @property
    def is_indicator(self):
        return self.slug in INDICATORS

    @property
    def row(self):
        """The place among INDICATORS, or among QUANTITIES for a total."""
        return INDICATORS.index(self.slug) if self.is_indicator else QUANTITIES.index(self.slug)

    @property
    def denominator_word(self):
        return {_AREA: "面积", _PEOPLE: "人数"}.get(self.denominator)

    @property
    def is_stock(self):
        return self.slug in STOCKS

    def leaves_out_vehicle_fuel(self, boundary):
        """Whether the rule set takes vehicle fuel out of this figure: only the two per square metre ask."""
        if not self.is_indicator or self.denominator != _AREA:
            return False
        inside = {
            ENERGY: boundary.has_vehicle_fuel_in_energy_per_m2,
            CARBON: boundary.has_vehicle_fuel_in_carbon_per_m2,
        }
        return not inside[self.nature]

    def formula(self, boundary):
        """The formula in words, a Chinese sentence."""
        if self.is_stock:
            return f"{self.label} = 各月{self.numerator}之和 ÷ 月数"
        out = "（不含车辆用油）" if self.leaves_out_vehicle_fuel(boundary) else ""
        top = f"{self.label} = 各月{self.numerator}{out}之和"
        return f"{top} ÷ {self.denominator[0]}" if self.denominator else top

    def contribution(self, boundary):
        """What an owner's stored row adds to the numerator, as a database expression: for sorting only."""
        fuel = "kgce_vehicle_fuel" if self.nature == ENERGY else "kg_co2_vehicle_fuel"
        return F(self.quantity) - F(fuel) if self.leaves_out_vehicle_fuel(boundary) else F(self.quantity)


_CARBON_TARGET = (CARBON, "碳排放（考核口径）", "kgCO₂", "kg_co2_target")
_CARBON_INVENTORY = (CARBON, "碳排放（清单口径）", "kgCO₂", "kg_co2_inventory")
_ENERGY = (ENERGY, "综合能耗", "kgce", "kgce")
_WATER = (WATER, "用水量", "m³", "water_m3")

MEASURES = {
    each.slug: each
    for each in (
        Measure("kgce_per_m2", "单位建筑面积能耗", "kgce/m²", *_ENERGY, _AREA),
        Measure("kg_co2_per_m2", "单位建筑面积碳排放（考核口径）", "kgCO₂/m²", *_CARBON_TARGET, _AREA),
        Measure("kgce_per_person", "人均综合能耗", "kgce/人", *_ENERGY, _PEOPLE),
        Measure("m3_per_person", "人均用水量", "m³/人", *_WATER, _PEOPLE),
        Measure("kg_co2_per_m2_inv", "单位建筑面积碳排放（清单口径）", "kgCO₂/m²", *_CARBON_INVENTORY, _AREA),
        Measure("kgce", "综合能耗总量", "kgce", *_ENERGY),
        Measure("kg_co2_target", "碳排放总量（考核口径）", "kgCO₂", *_CARBON_TARGET),
        Measure("kg_co2_inventory", "碳排放总量（清单口径）", "kgCO₂", *_CARBON_INVENTORY),
        Measure(
            "kg_co2_vehicle_fuel", "车辆用油碳排放", "kgCO₂", CARBON, "车辆用油碳排放", "kgCO₂", VEHICLE_FUEL
        ),
        Measure("water_m3", "用水总量", "m³", *_WATER),
        Measure("floor_area_m2", "建筑面积", "m²", AREA, "建筑面积", "m²", "floor_area_m2"),
        Measure("people", "用能人数", "人", PEOPLE, "用能人数", "人", "people"),
    )
}
