"""The rules of filing and review once more, in plain Python: what `test_review_machine` holds the verbs against.

Nothing here asks the code under test. A verb is two methods: `may_not_…` names every reason against it (none: it has
to succeed), and the verb itself takes the step.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from django.core.exceptions import PermissionDenied

from reporting.actions import CellTaken, Locked, Refused, Stale, WrongStatus

EDITABLE = ("missing", "draft", "returned", "withdrawn")
WAITING = ("submitted", "endorsed")
ANSWER_DAYS = 5
ELECTRICITY, WATER, VEHICLES, ELECTRIC = "110", "120", "104", "1043"
FUELS = ("1501", "1601")
COST, NO_FUEL, CONTAINER = ("cost", ELECTRICITY), ("vehicle-without-fuel", VEHICLES), ("container", VEHICLES)
DOUBTS = (COST, NO_FUEL)


class Answer(NamedTuple):
    quantity: int | None
    known_by: str = "metered"
    payment: str = ""


NOT_APPLICABLE = Answer(None, "not_applicable")


class Place(NamedTuple):
    institution: str
    month: date


class Deed(NamedTuple):
    """A row of the trail."""

    verb: str
    who: str
    place: Place
    number: int | None


@dataclass
class Hit:
    """What the checks said of a draft when they last looked; `said` differs where the sentence differs."""

    said: int
    reason: str = ""
    is_standing: bool = True


@dataclass
class Version:
    number: int
    state: str = "draft"
    lines: dict[str, Answer] = field(default_factory=dict)
    hits: dict[tuple[str, str], Hit] = field(default_factory=dict)
    answers: frozenset[str] | None = None
    remarks: frozenset[str] | None = None
    submitted_by: str | None = None
    endorsed_by: str | None = None
    decided_by: str | None = None
    returned_on: date | None = None


@dataclass
class Filed:
    """One institution's month."""

    versions: list[Version] = field(default_factory=list)
    latest: Version | None = None
    approved: Version | None = None
    typists: set[str] = field(default_factory=set)
    extensions: list[tuple[date, bool]] = field(default_factory=list)

    @property
    def state(self):
        return self.latest.state if self.latest else "missing"

    @property
    def lines(self):
        return dict(self.latest.lines) if self.latest else {}


@dataclass
class Days:
    opens_on: date
    due_on: date
    closes_on: date


