"""Rows of what the months mean: plan periods with their targets, and the figures computed from the panels."""

from .benchmark import (
    RATIONED,
    BandWord,
    Benchmark,
    BenchmarkRun,
    Candidacy,
    LeaderKind,
    Quota,
    VerdictWord,
)
from .explanation import Decomposition, Quantity
from .figures import Figure, GroupFigure, GroupKind, GroupPanel, PartialSums, first_year
from .forecast import Forecast, ForecastRun, PeakBasis, PeakResult, PeakStatus
from .plan import Indicator, PlanPeriod, Target
from .proposal import Proposal, ProposalEffect
from .publication import LedgerEntry, Publication, PublishedFigure
from .recalculation import FigureBlock, RecalculatedBlock, Recalculation
from .record import OPEN, Record, RecordDocument, RecordVersion, Register, RegisterField, VersionStatus
from .restatement import RestatedPanel, Restatement
from .saved_view import SavedView
from .task import LATE, BoardRun, Chapter, Force, PlanTask, StateWord, TaskKind, TaskMeasure, TaskProgress

__all__ = [
    "LATE",
    "OPEN",
    "RATIONED",
    "BandWord",
    "Benchmark",
    "BenchmarkRun",
    "BoardRun",
    "Candidacy",
    "Chapter",
    "Decomposition",
    "Figure",
    "FigureBlock",
    "Force",
    "Forecast",
    "ForecastRun",
    "GroupFigure",
    "GroupKind",
    "GroupPanel",
    "Indicator",
    "LeaderKind",
    "LedgerEntry",
    "PartialSums",
    "PeakBasis",
    "PeakResult",
    "PeakStatus",
    "PlanPeriod",
    "PlanTask",
    "Proposal",
    "ProposalEffect",
    "Publication",
    "PublishedFigure",
    "Quantity",
    "Quota",
    "RecalculatedBlock",
    "Recalculation",
    "Record",
    "RecordDocument",
    "RecordVersion",
    "Register",
    "RegisterField",
    "RestatedPanel",
    "Restatement",
    "SavedView",
    "StateWord",
    "Target",
    "TaskKind",
    "TaskMeasure",
    "TaskProgress",
    "VerdictWord",
    "VersionStatus",
    "first_year",
]
