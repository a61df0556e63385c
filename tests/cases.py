"""Published figures that must come out, as inputs and results.

Source: 重庆市公共机构节约能源资源“十三五”规划 and others, see docs/accounting.md.

A copy of what is published, so that a checkout tests itself.
"""

from decimal import Decimal

# Chongqing 2015: 16 663 institutions. Item → quantity in the item's unit.
CHONGQING_2015 = {
    "110": 6_381_000_000,  # 63.81 亿kWh
    "130": 54_700,  # 5.47 万t
    "140": Decimal("144824100"),  # 14 482.41 万m³
    "150": Decimal("79279900"),  # 7 927.99 万L
    "160": Decimal("5068100"),  # 506.81 万L
    "180": Decimal("176.32"),  # tce
    "120": 139_000_000,  # 1.39 亿t
    "102": 79_687_200,  # 7 968.72 万m²
    "103": 5_015_000,  # 501.50 万人
}
# 万tce at two decimals. Electricity is printed as 78.41: the printed kWh are rounded.
CHONGQING_2015_WAN_TCE = {
    "110": Decimal("78.42"),
    "130": Decimal("3.91"),
    "140": Decimal("19.26"),
    "150": Decimal("8.52"),
    "160": Decimal("0.63"),
    "180": Decimal("0.02"),
}
CHONGQING_2015_TOTAL_WAN_TCE = Decimal("110.75")
CHONGQING_2015_INTENSITIES = {
    "kgce_per_person": Decimal("220.84"),
    "m3_per_person": Decimal("27.72"),
    "kgce_per_m2": Decimal("12.75"),
}

# The nation: kgce/人, kgce/m², m³/人, and the published reductions against 2015 in percent.
NATION = {2015: (370.73, 20.55, 25.35), 2018: (341.57, 19.29, 23.04), 2020: (329.56, 18.48, 21.53)}
NATION_REDUCTIONS = {2018: ("7.87", "6.13", "9.11"), 2020: ("11.11", "10.07", "15.07")}

# A school's audit template: kWh bought, self-used PV kWh, gas m³, water m³, people; 53 000 m².
SCHOOL_AREA_M2 = 53_000
SCHOOL = {
    2023: {"110": 2_480_000, "PV1": 0, "140": 86_000, "120": 135_000, "103": 4_270},
    2024: {"110": 2_460_000, "PV1": 240_000, "140": 88_000, "120": 128_000, "103": 4_395},
    2025: {"110": 2_600_000, "PV1": 270_000, "140": 90_000, "120": 120_000, "103": 4_480},
}
SCHOOL_OIL_KG_CO2 = Decimal(29_600)
# Unrounded arithmetic; the template rounds early and prints 448.8, 1 629.8 and 105.4.
SCHOOL_TCE = {2023: "419.17", 2024: "448.87", 2025: "472.42"}
SCHOOL_TCO2 = {2023: "1629.9", 2024: "1622.8", 2025: "1707.0"}
SCHOOL_2025 = {
    "kgce_per_m2": "8.9",
    "kgce_per_person": "105.5",
    "m3_per_person": "26.8",
    "kg_co2_per_m2": "32.2",
}
