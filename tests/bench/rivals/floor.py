"""The floor under every way: the panels read and the result rows written with COPY, and nothing computed."""

from pathlib import Path

from django.conf import settings
from django.db import connection

from reporting.models import Panel

from .tables import RESULTS, create_results, result_table


def prepare():
    """Keep the rows that the product stored as files, ready to be written again."""
    create_results("floor")
    with connection.cursor() as cursor:
        for model in RESULTS:
            with _file(model).open("wb") as content:
                cursor.copy_expert(f"COPY {model._meta.db_table} TO STDOUT WITH (FORMAT binary)", content)


def run():
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {Panel._meta.db_table} TO STDOUT WITH (FORMAT binary)", _Nowhere())
        for model in RESULTS:
            with _file(model).open("rb") as content:
                cursor.copy_expert(
                    f"COPY {result_table('floor', model)} FROM STDIN WITH (FORMAT binary)", content, 1 << 20
                )


def _file(model):
    return Path(settings.VAR_DIR) / f"{model._meta.model_name}.copy"


class _Nowhere:
    def write(self, content):
        return len(content)
