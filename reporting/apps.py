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
    "begun_from_id",
    "answers_id",
    "submitted_by_id",
    "submitted_at",
    "content_hash",
)
# From where a handed-in version may go on; whatever else is an attempt to change what was decided.
_STEP = (
    "(OLD.status = 'submitted' AND NEW.status IN ('endorsed', 'approved', 'returned', 'withdrawn'))"
    " OR (OLD.status = 'endorsed' AND NEW.status IN ('approved', 'returned', 'withdrawn')"
    " AND NEW.endorsed_by_id IS NOT DISTINCT FROM OLD.endorsed_by_id"
    " AND NEW.endorsed_at IS NOT DISTINCT FROM OLD.endorsed_at)"
)
_CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FROZEN_COLUMNS)

_OLD, _NEW = _IS_SUBMITTED.format(row="OLD"), _IS_SUBMITTED.format(row="NEW")

# A document counts as used once a month that it touches was submitted.
_EVIDENCE, _EVIDENCE_ITEM, _EVIDENCE_USE = (
    "reporting_evidence",
    "reporting_evidenceitem",
    "reporting_evidenceuse",
)
_USED = (
    "EXISTS (SELECT 1 FROM reporting_revision v JOIN reporting_report r ON v.report_id = r.id "
    "JOIN reporting_period p ON r.period_id = p.id JOIN reporting_evidence e ON e.agency_id = r.agency_id "
    "JOIN reporting_evidenceitem i ON i.evidence_id = e.id {join} "
    "WHERE v.status <> 'draft' AND p.month = {month} AND {row})"
)
_ITS_USES = "JOIN reporting_evidenceuse u ON u.row_id = i.id"
_EVIDENCE_COLUMNS = (
    "agency_id",
    "document_number",
    "account_number",
    "first_day",
    "last_day",
    "file_name",
    "content_type",
    "size",
    "sha256",
    "uploaded_by_id",
    "uploaded_at",
)
_EVIDENCE_CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _EVIDENCE_COLUMNS)
_DELETED_IN_USE = "Evidence of a submitted month cannot be deleted."

EVIDENCE_REFUSALS = (
    Refusal(
        "evidence_stays",
        _EVIDENCE,
        ("UPDATE",),
        "Evidence does not change; it is replaced once.",
        f"{_EVIDENCE_CHANGED} OR OLD.replaced_by_id IS NOT NULL",
    ),
    Refusal(
        "evidence_stays",
        _EVIDENCE,
        ("DELETE",),
        _DELETED_IN_USE,
        _USED.format(join=_ITS_USES, month="u.month", row="e.id = OLD.id"),
    ),
    Refusal("evidence_item_stays", _EVIDENCE_ITEM, ("UPDATE",), "Evidence does not change."),
    Refusal(
        "evidence_item_stays",
        _EVIDENCE_ITEM,
        ("DELETE",),
        _DELETED_IN_USE,
        _USED.format(join=_ITS_USES, month="u.month", row="i.id = OLD.id"),
    ),
    Refusal("evidence_use_stays", _EVIDENCE_USE, ("UPDATE",), "Evidence does not change."),
    Refusal(
        "evidence_use_stays",
        _EVIDENCE_USE,
        ("DELETE",),
        _DELETED_IN_USE,
        _USED.format(join="", month="OLD.month", row="i.id = OLD.row_id"),
    ),
)

# What was decided over many months and in second looks is written once, and then stays.
_BULK, _BULK_ENTRY, _DRAW, _LOOK = (
    "reporting_bulkapproval",
    "reporting_bulkentry",
    "reporting_draw",
    "reporting_secondlook",
)
_LOOKED = "A second look stays as it was decided."


def _moved(*columns):
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


LOOK_REFUSALS = (
    Refusal(
        "bulk_approval_stays",
        _BULK,
        ("UPDATE",),
        "A bulk approval stays.",
        "OLD.finished_at IS NOT NULL OR " + _moved("made_by_id", "made_at", "address", "ground", "rule"),
    ),
    Refusal("bulk_approval_stays", _BULK, ("DELETE",), "A bulk approval stays."),
    Refusal(
        "bulk_entry_stays",
        _BULK_ENTRY,
        ("UPDATE",),
        "What became of a chosen month stays.",
        "OLD.outcome <> 'waiting' OR " + _moved("bulk_id", "report_id", "revision_id", "seen"),
    ),
    Refusal("bulk_entry_stays", _BULK_ENTRY, ("DELETE",), "A chosen month stays."),
    Refusal("draw_stays", _DRAW, ("UPDATE", "DELETE"), "A draw stays."),
    Refusal(
        "second_look_stays",
        _LOOK,
        ("UPDATE",),
        _LOOKED,
        "OLD.result <> 'waiting' OR " + _moved("revision_id", "draw_id"),
    ),
    Refusal("second_look_stays", _LOOK, ("DELETE",), _LOOKED),
)

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
        f"OLD.status <> 'draft' AND (NOT ({_STEP}) OR {_CHANGED})",
    ),
    Refusal(
        "revision_stays",
        _REVISION,
        ("DELETE",),
        "A submitted revision cannot be deleted.",
        "OLD.status <> 'draft'",
    ),
    Refusal("remark_stays", "reporting_cellremark", ("UPDATE", "DELETE"), "What was returned stays."),
    Refusal("joint_review_stays", "reporting_jointreview", ("UPDATE", "DELETE"), "What was verified stays."),
    Refusal("extension_stays", "reporting_extension", ("UPDATE", "DELETE"), "An extension stays."),
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
    *EVIDENCE_REFUSALS,
    *LOOK_REFUSALS,
)


def install_triggers(using, **kwargs):
    immutable.install(using, REFUSALS)


class ReportingConfig(AppConfig):
    name = "reporting"
    verbose_name = "报送"

    def ready(self):
        post_migrate.connect(install_triggers, sender=self)
