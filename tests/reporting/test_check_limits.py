"""The bureau's thresholds: set by whom, traced, append-only, one query."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from agencies.models import Event
from reporting import access, check_limits
from reporting.checks import RULES, Limit
from reporting.models import CheckLimit

PEOPLE = ("filer", "department_user", "reviewer", "manager", "observer", "auditor", "administrator")
ALLOWED = {"see_rules": {"manager", "reviewer"}, "set_limit": {"manager"}}


def row(**fields):
    return CheckLimit(
        **{"rule": "unit-price", "item_id": "110", "high": Decimal(2), "reason": "新电价"} | fields
    )


@pytest.mark.parametrize("verb", ALLOWED)
def test_a_verb_on_the_rules_is_for_its_roles_only(district, verb):
    assert {person for person in PEOPLE if access.may_tend(getattr(district, person), verb)} == ALLOWED[verb]


def test_only_a_manager_sets_a_limit(district):
    for person in set(PEOPLE) - {"manager"}:
        with pytest.raises(PermissionDenied):
            check_limits.set_limit(row(), by=getattr(district, person))
    assert not CheckLimit.objects.exists()
    check_limits.set_limit(row(), by=district.manager)
    assert CheckLimit.objects.get().set_by == district.manager
    assert Event.objects.latest("sequence").verb == "activate"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"reason": " "}, ValueError),
        ({"low": Decimal(3)}, ValidationError),
        ({"item_id": "x"}, ValidationError),
    ],
)
def test_a_limit_that_cannot_be_leaves_nothing(district, fields, refusal):
    with pytest.raises(refusal):
        check_limits.set_limit(row(**fields), by=district.manager)
    assert not CheckLimit.objects.exists()


def test_a_limit_is_neither_changed_nor_deleted(district):
    check_limits.set_limit(row(), by=district.manager)
    for act in (lambda: CheckLimit.objects.update(high=9), lambda: CheckLimit.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert CheckLimit.objects.get().high == 2


def test_limits_are_loaded_by_one_query(district, django_assert_num_queries):
    check_limits.set_limit(row(), by=district.manager)
    check_limits.set_limit(row(type_code="024", high=Decimal(3)), by=district.manager)
    with django_assert_num_queries(1):
        limits = check_limits.load()
    assert limits.of("unit-price", "110", "021") == Limit(high=Decimal(2))
    assert limits.of("unit-price", "110", "024") == Limit(high=Decimal(3))
    assert limits.of("unit-price", "120", "024") == Limit(Decimal(2), Decimal(8))


def test_what_is_in_force_is_the_shipped_limit_or_the_bureaus_newest(district):
    for high in ("2", "3"):
        check_limits.set_limit(row(high=Decimal(high)), by=district.manager)
    standing = check_limits.in_force(RULES["unit-price"], CheckLimit.objects.order_by("pk"))
    found = {(each.item, each.type_code): (each.limit.high, each.row is None) for each in standing}
    assert found["110", ""] == (3, False)
    assert found["120", ""] == (8, True)


def test_the_trail_tells_what_a_limit_was_before_and_after(district):
    check_limits.set_limit(row(high=Decimal(2)), by=district.manager)
    check_limits.set_limit(row(low=Decimal("0.5"), high=Decimal(3)), by=district.manager)

    detail = Event.objects.latest("sequence").detail
    assert "0.5" in detail
    assert "2 → 3" in detail
    assert "不限 → 0.5" in detail
