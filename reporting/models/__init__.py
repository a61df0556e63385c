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
from .looking import BulkApproval, BulkEntry, Draw, SecondLook
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
from .peers import PeerQuartiles
from .review import CellRemark, Extension
from .risk import ReviewRisk
from .uploads import CellKind, Upload, UploadCell, UploadState

__all__ = [
    "BulkApproval",
    "BulkEntry",
    "Carrier",
    "CellKind",
    "CellRemark",
    "ChargingReading",
    "CheckLimit",
    "Coefficient",
    "CoefficientSet",
    "Draw",
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
    "PeerQuartiles",
    "Period",
    "PointKind",
    "PvReading",
    "Reading",
    "Report",
    "ReviewRisk",
    "Revision",
    "RoomReading",
    "RuleHit",
    "RuleSet",
    "RuleSetActivation",
    "SecondLook",
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
