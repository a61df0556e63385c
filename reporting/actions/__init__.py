"""What people do to a month's report: one verb, one transaction, one row in the trail."""

from ..periods import open_period, open_periods
from ..refusals import CellTaken, Locked, NotAsked, Refused, Stale, WrongStatus
from .correcting import abandon, open_correction
from .deciding import approve, endorse, send_back
from .drafting import check, explain, save_cell, save_draft, save_months, version
from .extending import extend, gives_days
from .handing_in import submit, withdraw

__all__ = [
    "CellTaken",
    "Locked",
    "NotAsked",
    "Refused",
    "Stale",
    "WrongStatus",
    "abandon",
    "approve",
    "check",
    "endorse",
    "explain",
    "extend",
    "gives_days",
    "open_correction",
    "open_period",
    "open_periods",
    "save_cell",
    "save_draft",
    "save_months",
    "send_back",
    "submit",
    "version",
    "withdraw",
]
