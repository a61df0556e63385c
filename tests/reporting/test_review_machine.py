"""Everybody does anything to any month, in any order: each verb succeeds where the rules let it and nowhere else.

`review_oracle` says what has to happen, `review_holds` what must be so after each step; the verbs work on the real
database. The same examples each time; REVIEW_MACHINE_EXAMPLES (and REVIEW_MACHINE_STEPS) take as many others, for a
night for instance 2000 and 100.
"""

import os
from datetime import timedelta

from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from reporting import actions
from reporting.entries import Edit
from reporting.models import Item
from targets import refresh
from tests.clock import Clock

from .review_holds import PLACES, HeldToTheRules
from .review_oracle import COST, ELECTRIC, ELECTRICITY, NO_FUEL, VEHICLES, WATER, Answer
from .review_world import MONTHS, ROLES, World, entry, everything

IS_LONG = "REVIEW_MACHINE_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("REVIEW_MACHINE_EXAMPLES", "20"))
STEPS = int(os.environ.get("REVIEW_MACHINE_STEPS", "40"))

# The first month of A most often, so that it comes far.
places = st.sampled_from([PLACES[0]] * 4 + PLACES)


def people(*roles):
    """Anybody; who holds one of these roles somewhere more often."""
    fitting = [name for name, held in ROLES.items() if held.keys() & set(roles)]
    return st.sampled_from(fitting * 3 + list(ROLES))


def numbers(place, steps):
    """Amounts that no other month states and that differ too little for a doubt."""
    return 500 + 4 * steps + PLACES.index(place)


steps = st.integers(0, 40)
cars, electric_cars = st.sampled_from([3, 3, 1]), st.sampled_from([1, 3])
reasons = st.sampled_from(
    [{COST: "另册", NO_FUEL: "停驶"}, {COST: "另册", NO_FUEL: "停驶"}, {COST: "见附件"}, {}]
)
seen = st.sampled_from(["nothing", "this", "this", "another"])
words = st.sampled_from(["请核对", "请核对", " "])
cells = st.dictionaries(
    st.sampled_from([ELECTRICITY, WATER, ELECTRIC]), st.sampled_from(["与账单不符"] * 4 + [" "]), max_size=2
)


