"""What the rivals compute, said once more and apart from the product: docs/figures.md in names and expressions."""

FLOWS = (
    "kgce", "kgce_vehicle_fuel", "kg_co2_target", "kg_co2_inventory", "kg_co2_vehicle_fuel", "water_m3",
)  # fmt: skip
STOCKS = ("floor_area_m2", "people")
QUANTITIES = FLOWS + STOCKS

# Indicator → numerator and denominator under the rule set chongqing-2015; SQL and pandas read the expressions alike.
INDICATORS = {
    "kgce_per_m2": ("kgce - kgce_vehicle_fuel", "floor_area_m2"),
    "kg_co2_per_m2": ("kg_co2_target", "floor_area_m2"),
    "kgce_per_person": ("kgce", "people"),
    "m3_per_person": ("water_m3", "people"),
    "kg_co2_per_m2_inv": ("kg_co2_inventory", "floor_area_m2"),
}
MEASURES = (
    "", "_base", "_change", "_base_filed", "_change_filed", "_denominator", "_yoy", "_rolling", "_roll_change",
    "_low", "_high",
)  # fmt: skip
MEASURE_COLUMNS = tuple(f"{indicator}{measure}" for indicator in INDICATORS for measure in MEASURES)
MISSING_SPREAD = 0.3
LOW, HIGH = 1 - MISSING_SPREAD, 1 + MISSING_SPREAD

# What a line's quantity is multiplied with; the carbon of electricity comes in with the grid factor of the year.
WEIGHTS = (
    "kgce", "kgce_vehicle_fuel", "kg_co2_fuel", "kg_co2_vehicle_fuel", "grid_kwh", "water_m3", "floor_area_m2",
    "people",
)  # fmt: skip
STATES = ("expected", "approved", "submitted")
