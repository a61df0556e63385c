"""Readings of what the registers hold: entered once by who runs it, each change in the trail with before and after."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agencies import trail
from agencies.access import may_at
from agencies.actions import changes_of
from agencies.models.trail import Verb

from .cells import plain


class ReadingTaken(Exception):
    """Another reading is stored by now than the person had before them; the text says which, and what was typed."""


@transaction.atomic
def read(model, thing, month, values, *, by, seen=None):
    """Store what was read of a thing in a month (field → value), or take it back where every value is None.

    `model`: the Reading of that kind of thing. Returns whether anything changed. The thing's row is locked, so that
    two people who enter the same reading follow each other. `seen`: the values that the acting person had before them;
    where others are stored by now nothing is overwritten but ReadingTaken raised.
    """
    if not may_at(by, "keep_own_register", thing.agency):
        raise PermissionDenied
    thing = type(thing).objects.select_for_update().get(pk=thing.pk)
    stored = model.objects.filter(**{model.of: thing, "month": month}).first()
    now = {name: getattr(stored, name, None) for name in values}
    # The same reading twice is no conflict: a browser that did not hear of its success sends it again.
    if seen is not None and now not in (seen, values):
        raise ReadingTaken(_taken(model, thing, now, values))
    if all(value is None for value in values.values()):
        return _take_back(stored, thing, by)
    reading = stored or model(**{model.of: thing, "month": month})
    for name, value in values.items():
        setattr(reading, name, value)
    changes = changes_of(reading) if stored else [_sentence(model, values)]
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


def _sentence(model, values):
    fields = {field.name: field.verbose_name for field in model._meta.concrete_fields}
    return "，".join(f"{fields[name]} {value}" for name, value in values.items() if value is not None)


def _taken(model, thing, now, values):
    stored, typed = (
        _sentence(model, {name: value if value is None else plain(value) for name, value in each.items()})
        for each in (now, values)
    )
    return (
        f"{thing} 的读数在您打开本页之后已被他人修改，现为“{stored or '未登记'}”；"
        f"您填写的“{typed or '未登记'}”没有保存，请核对后再填。"
    )


def _record(reading, thing, by, words):
    detail = f"{thing._meta.verbose_name} {thing}：{words}"
    trail.record(Verb.READING, by=by, agency=thing.agency, month=reading.month, detail=detail)
