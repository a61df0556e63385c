"""What they used, and whether it is believed."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from agencies import immutable
from agencies.immutable import Refusal

_LINE, _HIT, _REVISION = "reporting_line", "reporting_rulehit", "reporting_revision"
_IS_SUBMITTED = (
    "EXISTS (SELECT 1 FROM reporting_revision r WHERE r.id = {row}.revision_id AND r.status <> 'draft')"
)
_FROZEN_COLUMNS = (
    "report_id",
    "number",
    "edition_id",
    "reason",
    "document_reference",
    "opened_by_id",
    "opened_at",
    "submitted_by_id",
    "submitted_at",
    "content_hash",
)
_CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FROZEN_COLUMNS)

_OLD, _NEW = _IS_SUBMITTED.format(row="OLD"), _IS_SUBMITTED.format(row="NEW")

REFUSALS = (
    Refusal("line_stays", _LINE, ("INSERT",), "A submitted revision takes no new line.", _NEW),
    Refusal("line_stays", _LINE, ("UPDATE",), "A submitted line cannot be changed.", f"{_OLD} OR {_NEW}"),
    Refusal("line_stays", _LINE, ("DELETE",), "A submitted line cannot be deleted.", _OLD),
    Refusal("hit_stays", _HIT, ("INSERT",), "A submitted revision takes no new hit.", _NEW),
    Refusal(
        "hit_stays",
        _HIT,
        ("UPDATE",),
        "A hit of a submitted revision cannot be changed.",
        f"{_OLD} OR {_NEW}",
    ),
    Refusal("hit_stays", _HIT, ("DELETE",), "A hit of a submitted revision cannot be deleted.", _OLD),
    Refusal(
        "revision_stays",
        _REVISION,
        ("UPDATE",),
        "A submitted revision cannot be changed.",
        f"OLD.status <> 'draft' AND (OLD.status <> 'submitted' OR NEW.status = 'draft' OR {_CHANGED})",
    ),
    Refusal(
        "revision_stays",
        _REVISION,
        ("DELETE",),
        "A submitted revision cannot be deleted.",
        "OLD.status <> 'draft'",
    ),
    *(
        Refusal(
            f"{table}_stays", f"reporting_{table}", ("UPDATE", "DELETE"), "Catalogue rows are append-only."
        )
        for table in (
            "item",
            "edition",
            "editionitem",
            "ruleset",
            "rulesetactivation",
            "factorseal",
            "checklimit",
        )
    ),
    Refusal(
        "coefficient_stays", "reporting_coefficient", ("UPDATE", "DELETE"), "Coefficients are append-only."
    ),
    Refusal(
        "factor_stays", "reporting_emissionfactor", ("UPDATE", "DELETE"), "Emission factors are append-only."
    ),
)


def install_triggers(using, **kwargs):
    immutable.install(using, REFUSALS)


class ReportingConfig(AppConfig):
    name = "reporting"
    verbose_name = "报送"

    def ready(self):
        post_migrate.connect(install_triggers, sender=self)
