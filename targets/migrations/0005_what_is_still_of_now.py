"""What a rehearsal was made from, to tell whether it still is that."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("targets", "0003_rule_set_first_in_the_index")]
    operations = [
        migrations.AddField(
            model,
            "rehearsed_from",
            models.JSONField(
                blank=True, default=dict, help_text="见 targets.inputs", verbose_name="试算依据"
            ),
        )
        for model in ("proposal", "restatement")
    ]
