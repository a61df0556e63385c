"""Why a number is what it is: the formula with its numbers, the rules, the factor rows, down to the filed line."""

from . import causes, published, rehearsed
from .effects import EffectsLineage, explain_effects
from .outlook import ForecastLineage, explain_forecast
from .owner import (
    INSTITUTION,
    Owner,
    find_agency,
    find_group,
    find_institution,
    find_owner,
    of_institution,
    of_node,
    why,
    why_effects,
    why_forecast,
    why_peak,
    why_published,
    why_requirement,
)
from .peaking import PeakLineage, explain_peak
from .published import PublishedLineage, explain_published
from .rehearsed import RehearsalLineage, explain_rehearsed
from .requirement import RequirementLineage, explain_requirement
from .whole import Lineage, as_plain, explain

__all__ = [
    "INSTITUTION",
    "EffectsLineage",
    "ForecastLineage",
    "Lineage",
    "Owner",
    "PeakLineage",
    "PublishedLineage",
    "RehearsalLineage",
    "RequirementLineage",
    "as_plain",
    "causes",
    "explain",
    "explain_effects",
    "explain_forecast",
    "explain_peak",
    "explain_published",
    "explain_rehearsed",
    "explain_requirement",
    "find_agency",
    "find_group",
    "find_institution",
    "find_owner",
    "of_institution",
    "of_node",
    "published",
    "rehearsed",
    "why",
    "why_effects",
    "why_forecast",
    "why_peak",
    "why_published",
    "why_requirement",
]
