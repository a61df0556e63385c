"""Sealing what is published: a reviewed span that never changes afterwards."""

from datetime import date

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting.accounting import rules
from reporting.models import StaleMark

from . import access, refresh, sealed, sums
from .models import GroupKind, Publication, PublishedFigure


@transaction.atomic
def seal(kind, year, number, *, by, note=""):
    """Publish a month, quarter or year under the rule set in force; it never changes afterwards."""
    access.permit(by, "seal")
    basis = refresh.basis_of(rules.active_slug())
    new = Publication(kind=kind, year=year, number=number, rule_set=basis.rule_set, note=note.strip())
    new.base_year = basis.base_years.get(year)
    refresh.lock()
    _check_ready(new)
    rows = list(sealed.rows_of(new, basis))
    if not rows:
        raise ValidationError(f"{new.span_name}还没有已通过的月报，不能封存。")
    _cover(new)
    new.edition = (
        1 + Publication.objects.filter(kind=kind, year=year, number=number, rule_set=basis.rule_set).count()
    )
    new.sealed_by, new.sealed_at = by, timezone.now()
    new.content_hash = new.expected_hash(rows)
    new.save()
    for row in rows:
        row.publication = new
    PublishedFigure.objects.bulk_create(rows, batch_size=500)
    trail.record(
        Verb.SEAL, by=by, detail=f"{new}，{new.rule_set}，{len(rows)} 行，内容哈希 {new.content_hash}"
    )
    return new


def _check_ready(new):
    last = date(new.year, new.months[-1], 1)
    if last >= timezone.localdate().replace(day=1):
        raise ValidationError(f"{new.span_name}尚未结束，结束后才能封存。")
    if StaleMark.objects.exists() or refresh.is_regrouping_due():
        raise ValidationError("有待重算的指标，后台任务完成后再封存，以免封存过时的数。")


def _cover(new):
    """How complete the whole register is over the span."""
    root = Agency.objects.filter(parent=None).order_by("path").first()
    groups = sealed.folded(new, [(GroupKind.NODE, root.key)])
    parts = sums.unpacked(np.stack(list(groups.values())))
    coverage = (parts["coverage"][0] * sealed.mask(new)).sum(axis=-1).astype(int)
    new.months_expected, new.months_approved, new.months_submitted = map(int, coverage)
    new.registered = int((parts["coverage"][0, sums.EXPECTED] * sealed.mask(new)).max())


def first_changed():
    """A sentence naming the first sealed publication whose rows no longer give its hash, or None."""
    for publication in Publication.objects.select_related("rule_set").order_by("pk"):
        if publication.content_hash != publication.expected_hash(publication.figures.all().iterator(2000)):
            return f"{publication} 的已封存指标与封存时的哈希不符。"
    return None
