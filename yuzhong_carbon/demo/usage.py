"""Invented months: what each institution of the demo used, shaped by type, season and its own course."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from .district import SEED

# Monthly share of a year's electricity in a city with hot summers and mild winters, January first.
COOLING = np.array([1.05, 0.92, 0.82, 0.78, 0.88, 1.08, 1.36, 1.40, 1.12, 0.82, 0.82, 0.95])
FLAT = np.ones(12)
SCHOOL_YEAR = np.array([0.75, 0.55, 1.10, 1.10, 1.15, 1.20, 0.65, 0.45, 1.25, 1.15, 1.15, 1.15])
HEATING = np.array([1.35, 1.20, 1.05, 0.90, 0.85, 0.80, 0.78, 0.78, 0.85, 0.95, 1.10, 1.39])


@dataclass(frozen=True)
class Profile:
    """A type's typical year: area m², people per m², kWh/m², gas m³/m², water m³/person, cars and litres each."""

    area_m2: tuple[int, int]
    people_per_m2: float
    kwh_per_m2: float
    gas_per_m2: float
    water_per_person: float
    cars: tuple[int, int]
    season: np.ndarray


PROFILES = {
    "office": Profile((2_000, 14_000), 0.028, 72.0, 0.9, 42.0, (1, 7), COOLING),
    "station": Profile((3_000, 18_000), 0.030, 84.0, 1.2, 48.0, (8, 30), COOLING),
    "school": Profile((6_000, 28_000), 0.095, 22.0, 0.55, 26.0, (0, 2), SCHOOL_YEAR),
    "kindergarten": Profile((1_200, 5_000), 0.11, 24.0, 0.9, 24.0, (0, 1), SCHOOL_YEAR),
    "hospital": Profile((12_000, 60_000), 0.055, 96.0, 3.2, 52.0, (3, 9), COOLING),
    "clinic": Profile((1_500, 7_000), 0.045, 62.0, 1.1, 38.0, (1, 3), COOLING),
    "venue": Profile((3_000, 22_000), 0.12, 70.0, 0.3, 9.0, (0, 2), COOLING),
}

# The course of each institution: yearly change of electricity, gas, water and people, and how common it is.
COURSES = (
    ("ahead", 0.40, (-0.017, -0.036, -0.0146, 0.0012)),
    ("on path", 0.35, (-0.009, -0.018, -0.0077, 0.0006)),
    ("behind", 0.20, (0.004, -0.005, 0.003, -0.0012)),
    ("growing", 0.05, (0.022, 0.012, 0.015, 0.0024)),
)
PRICES = {"110": 0.62, "120": 4.2, "140": 2.65, "1501": 7.9, "1601": 7.6, "105": 6.5}


@dataclass(frozen=True)
class Shape:
    """What stays the same for an institution over the years."""

    profile: Profile
    area_m2: float
    people: float
    level: float
    trends: tuple[float, float, float, float]
    cars: int
    diesel_cars: int
    organ_staff: float
    pv_kw: float
    uses_lpg: bool


def shape_of(institution, number):
    """The same for the same place in the register, whatever else is generated."""
    random = np.random.default_rng([SEED, number])
    profile = PROFILES[institution.profile]
    area_m2 = float(np.round(random.uniform(*profile.area_m2), 0))
    course = random.choice(len(COURSES), p=[course[1] for course in COURSES])
    cars = int(random.integers(profile.cars[0], profile.cars[1] + 1))
    return Shape(
        profile=profile,
        area_m2=area_m2,
        people=max(8.0, np.round(area_m2 * profile.people_per_m2 * random.uniform(0.8, 1.2))),
        level=random.uniform(0.75, 1.3),
        trends=COURSES[course][2],
        cars=cars,
        diesel_cars=cars // 5,
        organ_staff=random.uniform(0.6, 0.9),
        pv_kw=float(random.choice([0, 0, 0, 0, 30, 80])),
        uses_lpg=bool(institution.profile == "clinic" and random.random() < 0.3),
    )


def month_of(shape: Shape, month: date, number: int) -> dict[str, float]:
    """Item code → quantity of one month; what does not apply is left out."""
    random = np.random.default_rng([SEED, number, month.year, month.month])
    years = month.year - 2020 + (month.month - 1) / 12
    electricity, gas, water, people = (1 + trend * years for trend in shape.trends)
    at = month.month - 1
    heat_wave = 1.06 if month.year in (2022, 2024) and month.month in (7, 8) else 1.0
    profile = shape.profile
    persons = np.round(shape.people * people)
    cars = _cars(shape, month)
    values = {
        "110": shape.area_m2
        * profile.kwh_per_m2
        * shape.level
        / 12
        * profile.season[at]
        * electricity
        * heat_wave,
        "140": shape.area_m2 * profile.gas_per_m2 * shape.level / 12 * HEATING[at] * gas,
        "120": persons * profile.water_per_person / 12 * (0.6 + 0.4 * profile.season[at]) * water,
        "1501": cars["1041"] * random.uniform(70, 120),
        "1601": cars["1042"] * random.uniform(60, 110),
    }
    values = {code: value * random.normal(1.0, 0.015) for code, value in values.items() if value > 0}
    if shape.uses_lpg:
        values["105"] = 15.0 * int(random.integers(2, 8))
    return {code: float(np.round(value, 0 if code == "110" else 1)) for code, value in values.items()} | {
        "102": shape.area_m2,
        "103": float(persons),
        "1031": float(np.floor(persons * 0.5 if profile.people_per_m2 < 0.05 else persons * 0.08)),
        **{code: float(count) for code, count in cars.items()},
        **_pv(shape, month, random),
    }


def _cars(shape, month):
    """Petrol cars give way to electric ones, one every four years."""
    electric = min(shape.cars - shape.diesel_cars, max(0, (month.year - 2020) // 4))
    petrol = shape.cars - shape.diesel_cars - electric
    return {"104": shape.cars, "1041": petrol, "1042": shape.diesel_cars, "1043": electric}


def _pv(shape, month, random):
    if not shape.pv_kw or month.year < 2022:
        return {}
    generated = float(np.round(shape.pv_kw * 65 * random.uniform(0.6, 1.3)))
    exported = float(np.round(generated * 0.1))
    return {"PV": generated, "PV1": generated - exported, "PV2": exported}


def cost_of(code: str, quantity: float) -> float | None:
    return round(quantity * PRICES[code], 2) if code in PRICES else None
