"""Two people at once: the trail stays one chain, and no two moves close a circle."""

from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from agencies import actions, chain, trail
from agencies.models import Agency, Event
from agencies.models.trail import Verb
from tests.factories import BureauFactory, DepartmentFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

PEOPLE = 4
EVENTS_EACH = 10


def at_once(*acts):
    """Run the acts in threads of their own, started together; returns what each returned or raised."""
    barrier, outcomes = Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        barrier.wait()
        try:
            outcomes[place] = act()
        except Exception as fault:
            outcomes[place] = fault
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_events_of_many_people_are_one_chain_from_the_very_first():
    def act():
        for _ in range(EVENTS_EACH):
            trail.record(Verb.LOAD, by=None)

    outcomes = at_once(*[act] * PEOPLE)

    assert outcomes == [None] * PEOPLE
    assert Event.objects.count() == PEOPLE * EVENTS_EACH
    assert chain.first_fault() is None


def test_two_moves_that_together_would_close_a_circle():
    bureau = BureauFactory()
    one, two = DepartmentFactory(parent=bureau), DepartmentFactory(parent=bureau)
    below_one, below_two = DepartmentFactory(parent=one), DepartmentFactory(parent=two)

    outcomes = at_once(
        lambda: actions.move(Agency.objects.get(pk=one.pk), Agency.objects.get(pk=below_two.pk), by=None),
        lambda: actions.move(Agency.objects.get(pk=two.pk), Agency.objects.get(pk=below_one.pk), by=None),
    )

    assert sorted(isinstance(outcome, ValidationError) for outcome in outcomes) == [False, True]
    assert Event.objects.filter(verb=Verb.REGISTER).count() == 1
    for agency in Agency.objects.select_related("parent"):
        assert agency.path == agency.path_under(agency.parent)
