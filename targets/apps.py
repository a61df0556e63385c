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