class ReviewMachine(HeldToTheRules):
    # Filling

    @rule(
        place=places, who=people("filer"), step=steps, paid=st.booleans(), water=st.integers(1, 90) | st.none(),
        cars=cars, electric=electric_cars, reasons=reasons, seen=seen, left_out=st.sampled_from([""] * 6 + [WATER]),
    )  # fmt: skip
    def save_a_form(self, place, who, step, paid, water, cars, electric, reasons, seen, left_out):
        lines = self.world.whole(
            {
                ELECTRICITY: Answer(numbers(place, step), payment="" if paid else "unpaid"),
                WATER: Answer(water, "metered" if water else "not_metered", "unpaid"),
                VEHICLES: Answer(cars),
                ELECTRIC: Answer(electric),
            }
        )
        lines.pop(left_out, None)
        self._save(place, who, lines, reasons, seen)

    @rule(place=places, who=people("filer"), step=steps, reasons=reasons, seen=seen)
    def save_another_amount_of_electricity(self, place, who, step, reasons, seen):
        lines = self.oracle.filed[place].lines | {ELECTRICITY: Answer(numbers(place, step))}
        self._save(place, who, lines, reasons, seen)

    def _save(self, place, who, lines, reasons, seen):
        report = self.world.report(place)
        versions = {"nothing": None, "this": actions.version(report), "another": "x"}
        self._try(
            lambda: actions.save_draft(
                report,
                {code: entry(answer) for code, answer in lines.items()},
                by=self.world.people[who],
                seen=versions[seen],
                reasons=reasons,
            ),
            self.oracle.may_not_save(who, place, lines, is_stale=seen == "another"),
            lambda: self.oracle.save(who, place, lines, reasons),
        )

    def _answer(self, place, code, step):
        return {
            ELECTRICITY: Answer(numbers(place, step), payment="unpaid"),
            WATER: Answer(step + 1, payment="unpaid"),
            VEHICLES: Answer(3 if step % 2 else 1),
            ELECTRIC: Answer(3 if step % 2 else 1),
        }[code]

    codes = st.sampled_from([ELECTRICITY, WATER, VEHICLES, ELECTRIC])
    kept = st.sampled_from([True] * 5 + [False])

    @rule(
        place=places,
        who=people("filer"),
        code=codes,
        step=steps,
        is_kept=kept,
        is_taken=st.sampled_from([False] * 5 + [True]),
    )
    def save_a_cell(self, place, who, code, step, is_kept, is_taken):
        answer = self._answer(place, code, step) if is_kept else None
        token = self._token(place, code)
        self._try(
            lambda: actions.save_cell(
                self.as_first_seen[place],
                Item.objects.get(pk=code),
                entry(answer),
                by=self.world.people[who],
                seen="x" if is_taken else token,
            ),
            self.oracle.may_not_save_cell(who, place, code, answer, is_taken),
            lambda: self.oracle.save_cell(who, place, code, answer),
        )

    @rule(
        chosen=st.sets(places, min_size=1, max_size=2),
        who=people("filer"),
        code=codes,
        step=steps,
        is_taken=st.sampled_from([False] * 5 + [True]),
    )
    def save_a_sheet(self, chosen, who, code, step, is_taken):
        chosen = sorted(chosen, key=self.world.reports.get)
        answer = self._answer(chosen[0], code, step)
        edits = {
            self.world.report(place): {
                code: Edit(entry(answer), "x" if is_taken else self._token(place, code))
            }
            for place in chosen
        }
        self._try(
            lambda: actions.save_months(edits, by=self.world.people[who], document="填报.xlsx"),
            self.oracle.may_not_save_sheet(who, chosen, code, answer, is_taken),
            lambda: self.oracle.save_sheet(who, chosen, code, answer),
        )

    def _token(self, place, code):
        stored = self.oracle.filed[place].lines.get(code)
        return entry(stored).token if stored else ""

    @rule(place=places, who=people("filer"), reasons=reasons)
    def explain(self, place, who, reasons):
        self._try(
            lambda: actions.explain(self.as_first_seen[place], reasons, by=self.world.people[who]),
            self.oracle.may_not_save(who, place),
            lambda: self.oracle.explain(who, place, reasons),
        )

    # Handing in, taking back, deciding

    @rule(place=places, who=people("filer"))
    def submit(self, place, who):
        self._do("submit", place, who)

    @rule(place=places, who=people("filer"))
    def withdraw(self, place, who):
        self._do("withdraw", place, who)

    @rule(place=places, who=people("department"), seen=seen)
    def endorse(self, place, who, seen):
        self._do("endorse", place, who, seen=self._seen(place, seen), is_stale=seen == "another")

    @rule(place=places, who=people("reviewer"), seen=seen)
    def approve(self, place, who, seen):
        self._do("approve", place, who, seen=self._seen(place, seen), is_stale=seen == "another")

    @rule(place=places, who=people("reviewer", "department"), seen=seen, reason=words, cells=cells)
    def send_back(self, place, who, seen, reason, cells):
        self._try(
            lambda: actions.send_back(
                self.as_first_seen[place],
                by=self.world.people[who],
                reason=reason,
                cells=cells,
                seen=self._seen(place, seen),
            ),
            self.oracle.may_not_return(who, place, reason, cells, is_stale=seen == "another"),
            lambda: self.oracle.send_back(who, place, cells),
        )

    def _seen(self, place, seen):
        latest = self.world.report(place).latest
        return {"nothing": None, "this": latest.content_hash if latest else "", "another": "x"}[seen]

    @rule(place=places, who=people("filer", "reviewer"), reason=words)
    def correct(self, place, who, reason):
        self._try(
            lambda: actions.open_correction(
                self.as_first_seen[place], by=self.world.people[who], reason=reason
            ),
            self.oracle.may_not_correct(who, place, reason),
            lambda: self.oracle.correct(who, place),
        )

    @rule(place=places, who=people("filer", "reviewer"))
    def abandon(self, place, who):
        self._do("abandon", place, who)

    def _do(self, verb, place, who, *, is_stale=None, **options):
        stale = {} if is_stale is None else {"is_stale": is_stale}
        self._try(
            lambda: getattr(actions, verb)(self.as_first_seen[place], by=self.world.people[who], **options),
            getattr(self.oracle, f"may_not_{verb}")(who, place, **stale),
            lambda: getattr(self.oracle, verb)(who, place),
        )

    # The way through, so that examples come far

    @rule(place=places, step=steps)
    def file_and_approve(self, place, step):
        """Whatever the month lacks, done by who may do it."""
        self._hand_in(place, step)
        self.endorse(place, f"department of {place.institution}", "this")
        self.approve(place, "second reviewer", "this")

    @rule(place=places, step=steps, code=codes, is_by_workbook=st.booleans())
    def return_a_cell_and_change_one(self, place, step, code, is_by_workbook):
        """The one that was returned, or one that stays locked."""
        filer = self._hand_in(place, step)
        self.send_back(place, "reviewer", "this", "请核对", {ELECTRICITY: "与账单不符"})
        if is_by_workbook:
            self.save_a_sheet({place}, filer, code, step + 1, False)
        else:
            self.save_a_cell(place, filer, code, step + 1, True, False)

    def _hand_in(self, place, step):
        filer = f"filer of {place.institution}"
        self.correct(place, filer, "请核对")
        self.save_a_form(place, filer, step, False, 30, 3, 3, {}, "this", "")
        self.submit(place, filer)
        return filer

    # The calendar

    @rule(chosen=st.sets(places, max_size=2), who=people("manager"), days=st.integers(-1, 4), reason=words)
    def extend(self, chosen, who, days, reason):
        chosen = sorted(chosen, key=self.world.reports.get)
        day = self.oracle.today + timedelta(days)
        self._try(
            lambda: actions.extend(
                [self.world.report(place) for place in chosen],
                by=self.world.people[who],
                last_day=day,
                reason=reason,
            ),
            self.oracle.may_not_extend(who, chosen, day, reason),
            lambda: self.oracle.extend(who, chosen, day),
        )

    @rule(
        month=st.sampled_from(MONTHS),
        opens=st.sampled_from([-90, -90, -90, 2]),
        due=st.integers(0, 3),
        closes=st.integers(-4, 9),
    )
    def move_the_calendar(self, month, opens, due, closes):
        days, today = self.oracle.days[month], self.oracle.today
        days.opens_on = today + timedelta(opens)
        days.closes_on = max(today + timedelta(closes), days.opens_on)
        days.due_on = max(days.closes_on - timedelta(due), days.opens_on)
        self.world.move_calendar(month, days)
        self._reload()

    @rule(days=st.integers(1, 6))
    def days_pass(self, days):
        self.clock.days += days
        self.oracle.today += timedelta(days)
        assert timezone.localdate() == self.oracle.today

    @rule(letter=st.sampled_from("AB"), is_wanted=st.booleans())
    def switch_first_review(self, letter, is_wanted):
        self.world.review_first(letter, is_wanted)
        wanted = self.oracle.reviews_first
        (wanted.add if is_wanted else wanted.discard)(letter)

    def _reload(self):
        """The days come with the report that somebody has before them; its state is read anew by the verb."""
        for place, report in self.as_first_seen.items():
            report.period = self.world.report(place).period
        self.stored = everything()

    @rule()
    def refresh_the_figures(self):
        refresh.refresh_marked()
        self.stored = everything()


def test_everybody_does_anything_to_any_month(db, monkeypatch):
    world, clock = World(), Clock(monkeypatch)
    run_state_machine_as_test(
        lambda: ReviewMachine(world, clock),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not IS_LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
