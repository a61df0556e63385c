"""An institution's place within its type and its system before and after an approval, by counting the others.

As rankings and lists have it: the smaller number first, of equal ones the path, what is unknown in no place.
"""

from dataclasses import dataclass

from django.db.models import Count, Q

from .models import Figure, GroupKind, Indicator

# (column, whether it is the change against the base year)
COLUMNS = tuple(
    (indicator, f"{indicator}{ending}", bool(ending)) for indicator in Indicator for ending in ("", "_change")
)


@dataclass(frozen=True)
class Scope:
    """Among whom an institution is ranked. condition: over `Figure`."""

    title: str
    name: str
    condition: Q


@dataclass(frozen=True)
class Rank:
    """before, after: the place, None where the number is unknown; of_before, of_after: among how many known ones."""

    scope: Scope
    indicator: Indicator
    column: str
    is_by_change: bool
    before: int | None
    after: int | None
    of_before: int
    of_after: int

    @property
    def is_changed(self):
        return (self.before, self.of_before) != (self.after, self.of_after)


def scopes(agency, places):
    """The system right above the institution and its type, as far as they are among the groups shown."""
    found = []
    system = GroupKind.NODE, agency.parent.key
    if system in places:
        owner = places[system]
        found.append(Scope(owner.title, owner.name, Q(agency__path__startswith=agency.parent.path)))
    if (GroupKind.TYPE, agency.type_code) in places:
        owner = places[GroupKind.TYPE, agency.type_code]
        found.append(Scope(owner.title, owner.name, Q(agency__type_code=agency.type_code)))
    return found


def ranks(agency, year, rule_set, before, after, scopes):
    """Of each scope and column; before, after: the institution's figures or None. One query a scope."""
    sides = [{name: row and getattr(row, name) for _, name, _ in COLUMNS} for row in (before, after)]
    columns = [column for column in COLUMNS if any(side[column[1]] is not None for side in sides)]
    if not columns:
        return []
    others = Figure.objects.filter(rule_set=rule_set, year=year).exclude(agency=agency)
    asked = _asked(agency, sides, columns)
    found = []
    for scope in scopes:
        counts = others.filter(scope.condition).aggregate(**asked)
        found += [_rank(scope, column, [side[column[1]] for side in sides], counts) for column in columns]
    return found


def _asked(agency, sides, columns):
    """Of the others: how many are known, and how many stand before each number of the institution."""
    asked = {}
    for _, name, _ in columns:
        asked[f"{name}_known"] = Count(name)
        for side, values in enumerate(sides):
            if values[name] is not None:
                asked[f"{name}_ahead_{side}"] = Count("pk", filter=_ahead(name, values[name], agency.path))
    return asked


def _ahead(name, value, path):
    return Q(**{f"{name}__lt": value}) | Q(**{name: value}, agency__path__lt=path)


def _rank(scope, column, values, counts):
    indicator, name, is_by_change = column
    places = [
        None if value is None else 1 + counts[f"{name}_ahead_{side}"] for side, value in enumerate(values)
    ]
    known = [counts[f"{name}_known"] + (value is not None) for value in values]
    return Rank(scope, indicator, name, is_by_change, *places, *known)
