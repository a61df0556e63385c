"""The sources that the portal itself has, with their fields; the registers' slugs and fields are data beside them."""

FIELDS: dict[str, tuple[str, ...]] = {
    "institution": (),
    "system": (),
    "vehicle": ("energy", "purpose", "nev"),
    "scrapped": ("energy", "purpose", "nev"),
    "machine_room": ("racks", "installed_kw"),
    "plant": ("capacity_kw",),
    "room": ("pue", "renovated"),
    "figure": (
        *("kgce", "people", "electricity_kwh", "electricity_kgce", "fossil_kgce", "pv_kwh"),
        *("renewable_kgce", "polluting", "accountable"),
    ),
    "filing": ("on_time", "owed", "right", "approved"),
    "quota": ("band",),
    "peak": ("status",),
}
# Of these fields and attributes the ones that hold words; the others hold numbers.
IN_WORDS = frozenset({"energy", "purpose", "band", "status", "type", "level"})
# What every row of every source also has, of its institution: 党政机关, 机构类型, 层级, 重点用能单位.
ATTRIBUTES = ("organ", "type", "level", "key")
