"""Rows of what was used: the catalogue, the filed months, the factor library, and approved truth as arrays."""

from .catalogue import Carrier, Edition, EditionItem, Item, Section
from .checking import CheckLimit, RuleHit, Severity
from .evidence import Evidence, EvidenceItem, EvidenceUse
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
from .joint_review import JointReview, JointReviewPoint, JointReviewRun, PointKind, Verdict
from .metering import (
    ChargingReading,
    Meter,
    MeterReading,
    PvReading,
    Reading,
    RoomReading,
    VehicleMileage,
)
from .panel import Panel, StaleMark
from .review import CellRemark, Extension
from .uploads import CellKind, Upload, UploadCell, UploadState

__all__ = [
    "Carrier",
    "CellKind",
    "CellRemark",
    "ChargingReading",
    "CheckLimit",
    "Coefficient",
    "CoefficientSet",
    "Edition",
    "EditionItem",
    "EmissionFactor",
    "Evidence",
    "EvidenceItem",
    "EvidenceUse",
    "Extension",
    "FactorSeal",
    "FactorSet",
    "Item",
    "JointReview",
    "JointReviewPoint",
    "JointReviewRun",
    "KnownBy",
    "Line",
    "Meter",
    "MeterReading",
    "Panel",
    "Payment",
    "Period",
    "PointKind",
    "PvReading",
    "Reading",
    "Report",
    "Revision",
    "RoomReading",
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
    "VehicleMileage",
    "Verdict",
]
