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
from .restatement import RestatedPanel, Restatement
from .saved_view import SavedView

__all__ = [
    "RATIONED",
    "BandWord",
    "Benchmark",
    "BenchmarkRun",
    "Candidacy",
    "Decomposition",
    "Figure",
    "FigureBlock",
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
    "Proposal",
    "ProposalEffect",
    "Publication",
    "PublishedFigure",
    "Quantity",
    "Quota",
    "RecalculatedBlock",
    "Recalculation",
    "RestatedPanel",
    "Restatement",
    "SavedView",
    "Target",
    "VerdictWord",
    "first_year",
]
