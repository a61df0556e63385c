"""Rows of what was used: the catalogue, the filed months, the factor library, and approved truth as arrays."""

from .catalogue import Carrier, Edition, EditionItem, Item, Section
from .factors import (
    Coefficient,
    CoefficientSet,
    EmissionFactor,
    FactorSeal,
    FactorSet,
    RuleSet,
    RuleSetActivation,
)
from .filing import KnownBy, Line, Period, Report, Revision, Status
from .panel import Panel, StaleMark

__all__ = [
    "Carrier",
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
    "Period",
    "Report",
    "Revision",
    "RuleSet",
    "RuleSetActivation",
    "Section",
    "StaleMark",
    "Status",
]
