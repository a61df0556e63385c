"""The trail by day: closed by the first event of a later day, never changed, and every fault of a day is found."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies import chain, trail
from agencies.models import Event, TrailDay
from agencies.models.trail import STAYING, TrailHead, Verb, digest_of

from .trails import OLD, OLDER, append, execute, without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MONDAY, TUESDAY, THURSDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 5)
SPANS = ("day", "first_sequence", "last_sequence", "hash")


def spans():
    return list(TrailDay.objects.values_list(*SPANS))


def is_refused(statement, parameters=()):
    """Whether a trigger of the trail refuses it; any other error is an error of the test."""
    try:
        with transaction.atomic():
            execute(statement, parameters)
    except DatabaseError as refusal:
        if "trail" not in str(refusal):
            raise
        return True
    return False


@pytest.fixture
def days():
    """Two closed days and an open one: events 1-2, 3-5 and 6."""
    append(MONDAY, "一", "二")
    append(TUESDAY, "三", "四", "五")
    append(THURSDAY, "六")


# Closing


def test_the_first_event_of_a_later_day_closes_the_day_before(days):
    second, fifth = Event.objects.get(sequence=2), Event.objects.get(sequence=5)

    assert spans() == [(MONDAY, 1, 2, second.hash), (TUESDAY, 3, 5, fifth.hash)]
    head = TrailHead.objects.get()
    assert (head.day, head.day_first_sequence, head.sequence) == (THURSDAY, 6, 6)
    assert chain.first_fault() is None


def test_a_day_begins_at_midnight_in_shanghai():
    events = [trail.event(Verb.LOGIN) for _ in range(2)]
    events[0].at = timezone.datetime.fromisoformat("2026-03-02T23:59:59+08:00")
    events[1].at = timezone.datetime.fromisoformat("2026-03-02T16:00:00+00:00")
    trail.record_many(events)

    assert [day for day, *_ in spans()] == [MONDAY]
    assert TrailHead.objects.get().day == TUESDAY


def test_an_event_that_comes_late_belongs_to_the_open_day(days):
    append(MONDAY, "迟到")

    assert [day for day, *_ in spans()] == [MONDAY, TUESDAY]
    assert chain.first_fault() is None


def test_many_days_at_once_are_closed_one_by_one():
    events = [trail.event(Verb.IMPORT) for _ in range(6)]
    for number, event in enumerate(events):
        event.at -= timedelta(days=30 - number // 2)
    trail.record_many(events)

    assert [(first, last) for _, first, last, _ in spans()] == [(1, 2), (3, 4)]
    assert chain.first_fault() is None


def test_an_event_of_the_same_day_costs_no_query_more_than_before_days_were_kept():
    trail.record(Verb.LOAD, by=None)

    with CaptureQueriesContext(connection) as queries:
        trail.record(Verb.LOAD, by=None)

    statements = [query["sql"].split()[0] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert statements == ["SELECT", "INSERT", "UPDATE"]


def test_a_day_that_failed_is_not_closed(days):
    with transaction.atomic():
        append(date(2026, 3, 6), "七")
        transaction.set_rollback(True)

    assert len(spans()) == 2
    assert chain.first_fault() is None


def test_the_migration_makes_the_days_that_appending_would_have_made(days):
    expected, head = spans(), TrailHead.objects.values("day", "day_first_sequence").get()
    without_triggers("DELETE FROM agencies_trailday")
    TrailHead.objects.update(day=None, day_first_sequence=1)

    import_module("agencies.migrations.0005_trail_days").close_days(apps, None)

    assert spans() == expected
    assert TrailHead.objects.values("day", "day_first_sequence").get() == head
    assert chain.first_fault() is None


# Refused by the database


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM agencies_trailday",
        "UPDATE agencies_trailday SET hash = ''",
        "UPDATE agencies_trailday SET last_sequence = 9",
        "UPDATE agencies_trailday SET day = '2020-01-01'",
        # No hash of a file.
        "UPDATE agencies_trailday SET archived_at = '2026-03-09', archive_name = 'x', archive_sha256 = 'x'",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_day(days, statement):
    before = spans()

    assert is_refused(statement)

    assert spans() == before


@pytest.mark.parametrize(
    ("day", "first", "last"), [("2020-01-01", 6, 6), ("2026-03-05", 1, 6), ("2026-03-05", 7, 9)]
)
def test_the_database_refuses_a_day_that_does_not_follow(days, day, first, last):
    insert = (
        "INSERT INTO agencies_trailday "
        "(day, first_sequence, last_sequence, hash, archive_name, archive_sha256, removed)"
    )

    assert is_refused(f"{insert} SELECT '{day}', {first}, {last}, hash, '', '', 0 FROM agencies_trailhead")


def test_the_verbs_that_stay_are_the_ones_that_the_database_keeps():
    from agencies.apps import _STAYS  # noqa: PLC0415

    assert all(f"'{verb}'" in _STAYS for verb in STAYING)
    assert _STAYS.count("'") == 2 * len(STAYING)


# With the triggers taken away it is found


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE agencies_event SET detail = 'x' WHERE sequence = 4", "日志第 4 条内容与其哈希不符。"),
        ("DELETE FROM agencies_event WHERE sequence = 4", "日志缺少第 4 条。"),
        ("DELETE FROM agencies_event WHERE sequence = 5", "日志缺少第 5 条。"),
        ("DELETE FROM agencies_event WHERE sequence = 6", "日志链头为第 6 条，日志末条为第 5 条。"),
        (
            "UPDATE agencies_trailday SET hash = 'x' WHERE first_sequence = 3",
            "日志日结 2026-03-03 的哈希与其末条不符。",
        ),
        (
            "UPDATE agencies_trailday SET last_sequence = 4 WHERE first_sequence = 3",
            "日志日结 2026-03-03 的哈希与其末条不符。",
        ),
        (
            "UPDATE agencies_trailday SET day = '2026-03-04' WHERE first_sequence = 3",
            "日志第 3 条的日期与日结 2026-03-04 不符。",
        ),
        (
            "DELETE FROM agencies_trailday WHERE first_sequence = 1",
            "日志日结 2026-03-03 从第 3 条起，前一日结止于第 0 条。",
        ),
        (
            "DELETE FROM agencies_trailday WHERE first_sequence = 3",
            "日志第 3 条的日期与日结 2026-03-05 不符。",
        ),
        ("UPDATE agencies_trailhead SET day = '2026-03-04'", "日志第 6 条的日期与日结 2026-03-04 不符。"),
        (
            "UPDATE agencies_trailhead SET day_first_sequence = 7",
            "日志当日从第 7 条起，前一日结止于第 5 条。",
        ),
        ("UPDATE agencies_event SET sequence = 0 WHERE sequence = 1", "日志有序号小于 1 的记录。"),
    ],
)
def test_what_was_changed_behind_the_portal_is_named(days, statement, fault):
    without_triggers(statement)

    assert chain.first_fault() == fault


def move_head_back_to(sequence):
    last = Event.objects.get(sequence=sequence)
    TrailHead.objects.update(sequence=sequence, hash=last.hash)


def test_a_closed_day_tells_that_its_last_event_is_gone_though_the_head_was_moved_back(days):
    without_triggers("DELETE FROM agencies_event WHERE sequence >= 5")
    move_head_back_to(4)

    assert chain.first_fault() == "日志缺少第 5 条。"


def test_what_the_database_alone_cannot_tell_the_open_days_last_event_gone_and_the_head_moved_back(days):
    """So the head's hash is to be kept elsewhere too: ADR 15."""
    append(THURSDAY, "七")
    without_triggers("DELETE FROM agencies_event WHERE sequence = 7")
    move_head_back_to(6)

    assert chain.first_fault() is None


