"""Effects keep what they are made from. Those without it go: the job behind the figures makes them anew."""

from django.db import migrations, models


def delete_effects(apps, schema_editor):
    apps.get_model("targets", "Decomposition").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("targets", "0003_rule_set_first_in_the_index")]
    operations = [
        migrations.RunPython(delete_effects, migrations.RunPython.noop),
        migrations.AddField(
            "decomposition",
            "types",
            models.CharField("机构类型", max_length=60, default="", help_text="类型编码，逗号分隔"),
            preserve_default=False,
        ),
        migrations.AddField(
            "decomposition",
            "carriers",
            models.CharField("能源品种", max_length=200, default="", help_text="逗号分隔；用水为 water"),
            preserve_default=False,
        ),
        migrations.AddField(
            "decomposition",
            "inputs",
            models.BinaryField(
                "输入", default=b"", help_text="基准年、当年各一行 float64：decomposition.packed"
            ),
            preserve_default=False,
        ),
    ]
