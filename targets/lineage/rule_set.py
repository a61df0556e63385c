"""The rule set that a figure was made by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RuleSetUsed:
    slug: str
    title: str
    document: str
    mark: str
    mark_name: str
    target_grid_year: int
    target_grid_note: str

    @classmethod
    def of(cls, row):
        return cls(
            row.slug,
            row.title,
            row.document,
            row.mark,
            row.get_mark_display(),
            row.target_grid_year,
            row.target_grid_note,
        )