# What may be taken out, by plain SQL


def archive_by_sql(day):
    return is_refused(
        "UPDATE agencies_trailday SET archived_at = CURRENT_TIMESTAMP, archive_name = 'x', archive_sha256 = %s, "
        "removed = 1 WHERE day = %s",
        ["a" * 64, day.isoformat()],
    )


@pytest.fixture
def old_day():
    append(OLDER, "登录")
    append(OLDER, "通过", verb=Verb.APPROVE, month=MONDAY)
    append(OLDER, "载入", verb=Verb.LOAD)
    append(OLD, "次日")
    append(timezone.localdate(), "今天")


def test_an_old_day_that_is_not_archived_loses_nothing(old_day):
    assert is_refused("DELETE FROM agencies_event WHERE sequence = 1")


def test_only_what_is_about_no_month_and_no_figure_leaves_an_archived_day(old_day):
    assert not archive_by_sql(OLDER)

    assert is_refused("DELETE FROM agencies_event WHERE sequence = 2")
    assert is_refused("DELETE FROM agencies_event WHERE sequence = 3")
    assert is_refused("DELETE FROM agencies_event WHERE sequence = 4")
    assert not is_refused("DELETE FROM agencies_event WHERE sequence = 1")
    assert chain.first_fault() == f"{OLDER} 的日志标为已归档，日志中却没有记载，或所记与留存的不同。"


def test_a_day_is_archived_once(old_day):
    assert not archive_by_sql(OLDER)
    assert archive_by_sql(OLDER)


def test_a_recent_day_cannot_be_marked_archived():
    recent = timezone.localdate() - timedelta(days=182)
    append(recent, "登录")
    append(timezone.localdate(), "今天")

    assert archive_by_sql(recent)


def test_a_recent_event_stays_though_its_day_was_marked_past_the_triggers():
    recent = timezone.localdate() - timedelta(days=182)
    append(recent, "登录")
    append(timezone.localdate(), "今天")
    on_table = " ON agencies_trailday" if connection.vendor == "postgresql" else ""
    execute(f"DROP TRIGGER trail_day_stays_update{on_table}")
    assert not archive_by_sql(recent)

    assert is_refused("DELETE FROM agencies_event WHERE sequence = 1")


def test_a_recent_day_archived_past_all_triggers_is_found_though_the_trail_tells_of_it():
    recent = timezone.localdate() - timedelta(days=100)
    append(recent, "登录")
    append(timezone.localdate(), "今天")
    without_triggers("DELETE FROM agencies_event WHERE sequence = 1")
    assert not archive_by_sql(recent)
    sentence = TrailDay.objects.get(day=recent).archive_sentence(digest_of([]))
    trail.record(Verb.ARCHIVE, by=None, detail=sentence)

    assert chain.first_fault() == f"{recent} 的日志归档时不满 183 天。"
