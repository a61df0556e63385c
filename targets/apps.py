"""What the approved months mean against the plan."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from agencies import immutable
from agencies.immutable import Refusal

_IS_DECIDED = (
    "EXISTS (SELECT 1 FROM targets_restatement r "
    "WHERE r.id = {row}.restatement_id AND r.status <> 'proposed')"
)
_OLD, _NEW = _IS_DECIDED.format(row="OLD"), _IS_DECIDED.format(row="NEW")
_PANEL = "targets_restatedpanel"

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
