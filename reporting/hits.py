"""What the checks find in a draft, kept beside it: what was shown is counted, and a warning wants its reason."""

from . import findings
from .checks import Severity
from .models import RuleHit

# What is merely not there yet says nothing about a rule.
NOT_COUNTED = frozenset({"required"})
_LENGTH = RuleHit._meta.get_field("message").max_length
_EXPECTED_LENGTH = RuleHit._meta.get_field("expected").max_length


def note(revision, lines):
    """Bring the revision's hits up to what the checks say of these lines; returns the findings."""
    found = findings.of(revision, lines)
    spoken = {(finding.rule, finding.item): finding for finding in found if finding.rule not in NOT_COUNTED}
    stored = {(hit.rule, hit.item_id): hit for hit in revision.hits.all()}
    RuleHit.objects.bulk_create(_new(revision, spoken[place]) for place in spoken.keys() - stored.keys())
    moved = [hit for place, hit in stored.items() if _follows(hit, spoken.get(place))]
    RuleHit.objects.bulk_update(moved, ("is_standing", "message", "expected", "severity"))
    return found


def explain(revision, reasons):
    """Keep the reasons given for warnings: (rule, item code) → text. Returns the hits that changed."""
    changed = []
    for hit in revision.hits.standing().filter(severity=Severity.WARNING):
        text = reasons.get((hit.rule, hit.item_id))
        if text is not None and text.strip() != hit.reason:
            hit.reason = text.strip()
            changed.append(hit)
    RuleHit.objects.bulk_update(changed, ("reason",))
    return changed


def _new(revision, finding):
    return RuleHit(
        revision=revision,
        rule=finding.rule,
        item_id=finding.item,
        severity=str(finding.severity),
        message=finding.message[:_LENGTH],
        expected=finding.expected[:_EXPECTED_LENGTH],
    )


def _follows(hit, finding):
    """Whether the stored hit changed to be what was found; None: it is no longer said."""
    before = _said(hit)
    hit.is_standing = finding is not None
    if finding is not None:
        hit.message, hit.severity = finding.message[:_LENGTH], str(finding.severity)
        hit.expected = finding.expected[:_EXPECTED_LENGTH]
    return _said(hit) != before


def _said(hit):
    return hit.is_standing, hit.message, hit.expected, hit.severity
