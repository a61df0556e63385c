"""Rows of who reports: institutions and what they own, people and their roles, the trail of what was done."""

from .equipment import ChargingStation, DataRoom, PvPlant
from .messages import Message, MessageKind, MessageSwitch
from .people import Membership, User
from .register import Agency, AgencyKind, AgencyType, Building, ElectricityAccount, Occupancy, Vehicle
from .trail import Event, TrailDay, TrailHead

__all__ = [
    "Agency",
    "AgencyKind",
    "AgencyType",
    "Building",
    "ChargingStation",
    "DataRoom",
    "ElectricityAccount",
    "Event",
    "Membership",
    "Message",
    "MessageKind",
    "MessageSwitch",
    "Occupancy",
    "PvPlant",
    "TrailDay",
    "TrailHead",
    "User",
    "Vehicle",
]
