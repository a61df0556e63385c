"""What `test_review_machine` holds after each step: the rows against the oracle, and at the end the figures."""

import sys

import numpy as np
from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from reporting import actions, locks
from reporting.models import Panel, Report, Revision
from reporting.panels import MONTHS as MONTHS_OF_YEAR
from targets import indicators, ledger, refresh
from targets.models import Figure

from .review_oracle import ELECTRICITY, WAITING, Place
from .review_world import MONTHS, YEAR, everything, lines_in_force, open_revisions, reports_now

REFUSALS = (
    PermissionDenied,
    actions.WrongStatus,
    actions.Stale,
    actions.CellTaken,
    actions.Refused,
    ValueError,
)
KGCE = list(indicators.Months.__dataclass_fields__).index("kgce")
PLACES = [Place(letter, month) for letter in "AB" for month in MONTHS]


class HeldToTheRules(RuleBasedStateMachine):
    """An example in a savepoint, of which nothing is left."""

    def __init__(self, world, clock):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.world, self.clock, self.oracle = world, clock, world.oracle()
        clock.days = 0
        self.as_first_seen = {place: world.report(place) for place in PLACES}
        self.hashes = {}
        self.stored = everything()

    def teardown(self):
        try:
            # Not after a fault, which is what is to be told.
            if sys.exc_info()[0] is None:
                self._figures_follow()
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)
            self.clock.days = 0

    def _try(self, act, why, then):
        """Where there is a reason against it, it is refused for one of them and nothing changes; else it is done."""
        before, events = self.stored, len(self.oracle.trail)
        try:
            act()
            refusal = None
        except REFUSALS as caught:
            refusal = caught
        if why or refusal:
            assert type(refusal) in why, f"{refusal!r}, where {why or 'nothing'} speaks against it"
            assert everything() == before
            return
        then()
        self.stored = everything()
        self._figures_change_by_approval_alone(before, self.oracle.trail[events:])

    def _figures_change_by_approval_alone(self, before, deeds):
        def in_force(rows):
            return [row[:2] + row[4:] for row in rows["Report"]], [row[:4] for row in rows["Panel"]]

        approvals = [deed for deed in deeds if deed.verb == "approve"]
        assert len(approvals) == (in_force(self.stored) != in_force(before))

    @invariant()
    def the_months_stand_as_the_rules_say(self):
        stands = reports_now()
        for place, filed in self.oracle.filed.items():
            latest = (filed.latest.number, filed.latest.state) if filed.latest else (None, None)
            approved = filed.approved.number if filed.approved else None
            assert stands[self.world.reports[place]] == (*latest, approved)
        assert len(set(open_revisions())) == len(open_revisions())

    @invariant()
    def every_version_says_what_was_filed_and_who_dealt_with_it(self):
        lines, names = lines_in_force(), self.world.names
        stored = {(each.report_id, each.number): each for each in Revision.objects.all()}
        for place, filed in self.oracle.filed.items():
            for version in filed.versions:
                revision = stored.pop((self.world.reports[place], version.number))
                people = (revision.submitted_by_id, revision.endorsed_by_id, revision.decided_by_id)
                assert tuple(map(names.get, people)) == (
                    version.submitted_by,
                    version.endorsed_by,
                    version.decided_by,
                )
                assert revision.status == version.state
                assert lines.get(revision.pk, []) == sorted(
                    (code, answer.quantity, answer.known_by, answer.payment, None, "")
                    for code, answer in version.lines.items()
                )
                if version.state != "draft":
                    assert self.hashes.setdefault(revision.pk, revision.content_hash) == revision.content_hash
        assert stored == {}

    @invariant()
    def the_panel_is_the_approved_version(self):
        panels = {panel.agency_id: panel for panel in Panel.objects.filter(year=YEAR)}
        for letter, agency in self.world.institutions.items():
            expected = np.full(panels[agency.pk].values.shape, np.nan)
            bits = {"approved": 0, "submitted": 0, "expected": 0}
            for month in MONTHS:
                filed, bit = self.oracle.filed[letter, month], 1 << (month.month - 1)
                bits["expected"] |= bit
                bits["submitted"] |= bit if filed.state in WAITING else 0
                if filed.approved:
                    bits["approved"] |= bit
                    expected[month.month - 1] = self.world.panel_row(filed.approved.lines)
            np.testing.assert_array_equal(panels[agency.pk].values, expected)
            assert bits == {name: getattr(panels[agency.pk], f"{name}_months") for name in bits}

    @invariant()
    def the_trail_tells_every_deed_and_no_other(self):
        assert self.world.trail() == self.oracle.trail

    @invariant()
    def a_lock_says_what_the_calendar_does(self):
        rows = Report.objects.select_related("agency", "period", "latest")
        reports = rows.prefetch_related("extensions", "revisions").in_bulk(self.world.reports.values())
        for place in PLACES:
            report = reports[self.world.reports[place]]
            assert bool(locks.of(report)) == bool(self.oracle._closed(place))
            assert locks.due_day(report) == self.oracle.due_day(place)

    def _figures_follow(self):
        refresh.refresh_marked()
        for what, first_fault in ledger.checks():
            assert first_fault() is None, what
        for letter, agency in self.world.institutions.items():
            approved = {
                month.month: self.oracle.filed[letter, month].approved
                for month in MONTHS
                if self.oracle.filed[letter, month].approved
            }
            figure = Figure.objects.filter(agency=agency, year=YEAR).first()
            assert (figure is None) == (not approved)
            if figure is not None:
                expected = np.full(MONTHS_OF_YEAR, np.nan)
                for month, version in approved.items():
                    expected[month - 1] = version.lines[ELECTRICITY].quantity * self.world.kgce_per_kwh
                np.testing.assert_allclose(figure.monthly[KGCE], expected, rtol=1e-12)