class Oracle:
    """roles: person → role → institutions that it reaches; required: item codes that a month must answer."""

    def __init__(self, roles, places, days, required, today):
        self.roles, self.days, self.required, self.today = roles, days, required, today
        self.filed = {place: Filed() for place in places}
        self.reviews_first = set()
        self.trail = []

    def _denied(self, who, place, *roles):
        reaches = any(place.institution in self.roles[who].get(role, ()) for role in roles)
        return set() if reaches else {PermissionDenied}

    def _log(self, verb, who, place, number):
        self.trail.append(Deed(verb, who, place, number))

    # What the calendar and a return of cells keep

    def last_day(self, place):
        filed = self.filed[place]
        returned = [each.returned_on for each in filed.versions if each.state == "returned"]
        days = [self.days[place.month].closes_on, *(day for day, _ in filed.extensions)]
        return max(days + [day + timedelta(ANSWER_DAYS) for day in returned])

    def due_day(self, place):
        return max(
            self.days[place.month].due_on,
            *(day for day, in_time in self.filed[place].extensions if in_time),
            date.min,
        )

    def _closed(self, place):
        filed = self.filed[place]
        if filed.state not in EDITABLE:
            return {WrongStatus}
        if filed.approved is not None or (
            self.days[place.month].opens_on <= self.today <= self.last_day(place)
        ):
            return set()
        return {Locked}

    def _opened(self, filed):
        """The cells that may change, None for all."""
        latest = filed.latest
        if latest is None:
            return None
        cells = latest.remarks if latest.state == "returned" else latest.answers
        if cells is None or latest.state != "draft":
            return cells
        is_wrong = CONTAINER in latest.hits and latest.hits[CONTAINER].is_standing
        return cells | ({VEHICLES} if is_wrong else set())

    def _kept(self, place, codes):
        opened = self._opened(self.filed[place])
        return {Locked} if opened is not None and set(codes) - opened else set()

    def _changed(self, place, lines):
        stored = self.filed[place].lines
        return {code for code in stored | lines if stored.get(code) != lines.get(code)}

    # Filling

    def may_not_save(self, who, place, lines=None, is_stale=False):
        changed = self._changed(place, lines) if lines is not None else ()
        stale = {Stale} if is_stale else set()
        return self._denied(who, place, "filer") | stale | self._closed(place) | self._kept(place, changed)

    def save(self, who, place, lines, reasons):
        is_new = self.filed[place].state != "draft"
        is_changed = bool(self._changed(place, lines))
        version = self._begun(place)
        version.lines = dict(lines)
        _note(version)
        if _explain(version, reasons) or is_changed or is_new:
            self._typed(who, place)

    def may_not_save_cell(self, who, place, code, answer, is_taken):
        why = self._denied(who, place, "filer") | self._closed(place)
        if self.filed[place].lines.get(code) == answer:
            return why
        return why | ({CellTaken} if is_taken else set()) | self._kept(place, {code})

    def save_cell(self, who, place, code, answer):
        lines = self.filed[place].lines
        if lines.get(code) == answer:
            return
        version = self._begun(place)
        version.lines = _with(lines, code, answer)
        self._typed(who, place)

    def may_not_save_sheet(self, who, places, code, answer, is_taken):
        why = {CellTaken} if is_taken else set()
        for place in places:
            changed = {code} if self.filed[place].lines.get(code) != answer else ()
            why |= self._denied(who, place, "filer") | self._closed(place) | self._kept(place, changed)
        return why

    def save_sheet(self, who, places, code, answer):
        """A workbook's answer for several months at once; each has its row, changed or not."""
        for place in places:
            lines = _with(self.filed[place].lines, code, answer)
            version = self._begun(place)
            version.lines = lines
            _note(version)
            self._typed(who, place)

    def explain(self, who, place, reasons):
        is_new = self.filed[place].state != "draft"
        version = self._begun(place)
        _note(version)
        if _explain(version, reasons) or is_new:
            self._typed(who, place)

    def _begun(self, place):
        """The draft, or the next version as a copy of the one before it."""
        filed = self.filed[place]
        if filed.state != "draft":
            self._next(filed, self._opened(filed))
        return filed.latest

    def _next(self, filed, answers):
        before = filed.latest
        number = max((each.number for each in filed.versions), default=0) + 1
        version = Version(number, lines=filed.lines, answers=answers)
        if before:
            explained = {
                place: replace(hit)
                for place, hit in before.hits.items()
                if place in DOUBTS and hit.is_standing and hit.reason
            }
            version.hits = explained
        filed.versions.append(version)
        filed.latest = version

    def _typed(self, who, place):
        filed = self.filed[place]
        filed.typists.add(who)
        self._log("save", who, place, filed.latest.number)

    # Handing in and taking back

    def may_not_submit(self, who, place):
        filed = self.filed[place]
        why = self._denied(who, place, "filer") | self._closed(place)
        if filed.state == "missing":
            return why | {WrongStatus}
        drafted = Version(
            0, lines=filed.lines, hits={at: replace(hit) for at, hit in filed.latest.hits.items()}
        )
        _note(drafted)
        standing = {at: hit for at, hit in drafted.hits.items() if hit.is_standing}
        is_whole = self.required <= drafted.lines.keys() and CONTAINER not in standing
        is_explained = all(standing[at].reason for at in standing.keys() & set(DOUBTS))
        return why | (set() if is_whole and is_explained else {Refused})

    def submit(self, who, place):
        filed = self.filed[place]
        if filed.state != "draft":
            self._begun(place)
            self._typed(who, place)
        _note(filed.latest)
        filed.latest.state, filed.latest.submitted_by = "submitted", who
        self._log("submit", who, place, filed.latest.number)

    def may_not_withdraw(self, who, place):
        return self._denied(who, place, "filer") | self._unless(place, WAITING)

    def withdraw(self, who, place):
        self._decide("withdraw", who, place, "withdrawn")

    def _unless(self, place, states):
        return set() if self.filed[place].state in states else {WrongStatus}

    # Deciding

    def awaits_first_review(self, place):
        return self.filed[place].state == "submitted" and place.institution in self.reviews_first

    def _may_not_decide(self, who, place, is_stale):
        why = self._unless(place, WAITING)
        filed = self.filed[place]
        if not why and who in {filed.latest.submitted_by, *filed.typists}:
            why |= {PermissionDenied}
        return why | ({Stale} if is_stale else set())

    def may_not_endorse(self, who, place, is_stale):
        why = self._denied(who, place, "department") | self._may_not_decide(who, place, is_stale)
        return why | (set() if self.awaits_first_review(place) else {WrongStatus})

    def endorse(self, who, place):
        latest = self.filed[place].latest
        latest.state, latest.endorsed_by = "endorsed", who
        self._log("endorse", who, place, latest.number)

    def may_not_approve(self, who, place, is_stale):
        why = self._denied(who, place, "reviewer") | self._may_not_decide(who, place, is_stale)
        why |= {WrongStatus} if self.awaits_first_review(place) else set()
        latest = self.filed[place].latest
        return why | ({PermissionDenied} if latest and latest.endorsed_by == who else set())

    def approve(self, who, place):
        self._decide("approve", who, place, "approved")
        filed = self.filed[place]
        filed.approved = filed.latest
        filed.typists.clear()

    def may_not_return(self, who, place, reason, cells, is_stale):
        why = self._denied(who, place, "reviewer", "department") | self._may_not_decide(who, place, is_stale)
        if self._denied(who, place, "reviewer") and not self.awaits_first_review(place):
            why |= {PermissionDenied}
        is_said = bool(reason.strip() or cells) and all(comment.strip() for comment in cells.values())
        return why | (set() if is_said else {ValueError})

    def send_back(self, who, place, cells):
        version = self.filed[place].latest
        self._decide("return", who, place, "returned")
        version.remarks, version.returned_on = frozenset(cells) or None, self.today

    def _decide(self, verb, who, place, state):
        latest = self.filed[place].latest
        latest.state, latest.decided_by = state, who
        self._log(verb, who, place, latest.number)

    # Correcting

    def may_not_correct(self, who, place, reason):
        why = self._denied(who, place, "filer", "reviewer") | self._unless(place, ("approved",))
        return why | (set() if reason.strip() else {ValueError})

    def correct(self, who, place):
        filed = self.filed[place]
        self._next(filed, None)
        self._log("correct", who, place, filed.latest.number)

    def may_not_abandon(self, who, place):
        filed = self.filed[place]
        is_correcting = filed.approved is not None and filed.state in EDITABLE
        return self._denied(who, place, "filer", "reviewer") | (set() if is_correcting else {WrongStatus})

    def abandon(self, who, place):
        filed = self.filed[place]
        given_up = filed.latest
        self._log("abandon", who, place, given_up.number)
        filed.latest = filed.approved
        if given_up.state == "draft":
            filed.versions.remove(given_up)

    # The calendar

    def may_not_extend(self, who, places, day, reason):
        is_sound = day >= self.today and reason.strip() and any(self._gains(place, day) for place in places)
        why = set() if is_sound else {ValueError}
        return why.union(*(self._denied(who, place, "manager") for place in places))

    def extend(self, who, places, day):
        for place in [each for each in places if self._gains(each, day)]:
            self.filed[place].extensions.append((day, self._is_in_time(place)))
            self._log("extend", who, place, None)

    def _gains(self, place, day):
        """Whether the day gives more time to file, or to be on time."""
        return day > self.last_day(place) or (self._is_in_time(place) and day > self.due_day(place))

    def _is_in_time(self, place):
        return self.today <= self.due_day(place)


