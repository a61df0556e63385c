"""Writing what is stated into a draft's lines, and telling the trail what changed."""

from .entries import Entry
from .models import Item, Line


def replace_lines(revision, entries):
    """Write the entries; returns what changed as sentences “item：before → after”."""
    stored = {line.item_id: line for line in revision.lines.all()}
    before = {code: Entry.of(line) for code, line in stored.items()}
    changed = [code for code in sorted(before | entries) if before.get(code) != entries.get(code)]
    if not changed:
        return []
    items = Item.objects.in_bulk(changed)
    revision.lines.filter(item__in=changed).delete()
    Line.objects.bulk_create(
        [entries[code].line(revision, items[code]) for code in changed if code in entries]
    )
    return [difference(items[code], before.get(code), entries.get(code)) for code in changed]


def write_line(line, revision, item, entry):
    """Put an entry in the place of a stored line, either of which may be None."""
    if entry is None:
        line.delete()
        return
    new = entry.line(revision, item)
    if line:
        new.pk = line.pk
    new.save(force_insert=line is None, force_update=line is not None)


def difference(item, before, after):
    return f"{item}：{before or '未填'} → {after or '未填'}"
