"""Panels learn which months are owed and which wait for review; every figure is then to be computed anew."""

from collections import defaultdict

from django.db import migrations

EMPTY = b"\x00\x00\x00\x00\x00\x00\xf8\x7f" * 12 * 25


def fill_bits(apps, schema_editor):
    report, panel, mark = (apps.get_model("reporting", name) for name in ("Report", "Panel", "StaleMark"))
    bits = defaultdict(lambda: [0, 0])
    rows = report.objects.values_list("agency", "period__month", "latest__status")
    for agency, month, status in rows.iterator(5000):
        bit = 1 << (month.month - 1)
        bits[agency, month.year][0] |= bit
        bits[agency, month.year][1] |= bit if status == "submitted" else 0
    for row in panel.objects.iterator(500):
        row.expected_months, row.submitted_months = bits.pop((row.agency_id, row.year), (0, 0))
        row.save(update_fields=("expected_months", "submitted_months"))
    panel.objects.bulk_create(
        [
            panel(agency_id=agency, year=year, packed=EMPTY, expected_months=owed, submitted_months=waiting)
            for (agency, year), (owed, waiting) in bits.items()
        ],
        batch_size=500,
    )
    places = panel.objects.values_list("agency", "year")
    mark.objects.bulk_create(
        [mark(agency_id=agency, year=year, cause="升级后重新计算") for agency, year in places], batch_size=1000
    )


class Migration(migrations.Migration):
    dependencies = [("reporting", "0002_figures_that_explain_themselves")]
    operations = [migrations.RunPython(fill_bits, migrations.RunPython.noop)]
