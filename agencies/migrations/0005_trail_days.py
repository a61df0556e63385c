from django.db import migrations, models
from django.utils import timezone

BATCH = 2_000


def close_days(apps, schema_editor):
    """The days of the events that are already there; the newest stays open."""
    event, trail_day, trail_head = (
        apps.get_model("agencies", name) for name in ("Event", "TrailDay", "TrailHead")
    )
    open_day, first, days, last = None, 1, [], None
    rows = event.objects.order_by("sequence").values_list("sequence", "at", "hash")
    for sequence, at, hash_ in rows.iterator(BATCH):
        day = timezone.localdate(at)
        if open_day is None or day > open_day:
            if last:
                ended = {"day": open_day, "first_sequence": first, "last_sequence": last[0], "hash": last[1]}
                days.append(trail_day(**ended))
            open_day, first = day, sequence
        last = (sequence, hash_)
    trail_day.objects.bulk_create(days, batch_size=BATCH)
    trail_head.objects.update(day=open_day, day_first_sequence=first)


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0004_review_and_more_verbs'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrailDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='日期')),
                ('first_sequence', models.BigIntegerField(verbose_name='首条序号')),
                ('last_sequence', models.BigIntegerField(verbose_name='末条序号')),
                ('hash', models.CharField(max_length=64, verbose_name='日终哈希')),
                ('archived_at', models.DateTimeField(null=True, verbose_name='归档时间')),
                ('archive_name', models.CharField(blank=True, max_length=40, verbose_name='归档文件')),
                ('archive_sha256', models.CharField(blank=True, max_length=64, verbose_name='归档文件 SHA-256')),
                ('removed', models.PositiveIntegerField(default=0, verbose_name='移出条数')),
            ],
            options={
                'verbose_name': '日志日结',
                'verbose_name_plural': '日志日结',
                'ordering': ('day',),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('last_sequence__gte', models.F('first_sequence'))), name='trail_day_has_events', violation_error_message='日志日结的末条序号不能小于首条序号。'),
                    models.CheckConstraint(condition=models.Q(models.Q(('archive_name', ''), ('archive_sha256', ''), ('archived_at', None), ('removed', 0)), models.Q(('archived_at__isnull', False), models.Q(('archive_name', ''), _negated=True), models.Q(('archive_sha256', ''), _negated=True)), _connector='OR'), name='trail_day_archived_with_file', violation_error_message='归档的日期须有归档文件名和 SHA-256。'),
                ],
            },
        ),
        migrations.AddField(
            model_name='trailhead',
            name='day',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='trailhead',
            name='day_first_sequence',
            field=models.BigIntegerField(default=1),
        ),
        migrations.RunPython(close_days, migrations.RunPython.noop),
    ]
