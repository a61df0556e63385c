"""What the approved months mean against the plan."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from agencies import immutable
from agencies.immutable import Refusal

_IS_DECIDED = (
    "EXISTS (SELECT 1 FROM targets_restatement r "
    "WHERE r.id = {row}.restatement_id AND r.status <> 'proposed')"
)
_IS_DECIDED_PROPOSAL = (
    "EXISTS (SELECT 1 FROM targets_proposal p WHERE p.id = {row}.proposal_id AND p.status <> 'proposed')"
)
_EFFECT_IS_FINAL = f"{_IS_DECIDED} OR {_IS_DECIDED_PROPOSAL}"
_OLD, _NEW = _IS_DECIDED.format(row="OLD"), _IS_DECIDED.format(row="NEW")
_OLD_EFFECT, _NEW_EFFECT = (_EFFECT_IS_FINAL.format(row=row) for row in ("OLD", "NEW"))
_PANEL, _EFFECT = "targets_restatedpanel", "targets_proposaleffect"
_VERSION, _DOCUMENT = "targets_recordversion", "targets_recorddocument"
_WAS_ACCEPTED = "OLD.status = 'accepted'"
_SAID = ("record_id", "number", "status", "name", "happened_on", "ended_on", "is_void", "reason")
_DECIDED = ("entered_by_id", "submitted_at", "decided_by_id", "decided_at")
_CHANGED = " OR ".join(
    f"COALESCE(CAST(OLD.{each} AS TEXT), '') <> COALESCE(CAST(NEW.{each} AS TEXT), '')"
    for each in (*_SAID, '"values"', *_DECIDED)
)
_SAYS_ANOTHER = f"{_WAS_ACCEPTED} AND ({_CHANGED})"
_IS_PROOF = (
    "EXISTS (SELECT 1 FROM targets_recordversion v "
    "WHERE v.id = {row}.version_id AND v.status <> 'draft' AND v.status <> 'returned')"
)

REFUSALS = (
    *(
        Refusal(
            f"{name}_stays",
            f"targets_{name}",
            ("UPDATE", "DELETE"),
            f"A decided {name} stays.",
            "OLD.status <> 'proposed'",
        )
        for name in ("restatement", "proposal")
    ),
    Refusal("restated_panel_stays", _PANEL, ("INSERT",), "A decided restatement takes no panel.", _NEW),
    Refusal("restated_panel_stays", _PANEL, ("UPDATE",), "A decided base stays.", f"{_OLD} OR {_NEW}"),
    Refusal("restated_panel_stays", _PANEL, ("DELETE",), "A decided base stays.", _OLD),
    # What was listed when somebody decided is what they decided by.
    Refusal("effect_stays", _EFFECT, ("INSERT",), "A decided change takes no effect.", _NEW_EFFECT),
    Refusal(
        "effect_stays", _EFFECT, ("UPDATE",), "A decided effect stays.", f"{_OLD_EFFECT} OR {_NEW_EFFECT}"
    ),
    Refusal("effect_stays", _EFFECT, ("DELETE",), "A decided effect stays.", _OLD_EFFECT),
    # An accepted record says what it said; only that it is the current one ends, with the version that replaces it.
    Refusal(
        "record_version_stays", _VERSION, ("UPDATE",), "An accepted record does not change.", _SAYS_ANOTHER
    ),
    Refusal("record_version_stays", _VERSION, ("DELETE",), "An accepted record stays.", _WAS_ACCEPTED),
    Refusal("record_document_stays", _DOCUMENT, ("UPDATE",), "Evidence does not change."),
    Refusal("record_document_stays", _DOCUMENT, ("DELETE",), "Evidence stays.", _IS_PROOF.format(row="OLD")),
    Refusal("record_document_stays", _DOCUMENT, ("INSERT",), "It is decided.", _IS_PROOF.format(row="NEW")),
    *(
        Refusal(f"{name}_stays", f"targets_{name}", ("UPDATE", "DELETE"), "What is published stays.")
        for name in ("publication", "publishedfigure", "ledgerentry")
    ),
)


def install_triggers(using, **kwargs):
    immutable.install(using, REFUSALS)


class TargetsConfig(AppConfig):
    name = "targets"
    verbose_name = "目标"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        post_migrate.connect(install_triggers, sender=self)
