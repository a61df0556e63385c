"""Who reports: the tree of institutions, their buildings and vehicles, people and roles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from . import immutable

REFUSALS = (
    immutable.Refusal(
        name="event_stays",
        table="agencies_event",
        operations=("UPDATE", "DELETE"),
        message="The trail is append-only.",
    ),
)


def install_triggers(using, **kwargs):
    immutable.install(using, REFUSALS)


class AgenciesConfig(AppConfig):
    name = "agencies"
    verbose_name = "名录与账号"

    def ready(self):
        from . import sign_in  # noqa: PLC0415, it needs the models, which are not there before

        post_migrate.connect(install_triggers, sender=self)
        sign_in.connect()
