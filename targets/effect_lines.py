"""What a correction states otherwise than the version in force, line by line."""

from dataclasses import dataclass

from reporting.entries import Entry
from reporting.models import Item, Line


@dataclass(frozen=True)
class ChangedLine:
    """An item of which the two versions say different things; a line is None where a version says nothing."""

    item: Item
    in_force: Line | None
    new: Line | None

    @property
    def difference(self):
        """Of the quantities; None where one is unknown."""
        quantities = [line.quantity if line else None for line in (self.in_force, self.new)]
        return None if None in quantities else quantities[1] - quantities[0]

    @property
    def fraction(self):
        """The difference as a part of what is in force; None where that is unknown or nothing."""
        if self.difference is None or not self.in_force.quantity:
            return None
        return self.difference / self.in_force.quantity

    @property
    def has_other_way(self):
        """Whether it is known in another way, or paid for by another."""
        ways = [line and (line.known_by, line.payment) for line in (self.in_force, self.new)]
        return ways[0] != ways[1]

    @property
    def has_other_cost(self):
        costs = [line and line.cost_yuan for line in (self.in_force, self.new)]
        return costs[0] != costs[1]

    @property
    def has_other_note(self):
        notes = [line.note if line else "" for line in (self.in_force, self.new)]
        return notes[0] != notes[1]


def changed(report):
    """The lines that differ; none where no version is in force or it is the latest one. Two queries."""
    if report.approved_id is None or report.latest_id == report.approved_id:
        return []
    old, new = (
        {line.item_id: line for line in revision.lines.select_related("item")}
        for revision in (report.approved, report.latest)
    )
    lines = [
        ChangedLine((new.get(code) or old[code]).item, old.get(code), new.get(code))
        for code in sorted(old | new)
    ]
    return [line for line in lines if _stated(line.in_force) != _stated(line.new)]


def _stated(line):
    return line and Entry.of(line)
