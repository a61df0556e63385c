"""Rows of what the months mean: plan periods with their targets, and the figures computed from the panels."""

from .figures import Figure, GroupFigure, GroupKind, GroupPanel, PartialSums
from .plan import Indicator, PlanPeriod, Target
from .recalculation import FigureBlock, RecalculatedBlock, Recalculation
from .restatement import RestatedPanel, Restatement

__all__ = [
    "Figure",
    "FigureBlock",
    "GroupFigure",
    "GroupKind",
    "GroupPanel",
    "Indicator",
    "PartialSums",
    "PlanPeriod",
    "RecalculatedBlock",
    "Recalculation",
    "RestatedPanel",
    "Restatement",
    "Target",
]
