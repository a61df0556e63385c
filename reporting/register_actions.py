"""Readings of what the registers hold: entered once by who runs it, each change in the trail with before and after."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agencies import trail
from agencies.access import may_at
from agencies.actions import changes_of
from agencies.models.trail import Verb


@transaction.atomic
def read(model, thing, month, values, *, by):
    """Store what was read of a thing in a month (field → value), or take it back where every value is None.

    `model`: the Reading of that kind of thing. Returns whether anything changed. The thing's row is locked, so that
    two people who enter the same reading follow each other.
    """
    if not may_at(by, "keep_own_register", thing.agency):
        raise PermissionDenied
    thing = type(thing).objects.select_for_update().get(pk=thing.pk)
    stored = model.objects.filter(**{model.of: thing, "month": month}).first()
    if all(value is None for value in values.values()):
        return _take_back(stored, thing, by)
    reading = stored or model(**{model.of: thing, "month": month})
    for name, value in values.items():
        setattr(reading, name, value)
    changes = changes_of(reading) if stored else [_sentence(reading, values)]
    if changes:
        reading.entered_by = by
        reading.full_clean()
        reading.save()
        _record(reading, thing, by, "；".join(changes))
    return bool(changes)


def _take_back(stored, thing, by):
    if stored is None:
        return False
    _record(stored, thing, by, "删除读数")
    stored.delete()
    return True


def _sentence(reading, values):
    fields = {field.name: field.verbose_name for field in reading._meta.concrete_fields}
    return "，".join(f"{fields[name]} {value}" for name, value in values.items() if value is not None)


def _record(reading, thing, by, words):
    detail = f"{thing._meta.verbose_name} {thing}：{words}"
    trail.record(Verb.READING, by=by, agency=thing.agency, month=reading.month, detail=detail)
