"""What rehearsals and forecasts were made from, to tell whether it still is that; the peak test on both bases."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("targets", "0004_effects_keep_their_inputs")]
    operations = [
        migrations.AddField(
            model,
            "rehearsed_from",
            models.JSONField(
                blank=True, default=dict, help_text="见 targets.inputs", verbose_name="试算依据"
            ),
        )
        for model in ("proposal", "restatement")
    ] + [
        migrations.CreateModel(
            "ForecastRun",
            [
                (
                    "rule_set",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="reporting.ruleset",
                        verbose_name="核算口径",
                    ),
                ),
                ("made_from", models.JSONField(help_text="见 forecasting.is_due", verbose_name="计算依据")),
                ("made_at", models.DateTimeField(verbose_name="计算时间")),
            ],
            options={"verbose_name": "预测批次", "verbose_name_plural": "预测批次"},
        ),
        migrations.AddField(
            "peakresult",
            "is_provisional",
            models.BooleanField(default=False, verbose_name="清单因子为暂用"),
        ),
        migrations.AlterModelOptions(
            "peakresult",
            {
                "ordering": ("agency", "-basis"),
                "verbose_name": "碳达峰判定",
                "verbose_name_plural": "碳达峰判定",
            },
        ),
    ]
