"""Whether the trail's chain and its days still are what was appended: the first fault as a sentence, or None."""

from dataclasses import dataclass
from datetime import timedelta

from .models.trail import GENESIS, Event, TrailDay, TrailHead, Verb, digest_of

BATCH = 2_000
# 网络安全法 第二十一条: logs are kept for six months at least.
LEAST_KEEP_DAYS = 183


@dataclass
class Link:
    """How far the chain has been followed."""

    sequence: int = 0
    hash: str = GENESIS

    def follow(self, row):
        """Go on to this row; a sentence where it does not hold on to the row before."""
        if row.sequence != self.sequence + 1:
            return f"日志缺少第 {self.sequence + 1} 条。"
        if row.previous_hash != self.hash:
            return f"日志第 {row.sequence} 条与前一条不相连。"
        if row.hash != row.expected_hash():
            return f"日志第 {row.sequence} 条内容与其哈希不符。"
        self.sequence, self.hash = row.sequence, row.hash
        return None


def first_fault():
    """Of the whole trail: each closed day, then the open one up to the head."""
    if Event.objects.filter(sequence__lt=1).exists():
        return "日志有序号小于 1 的记录。"
    link = Link()
    archivings = dict(Event.objects.filter(verb=Verb.ARCHIVE).values_list("detail", "at"))
    for day in TrailDay.objects.order_by("first_sequence").iterator(BATCH):
        fault = _day_fault(day, link, archivings)
        if fault:
            return fault
    return _open_fault(link)


def _day_fault(day, link, archivings):
    """Leaves the link at the day's end."""
    if day.first_sequence != link.sequence + 1:
        return f"日志日结 {day} 从第 {day.first_sequence} 条起，前一日结止于第 {link.sequence} 条。"
    rows = _dated(Event.objects.of_day(day), day)
    fault = _kept_fault(day, link, rows, archivings) if day.archived_at else _whole_fault(day, link, rows)
    link.sequence, link.hash = day.last_sequence, day.hash
    return fault


def _dated(rows, day):
    """(row, fault of its date): the first event of a day is dated on it, no event after it."""
    for row in rows.iterator(BATCH):
        is_right = row.day == day.day if row.sequence == day.first_sequence else row.day <= day.day
        yield row, None if is_right else f"日志第 {row.sequence} 条的日期与日结 {day} 不符。"


def _whole_fault(day, link, rows):
    for row, wrong_date in rows:
        fault = link.follow(row) or wrong_date
        if fault:
            return fault
    if link.sequence != day.last_sequence:
        return f"日志缺少第 {link.sequence + 1} 条。"
    return None if link.hash == day.hash else f"日志日结 {day} 的哈希与其末条不符。"


def _kept_fault(day, link, rows, archivings):
    """Of an archived day: what is left is what the trail says was left, and holds together where neighbours are."""
    hashes = []
    for row, wrong_date in rows:
        if row.sequence > link.sequence + 1:
            link.sequence, link.hash = row.sequence - 1, row.previous_hash
        fault = link.follow(row) or wrong_date
        if fault:
            return fault
        hashes.append(row.hash)
    if len(hashes) != day.count - day.removed:
        return f"{day} 的日志归档后应留存 {day.count - day.removed} 条，现有 {len(hashes)} 条。"
    return _archiving_fault(day, archivings.get(day.archive_sentence(digest_of(hashes))))


def _archiving_fault(day, at):
    """`at`: when the trail itself says that this day was archived with what is left."""
    if at is None:
        return f"{day} 的日志标为已归档，日志中却没有记载，或所记与留存的不同。"
    too_early = at.date() - day.day < timedelta(days=LEAST_KEEP_DAYS)
    return f"{day} 的日志归档时不满 {LEAST_KEEP_DAYS} 天。" if too_early else None


def _open_fault(link):
    head = TrailHead.objects.filter(pk=1).first() or TrailHead()
    last_closed = link.sequence
    open_day = TrailDay(day=head.day, first_sequence=last_closed + 1)
    for row, wrong_date in _open_rows(open_day):
        fault = link.follow(row) or wrong_date
        if fault:
            return fault
    if (head.sequence, head.hash) != (link.sequence, link.hash):
        return f"日志链头为第 {head.sequence} 条，日志末条为第 {link.sequence} 条。"
    if head.day_first_sequence != last_closed + 1:
        return f"日志当日从第 {head.day_first_sequence} 条起，前一日结止于第 {last_closed} 条。"
    return None


def _open_rows(day):
    rows = Event.objects.filter(sequence__gte=day.first_sequence).order_by("sequence")
    if day.day is None:
        return ((row, None) for row in rows.iterator(BATCH))
    return _dated(rows, day)
