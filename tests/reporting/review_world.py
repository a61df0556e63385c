"""The district of `test_review_machine`: two institutions, two departments, all who may act; and all stored rows."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency, Event
from reporting import panels
from reporting.accounting import rules
from reporting.entries import Entry
from reporting.models import (
    CellRemark,
    EditionItem,
    Extension,
    Line,
    Panel,
    Period,
    Report,
    Revision,
    RuleHit,
    StaleMark,
)
from tests.factories import DepartmentFactory, District, InstitutionFactory, user_with

from .review_oracle import NOT_APPLICABLE, Days, Deed, Oracle, Place

YEAR = 2025
MONTHS = (date(YEAR, 3, 1), date(YEAR, 4, 1))
# Person → role → institutions that it reaches.
ROLES = {
    "filer of A": {"filer": "A"},
    "second filer of A": {"filer": "A"},
    "filer of B": {"filer": "B"},
    "filer of A, reviewer": {"filer": "A", "reviewer": "AB"},
    "department of A": {"department": "A"},
    "department of B": {"department": "B"},
    "department of A, reviewer": {"department": "A", "reviewer": "AB"},
    "reviewer": {"reviewer": "AB"},
    "second reviewer": {"reviewer": "AB"},
    "manager": {"manager": "AB"},
    "observer": {},
    "auditor": {},
    "administrator": {},
}
BARE = {"observer": Role.OBSERVER, "auditor": Role.AUDITOR, "administrator": Role.ADMINISTRATOR}
TABLES = (Report, Revision, Line, RuleHit, CellRemark, Extension, Panel, StaleMark, Period, Event)


class World:
    def __init__(self):
        district = District()
        self.bureau = district.bureau
        self.departments = {"A": district.department, "B": DepartmentFactory(parent=self.bureau)}
        self.institutions = {
            "A": district.institution,
            "B": InstitutionFactory(parent=self.departments["B"]),
        }
        self.people = {name: self._person(name, roles) for name, roles in ROLES.items()}
        self.reports = {
            Place(letter, month): district.report(month, agency).pk
            for letter, agency in self.institutions.items()
            for month in MONTHS
        }
        self.names = {user.pk: name for name, user in self.people.items()}
        self._places = {
            (agency.pk, month): Place(letter, month)
            for letter, agency in self.institutions.items()
            for month in MONTHS
        }
        rows = EditionItem.objects.filter(edition__slug="2025")
        self.asked = dict(rows.values_list("item", "is_required"))
        self.kgce_per_kwh = kgce_per_kwh()
        self.events_before = Event.objects.count()

    def _person(self, name, roles):
        if name in BARE:
            return user_with(BARE[name], self.bureau, name=name)
        (first, reach), *others = roles.items()
        user = user_with(Role(first), self._seat(first, reach), name=name)
        for role, each in others:
            user.memberships.create(
                role=Role(role), agency=self._seat(role, each), valid_from=date(2015, 1, 1)
            )
        return user

    def _seat(self, role, letter):
        seats = {"filer": self.institutions, "department": self.departments}
        return seats[role][letter] if role in seats else self.bureau

    def oracle(self):
        required = {code for code, is_required in self.asked.items() if is_required}
        days = {each.month: Days(each.opens_on, each.due_on, each.closes_on) for each in Period.objects.all()}
        return Oracle(ROLES, self.reports, days, required, timezone.localdate())

    def report(self, place):
        return Report.objects.select_related("agency", "period", "latest").get(pk=self.reports[place])

    def whole(self, lines):
        """The lines with every other required item as not applicable."""
        rest = {code: NOT_APPLICABLE for code, is_required in self.asked.items() if is_required}
        return rest | lines

    def review_first(self, letter, is_wanted):
        # Past the register's history, of which the figures of groups would want to be summed anew.
        Agency.objects.filter(pk=self.departments[letter].pk).update(reviews_first=is_wanted)

    def move_calendar(self, month, days):
        Period.objects.filter(month=month).update(**vars(days))

    def trail(self):
        """The trail's rows since the district was made, as the oracle writes them."""
        rows = Event.objects.order_by("sequence").values_list(
            "verb", "actor", "agency", "month", "revision_number"
        )
        return [
            Deed(verb, self.names[actor], self._places[agency, month], number)
            for verb, actor, agency, month, number in rows[self.events_before :]
        ]

    def panel_row(self, lines):
        """A month of the panel by hand: what does not apply is 0, what is unknown or was not answered is NaN."""
        row = []
        for code in panels.PANEL_ITEMS:
            answer = lines.get(code)
            if answer is None:
                row.append(float("nan") if code in self.asked else 0.0)
            elif answer.known_by == "not_metered":
                row.append(float("nan"))
            else:
                row.append(float(answer.quantity or 0))
        return row


def entry(answer):
    if answer is None:
        return None
    quantity = None if answer.quantity is None else Decimal(answer.quantity)
    return Entry(quantity, answer.known_by, payment=answer.payment)


def everything():
    """All rows that a verb may change, table by table."""
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in TABLES}


def lines_in_force():
    """Revision id → item → what is stated, of every revision."""
    found = {}
    for revision, *stated in Line.objects.values_list(
        "revision", "item", "quantity", "known_by", "payment", "cost_yuan", "note"
    ).order_by():
        found.setdefault(revision, []).append(tuple(stated))
    return {revision: sorted(stated) for revision, stated in found.items()}


def open_revisions():
    """Report ids, one for each revision that is not settled."""
    return list(
        Revision.objects.filter(status__in=("draft", "submitted", "endorsed")).values_list(
            "report", flat=True
        )
    )


def reports_now():
    """Report id → number and state of the latest revision, number of the approved one."""
    rows = Report.objects.values_list("pk", "latest__number", "latest__status", "approved__number")
    return {pk: tuple(stands) for pk, *stands in rows}


def kgce_per_kwh():
    """From the shipped table, not from the loader."""
    table = Path(rules.__file__).parent / "rows" / "coefficients.csv"
    with table.open(encoding="utf-8") as rows:
        return next(
            float(row["kgce_per_unit"])
            for row in csv.DictReader(rows)
            if (row["coefficient_set"], row["carrier"]) == ("chongqing-2015", "electricity")
        )
