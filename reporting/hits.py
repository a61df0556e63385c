"""What the checks find in a draft, kept beside it: what was shown is counted, and a warning wants its reason."""

from dataclasses import dataclass

from . import findings
from .checks import RULES, Severity
from .models import RuleHit

# What is merely not there yet, an answer or the end of the month, says nothing about a rule.
NOT_COUNTED = frozenset({"required", "future-month"})
_LENGTH = RuleHit._meta.get_field("message").max_length
_EXPECTED_LENGTH = RuleHit._meta.get_field("expected").max_length


def note(revision, lines):
    """Bring the revision's hits up to what the checks say of these lines; returns the findings."""
    found = findings.of(revision, lines)
    spoken = {(finding.rule, finding.item): finding for finding in found if finding.rule not in NOT_COUNTED}
    stored = {(hit.rule, hit.item_id): hit for hit in revision.hits.all()}
    RuleHit.objects.bulk_create(_new(revision, spoken[place]) for place in spoken.keys() - stored.keys())
    moved = [hit for place, hit in stored.items() if _follows(hit, spoken.get(place))]
    RuleHit.objects.bulk_update(moved, ("is_standing", "message", "expected", "severity", "reason"))
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


def reasons_by_place(revision, texts):
    """The texts (item code → reason, None for none given) as reasons of the revision's standing warnings."""
    standing = revision.hits.standing().values_list("rule", "item")
    return {(rule, item): texts[item] for rule, item in standing if texts.get(item) is not None}


def carry_over(earlier, revision):
    """The warnings of the version before with their reasons: what was explained once is not asked again."""
    explained = earlier.hits.standing().filter(severity=Severity.WARNING).exclude(reason="")
    RuleHit.objects.bulk_create(
        RuleHit(
            revision=revision,
            rule=hit.rule,
            item_id=hit.item_id,
            severity=hit.severity,
            message=hit.message,
            expected=hit.expected,
            reason=hit.reason,
        )
        for hit in explained
    )


@dataclass(frozen=True)
class Doubt:
    """A warning as a reviewer reads it, with the reason that was given for it.

    is_past: the checks said so when the month was submitted and do not any more; is_new: the other way round.
    """

    message: str
    expected: str
    source: str
    reason: str
    is_past: bool = False
    is_new: bool = False


def doubts(revision, warnings):
    """What the checks say of the revision now (`warnings`), then what they said only when it was submitted."""
    given = revision.hits.standing().filter(severity=Severity.WARNING)
    stored = {(hit.rule, hit.item_id): hit for hit in given}
    now = [_doubt(finding, stored.pop((finding.rule, finding.item), None)) for finding in warnings]
    return now + [
        Doubt(hit.message, hit.expected, _source(hit.rule), hit.reason, is_past=True)
        for hit in stored.values()
    ]


def _doubt(finding, hit):
    reason = hit.reason if hit else ""
    return Doubt(finding.message, finding.expected, finding.source, reason, is_new=hit is None)


def _source(slug):
    """Of a rule that there may be no more."""
    return RULES[slug].cited if slug in RULES else ""


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
        if hit.message != finding.message[:_LENGTH]:
            # A reason speaks of what was said then; of other numbers it says nothing.
            hit.reason = ""
        hit.message, hit.severity = finding.message[:_LENGTH], str(finding.severity)
        hit.expected = finding.expected[:_EXPECTED_LENGTH]
    return _said(hit) != before


def _said(hit):
    return hit.is_standing, hit.message, hit.expected, hit.severity
