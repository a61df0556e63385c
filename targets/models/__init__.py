"""Rows of what the months mean: plan periods with their targets, and the figures computed from the panels."""

from .figures import Figure, GroupFigure, GroupKind, GroupPanel, PartialSums
from .plan import Indicator, PlanPeriod, Target
from .proposal import Proposal, ProposalEffect
from .restatement import RestatedPanel, Restatement

__all__ = [
    "Figure",
    "GroupFigure",
    "GroupKind",
    "GroupPanel",
    "Indicator",
    "PartialSums",
    "PlanPeriod",
    "Proposal",
    "ProposalEffect",
    "RestatedPanel",
    "Restatement",
    "Target",
]
