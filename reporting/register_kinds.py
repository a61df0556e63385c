"""The kinds of things an agency keeps a register of: what is asked of each, and what is read of it every month."""

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from agencies.models import ChargingStation, DataRoom, PvPlant, Vehicle

from .models import ChargingReading, Meter, MeterReading, PvReading, Reading, RoomReading, VehicleMileage

TABS = (("buildings", "建筑与表计"), ("vehicles", "车辆"), ("rooms", "机房"), ("power", "光伏与充电"))


@dataclass(frozen=True)
class Kind:
    """A model of the register with its readings; `dates` are the fields of its first and last day."""

    slug: str
    tab: str
    model: type
    reading: type[Reading]
    fields: tuple[str, ...]
    read_fields: tuple[str, ...]
    dates: tuple[str, str] = ("in_use_from", "in_use_to")
    owner: str = "agency"
    related: tuple[str, ...] = ()

    @property
    def name(self):
        return self.model._meta.verbose_name

    def of(self, agency):
        """What the agency keeps of this kind."""
        return self.model.objects.filter(**{self.owner: agency}).select_related(*self.related)

    def with_readings(self, agency, month, last_day):
        """Those in use in the month, each with the month's reading prefetched."""
        first, last = self.dates
        in_use = Q(**{f"{last}__isnull": True}) | Q(**{f"{last}__gte": month})
        things = self.of(agency).filter(in_use, **{f"{first}__lte": last_day})
        return things.prefetch_related(Prefetch("readings", self.reading.objects.filter(month=month)))

    @property
    def read_labels(self):
        return [self.reading._meta.get_field(name).verbose_name for name in self.read_fields]


EQUIPMENT_DATES = ("in_use_from", "in_use_to")
KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "meter",
            "buildings",
            Meter,
            MeterReading,
            ("building", "item", "number", "occupant", "valid_from", "valid_to"),
            ("quantity", "cost_yuan"),
            dates=("valid_from", "valid_to"),
            owner="building__manager",
            related=("building__manager", "item", "occupant"),
        ),
        Kind(
            "vehicle",
            "vehicles",
            Vehicle,
            VehicleMileage,
            ("plate", "energy", "purpose", "registered_on", "retired_on"),
            ("kilometres",),
            dates=("registered_on", "retired_on"),
            related=("agency",),
        ),
        Kind(
            "room",
            "rooms",
            DataRoom,
            RoomReading,
            ("name", "area_m2", "racks", "installed_kw", *EQUIPMENT_DATES),
            ("total_kwh", "it_kwh", "cooling_kwh"),
            related=("agency",),
        ),
        Kind(
            "plant",
            "power",
            PvPlant,
            PvReading,
            ("name", "capacity_kw", *EQUIPMENT_DATES),
            ("generated_kwh", "self_used_kwh", "exported_kwh"),
            related=("agency",),
        ),
        Kind(
            "station",
            "power",
            ChargingStation,
            ChargingReading,
            ("name", "piles", *EQUIPMENT_DATES),
            ("kwh",),
            related=("agency",),
        ),
    )
}


def of_tab(tab):
    return [kind for kind in KINDS.values() if kind.tab == tab]
