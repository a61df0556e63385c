"""The index that each approval asks first, and sums kept as they are: packed floats do not compress, trying costs."""

from django.db import migrations, models


def store(storage):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE targets_partialsums ALTER COLUMN packed SET STORAGE {storage}")

    return run


class Migration(migrations.Migration):
    dependencies = [("targets", "0002_figures_that_explain_themselves")]
    operations = [
        migrations.RemoveIndex("figure", "figure_year_rule_set"),
        migrations.AddIndex("figure", models.Index(fields=["rule_set", "year"], name="figure_rule_set_year")),
        migrations.RunPython(store("EXTERNAL"), store("EXTENDED")),
    ]
