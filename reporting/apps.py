"""What they used, and whether it is believed."""

from agencies import immutable
from django.apps import AppConfig
from django.db.models.signals import post_migrate

_LINE = "reporting_line"
_SUBMITTED = "EXISTS (SELECT 1 FROM reporting_revision r WHERE r.id = {row}.revision_id AND r.status <> 'draft')"
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

REFUSALS = (
    immutable.Refusal(
        "line_stays", _LINE, ("INSERT",), "A submitted revision takes no new line.", _SUBMITTED.format(row="NEW")
    ),
    immutable.Refusal(
        "line_stays",
        _LINE,
        ("UPDATE",),
        "A line of a submitted revision cannot be changed.",
        f"{_SUBMITTED.format(row='OLD')} OR {_SUBMITTED.format(row='NEW')}",
    ),
    immutable.Refusal(
        "line_stays", _LINE, ("DELETE",), "A line of a submitted revision cannot be deleted.", _SUBMITTED.format(row="OLD")
    ),
    immutable.Refusal(
        "revision_stays",
        "reporting_revision",
        ("UPDATE",),
        "A submitted revision cannot be changed.",
        f"OLD.status <> 'draft' AND (OLD.status <> 'submitted' OR NEW.status = 'draft' OR {_CHANGED})",
    ),
    immutable.Refusal(
        "revision_stays",
        "reporting_revision",
        ("DELETE",),
        "A submitted revision cannot be deleted.",
        "OLD.status <> 'draft'",
    ),
    immutable.Refusal(
        "coefficient_stays", "reporting_coefficient", ("UPDATE", "DELETE"), "Coefficients are append-only."
    ),
    immutable.Refusal(
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
