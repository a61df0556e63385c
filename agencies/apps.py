"""Who reports: the tree of institutions, their buildings and vehicles, people and roles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from . import immutable
from .immutable import HALF_YEAR_AGO, Refusal

# The months of reports, and the verbs of models.trail.STAYING, which cannot be imported before the models.
_STAYS = "OLD.month IS NOT NULL OR OLD.verb IN ('load', 'activate', 'restate', 'seal', 'archive')"
_IS_ARCHIVED = (
    "EXISTS (SELECT 1 FROM agencies_trailday d WHERE OLD.sequence BETWEEN d.first_sequence AND d.last_sequence "
    "AND d.archived_at IS NOT NULL AND LENGTH(d.archive_sha256) = 64)"
)
_DAY, _DAYS_FACTS = "agencies_trailday", ("id", "day", "first_sequence", "last_sequence", "hash")
_DAY_CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _DAYS_FACTS)
_IS_FIRST = "NEW.first_sequence = COALESCE((SELECT MAX(d.last_sequence) FROM agencies_trailday d), 0) + 1"
_IS_LATER = "NOT EXISTS (SELECT 1 FROM agencies_trailday d WHERE d.day >= NEW.day)"
_HAS_END = (
    "EXISTS (SELECT 1 FROM agencies_event e WHERE e.sequence = NEW.last_sequence AND e.hash = NEW.hash)"
)

REFUSALS = (
    Refusal("event_stays", "agencies_event", ("UPDATE",), "The trail is append-only."),
    # An event's own time never changes, so no row of a day, however it is dated, opens the last half year.
    Refusal(
        "event_stays",
        "agencies_event",
        ("DELETE",),
        "The trail is append-only.",
        f"{_STAYS} OR OLD.at >= {HALF_YEAR_AGO} OR NOT {_IS_ARCHIVED}",
    ),
    Refusal(
        "trail_day_stays",
        _DAY,
        ("INSERT",),
        "A day of the trail follows the day before.",
        f"NEW.archived_at IS NOT NULL OR NOT ({_IS_FIRST} AND {_IS_LATER} AND {_HAS_END})",
    ),
    Refusal(
        "trail_day_stays",
        _DAY,
        ("UPDATE",),
        "A day of the trail does not change; when it is old it is archived once.",
        f"OLD.archived_at IS NOT NULL OR NEW.archived_at IS NULL OR LENGTH(NEW.archive_sha256) <> 64 "
        f"OR OLD.day >= {HALF_YEAR_AGO} OR {_DAY_CHANGED}",
    ),
    Refusal("trail_day_stays", _DAY, ("DELETE",), "A day of the trail stays."),
)


def set_triggers_aside(using, plan, **kwargs):
    if plan:
        immutable.stand_aside(using)


def install_triggers(using, **kwargs):
    immutable.install(using, REFUSALS)


class AgenciesConfig(AppConfig):
    name = "agencies"
    verbose_name = "名录与账号"

    def ready(self):
        from . import sign_in  # noqa: PLC0415, it needs the models, which are not there before

        pre_migrate.connect(set_triggers_aside, sender=self)
        post_migrate.connect(install_triggers, sender=self)
        sign_in.connect()
