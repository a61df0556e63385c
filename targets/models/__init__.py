"""Rows of what the months mean: plan periods with their targets, and the figures computed from the panels."""

from .figures import Figure, GroupFigure, GroupKind, GroupPanel
from .plan import Indicator, PlanPeriod, Target

__all__ = ["Figure", "GroupFigure", "GroupKind", "GroupPanel", "Indicator", "PlanPeriod", "Target"]
