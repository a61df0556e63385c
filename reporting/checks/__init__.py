"""The rule engine: what contradicts itself in a month, and what looks unlikely.

Pure: a Month in, findings out; form, workbook, import and review ask it alike. Table of rules: docs/checks.md.
"""

from .contents import SUMS
from .limits import Limit, Limits, Place
from .month import Earlier, Month, Statement, Statements, change
from .register import AREA, is_off_register
from .repeats import figures, is_telling
from .rule import Finding, Rule, Severity
from .slips import STEADY, slip
from .table import RULES, limits_with

__all__ = [
    "AREA",
    "RULES",
    "STEADY",
    "SUMS",
    "Earlier",
    "Finding",
    "Limit",
    "Limits",
    "Month",
    "Place",
    "Rule",
    "Severity",
    "Statement",
    "Statements",
    "change",
    "check",
    "errors",
    "figures",
    "is_off_register",
    "is_telling",
    "limits_with",
    "slip",
    "warnings",
]

_ERRORS = tuple(rule for rule in RULES.values() if rule.is_error)
_WARNINGS = tuple(rule for rule in RULES.values() if not rule.is_error)


def check(month: Month) -> list[Finding]:
    """Everything that the rules say."""
    return [*errors(month), *warnings(month)]


def errors(month: Month) -> list[Finding]:
    """What keeps the month from being submitted."""
    return [finding for rule in _ERRORS for finding in rule.findings(month)]


def warnings(month: Month) -> list[Finding]:
    """What wants a reason; of two that say the same of an item, the one that says it better."""
    found = [finding for rule in _WARNINGS for finding in rule.findings(month)]
    spoken = {(finding.rule, finding.item) for finding in found}
    return [each for each in found if not RULES[each.rule].is_superfluous(each.item, spoken)]
