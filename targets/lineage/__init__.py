"""Why a number is what it is: the formula with its numbers, the rules, the factor rows, down to the filed line."""

from .effects import EffectsLineage, explain_effects
from .owner import INSTITUTION, Owner, find_agency, find_group, find_institution, why, why_effects
from .whole import Lineage, as_plain, explain

__all__ = [
    "INSTITUTION",
    "EffectsLineage",
    "Lineage",
    "Owner",
    "as_plain",
    "explain",
    "explain_effects",
    "find_agency",
    "find_group",
    "find_institution",
    "why",
    "why_effects",
]