def _with(lines, code, answer):
    kept = {each: given for each, given in lines.items() if each != code}
    return kept if answer is None else kept | {code: answer}


def _said(lines):
    """What the checks say of these lines: (rule, item) → what distinguishes the sentence."""
    found = {}
    electricity = lines.get(ELECTRICITY)
    if electricity and electricity.quantity and not electricity.payment:
        found[COST] = 0
    cars, electric = ((lines[code].quantity or 0) if code in lines else 0 for code in (VEHICLES, ELECTRIC))
    if cars > electric and any(fuel in lines for fuel in FUELS):
        found[NO_FUEL] = cars - electric
    if VEHICLES in lines and cars < electric:
        found[CONTAINER] = electric * 100 + cars
    return found


def _note(version):
    """Bring the hits up to the lines. A reason speaks of what was said then; of other numbers it says nothing."""
    found = _said(version.lines)
    for at, hit in version.hits.items():
        hit.is_standing = at in found
        if at in found and found[at] != hit.said:
            hit.said, hit.reason = found[at], ""
    version.hits |= {at: Hit(said) for at, said in found.items() if at not in version.hits}


def _explain(version, reasons):
    """Whether a reason changed."""
    is_changed = False
    for at in DOUBTS:
        hit = version.hits.get(at)
        if hit and hit.is_standing and at in reasons and hit.reason != reasons[at]:
            hit.reason = reasons[at]
            is_changed = True
    return is_changed
