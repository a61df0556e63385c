"""Rows of what was used: the catalogue, the filed months, the factor library, and approved truth as arrays."""

from .catalogue import Carrier, Edition, EditionItem, Item, Section
from .checking import CheckLimit, RuleHit, Severity
from .factors import (
    Coefficient,
    CoefficientSet,
    EmissionFactor,
    FactorSeal,
    FactorSet,
    RuleSet,
    RuleSetActivation,
)
from .filing import KnownBy, Line, Payment, Period, Report, Revision, Status
from .panel import Panel, StaleMark
from .uploads import CellKind, Upload, UploadCell, UploadState

__all__ = [
    "Carrier",
    "CellKind",
    "CheckLimit",
    "Coefficient",
    "CoefficientSet",
    "Edition",
    "EditionItem",
    "EmissionFactor",
    "FactorSeal",
    "FactorSet",
    "Item",
    "KnownBy",
    "Line",
    "Panel",
    "Payment",
    "Period",
    "Report",
    "Revision",
    "RuleHit",
    "RuleSet",
    "RuleSetActivation",
    "Section",
    "Severity",
    "StaleMark",
    "Status",
    "Upload",
    "UploadCell",
    "UploadState",
]
