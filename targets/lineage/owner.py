"""Whose figure is asked about: an institution, or a node of the tree, a type or a street; within what the user sees."""

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q
from django.urls import reverse

from agencies.models import Agency, AgencyKind, AgencyType

from ..models import GroupKind
from ..models.figures import INSTITUTION


@dataclass(frozen=True)
class Owner:
    """kind: "institution" or a GroupKind; agency: the institution or node, None for types and streets."""

    kind: str
    key: str
    name: str
    agency: Agency | None = None

    @property
    def is_institution(self):
        return self.kind == INSTITUTION

    @property
    def named(self):
        """The fields that every explanation begins with."""
        return {
            "owner_kind": str(self.kind),
            "owner_key": self.key,
            "owner_name": self.name,
            "owner_page": self.page,
        }

    def where(self, way=""):
        """The condition under which an institution counts in it; way: the lookup that leads there, as "agency__".

        All of them count in the root: no join is needed to find that out.
        """
        if self.kind == GroupKind.NODE and self.agency.parent_id is None:
            return Q()
        field, value = {
            INSTITUTION: lambda: ("pk", self.agency.pk),
            GroupKind.NODE: lambda: ("path__startswith", self.agency.path),
            GroupKind.TYPE: lambda: ("type_code", self.key),
            GroupKind.STREET: lambda: ("street", self.key),
        }[self.kind]()
        return Q(**{f"{way}{field}": value})

    def members(self):
        """The institutions that count in it."""
        return Agency.objects.institutions().filter(self.where())

    @property
    def page(self):
        """The page that shows its figures."""
        if self.is_institution:
            return reverse("targets:institution-detail", args=[self.key])
        if self.kind == GroupKind.NODE:
            return reverse("targets:system-detail", args=[self.key])
        return reverse("targets:group-detail", args=[self.kind, self.key])


# A page of figures links hundreds of them, mostly the same ones as the last time.
@lru_cache(maxsize=16_384)
def _address(name, *arguments):
    return reverse(name, args=arguments)


def why(kind, key, year, measure):
    """The address of the page that explains a figure."""
    if kind == INSTITUTION:
        return _address("targets:why-institution", key, year, measure)
    return _address("targets:why-group", kind, key, year, measure)


def why_effects(kind, key, year, quantity):
    """The address of the page that explains the effects on a quantity."""
    return _address("targets:why-effects", kind, key, year, quantity)


def why_requirement(kind, key, year, indicator):
    """The address of the page that explains what a year has to bring."""
    return _address("targets:why-requirement", kind, key, year, indicator)


def why_forecast(kind, key, year, indicator):
    """The address of the page that explains where a running year may end."""
    return _address("targets:why-forecast", kind, key, year, indicator)


def why_peak(kind, key):
    """The address of the page that explains whether carbon has peaked."""
    return _address("targets:why-peak", kind, key)


def why_published(publication, kind, key, panel, column):
    """The address of the page that explains a sealed number; publication: its id."""
    return _address("targets:why-published", publication, kind, key, panel, column)


def why_rehearsed(effect):
    """The address of the page that says what a rehearsed number was made from; effect: its id."""
    return _address("targets:why-rehearsed", effect)


def of_institution(agency):
    return Owner(INSTITUTION, agency.key, agency.name, agency)


def of_node(node):
    return Owner(GroupKind.NODE, node.key, node.name, node)


def find_owner(user, kind, key):
    """The institution or group, or None where the user sees none of that name."""
    return find_institution(user, key) if kind == INSTITUTION else find_group(user, kind, key)


def find_agency(user, kind, key):
    """The institution or node, or None where the user sees none of that name."""
    if kind == INSTITUTION:
        return find_institution(user, key)
    return find_group(user, kind, key) if kind == GroupKind.NODE else None


def find_institution(user, key):
    """The institution, or None where the user sees none of that key."""
    agency = Agency.objects.institutions().visible_to(user).filter(key=key).first()
    return of_institution(agency) if agency else None


def find_group(user, kind, key):
    """The group, or None where the user sees none of that name: a type or street belongs to the whole tree."""
    if kind == GroupKind.NODE:
        nodes = Agency.objects.visible_to(user).exclude(kind=AgencyKind.INSTITUTION)
        node = nodes.filter(key=key).first()
        return of_node(node) if node else None
    if kind not in GroupKind.values or not user.sees_whole_tree:
        return None
    names = dict(AgencyType.choices) if kind == GroupKind.TYPE else _streets(key)
    return Owner(GroupKind(kind), key, names[key]) if key in names else None


def _streets(key):
    return {key: key} if key and Agency.objects.institutions().filter(street=key).exists() else {}
