"""Why a number is what it is: the formula with its numbers, the rules, the factor rows, down to the filed line."""

from .owner import INSTITUTION, Owner, find_group, find_institution, why
from .whole import Lineage, as_plain, explain

__all__ = ["INSTITUTION", "Lineage", "Owner", "as_plain", "explain", "find_group", "find_institution", "why"]
