"""Old days of the trail go into files: checked first, nothing lost on the way, and what figures hang on stays."""

import gzip
import json
import resource
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from agencies import archives, chain
from agencies.models import Event, TrailDay
from agencies.models.trail import Verb, digest_of
from tests.factories import InstitutionFactory, UserFactory

from .trails import OLD, OLDER, append, without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MONTH = date(2024, 1, 1)
UNTOLD = f"{OLDER} 的日志标为已归档，日志中却没有记载，或所记与留存的不同。"


@pytest.fixture
def days():
    """Two old days and today: events 1-4, 5-6 and 7."""
    person, agency = UserFactory(name="王五", username="wang"), InstitutionFactory(key="INST-7")
    append(OLDER, "登录", by=person)
    append(OLDER, "电：1 → 2", verb=Verb.SAVE, by=person, agency=agency, month=MONTH)
    append(OLDER, "查看凭证", "再看", verb=Verb.VIEW, by=person, agency=agency)
    append(OLD, "登录", "退出")
    append(timezone.localdate(), "今天")


def run(folder, *arguments):
    out = StringIO()
    call_command("archive_trail", str(folder), *arguments, stdout=out)
    return out.getvalue()


def verify(folder=None):
    return chain.first_fault() or (folder and archives.first_fault(folder))


def kept():
    return list(Event.objects.exclude(verb=Verb.ARCHIVE).values_list("sequence", flat=True))


def lines_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def file_of(folder, day=OLDER):
    return folder / f"trail-{day}.jsonl.gz"


def test_without_yes_nothing_happens_but_counts(days, tmp_path):
    said = run(tmp_path)

    assert said == (
        f"{OLDER}：共 4 条，将移出 3 条，留存 1 条\n{OLD}：共 2 条，将移出 2 条，留存 0 条\n"
        "共 2 天可归档，未写入。加 --yes 写入。\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert kept() == [1, 2, 3, 4, 5, 6, 7]


def test_old_days_go_into_files_and_what_is_about_a_month_stays(days, tmp_path):
    run(tmp_path, "--yes")

    assert {path.name for path in tmp_path.iterdir()} == {file_of(tmp_path, day).name for day in (OLDER, OLD)}
    assert [line["detail"] for line in lines_of(file_of(tmp_path))] == [
        "登录",
        "电：1 → 2",
        "查看凭证",
        "再看",
    ]
    assert kept() == [2, 7]
    assert list(TrailDay.objects.values_list("day", "removed")) == [(OLDER, 3), (OLD, 2)]
    assert verify(tmp_path) is None


def test_a_line_of_the_file_has_all_facts_and_both_hashes(days, tmp_path):
    event = Event.objects.get(sequence=2)

    run(tmp_path, "--yes")

    assert lines_of(file_of(tmp_path))[1] == {
        "sequence": 2,
        "at": event.at.isoformat(),
        "actor_id": event.actor_id,
        "actor_name": "王五（wang）",
        "actor_roles": "",
        "address": None,
        "verb": "save",
        "is_success": True,
        "agency_id": event.agency_id,
        "month": "2024-01-01",
        "revision_number": None,
        "detail": "电：1 → 2",
        "previous_hash": event.previous_hash,
        "hash": event.hash,
        "agency_key": "INST-7",
    }


def test_archiving_is_itself_an_event_that_stays(days, tmp_path):
    run(tmp_path, "--yes")

    first = Event.objects.filter(verb=Verb.ARCHIVE).earliest("sequence")
    sha256 = TrailDay.objects.get(day=OLDER).archive_sha256
    assert (first.actor_name, first.is_success) == ("系统", True)
    assert first.detail == (
        f"{OLDER} 的日志归档至 trail-{OLDER}.jsonl.gz（SHA-256 {sha256}）：共 4 条，移出 3 条，"
        f"留存 1 条（哈希 {digest_of([Event.objects.get(sequence=2).hash])}）"
    )
    assert not Event.objects.removable().filter(verb=Verb.ARCHIVE).exists()


def test_what_is_younger_than_the_setting_stays(days, tmp_path, settings):
    settings.TRAIL_KEEP_DAYS = 300

    run(tmp_path, "--yes")

    assert kept() == [2, 5, 6, 7]


def test_before_narrows_and_never_reaches_into_what_is_kept(days, tmp_path, settings):
    run(tmp_path, "--yes", f"--before={OLD}")
    assert kept() == [2, 5, 6, 7]

    with pytest.raises(CommandError, match="日志须保留 200 天（TRAIL_KEEP_DAYS），--before 最晚为"):
        run(tmp_path, "--yes", f"--before={timezone.localdate()}")


def test_the_open_day_is_never_archived_however_old(tmp_path):
    append(OLD, "登录")

    assert run(tmp_path, "--yes") == "没有可归档的日志。\n"


def test_a_second_run_is_harmless(days, tmp_path):
    run(tmp_path, "--yes")
    count = Event.objects.count()

    assert run(tmp_path, "--yes") == "没有可归档的日志。\n"
    assert Event.objects.count() == count


def test_of_two_at_once_the_second_finds_it_done(days, tmp_path):
    day = TrailDay.objects.get(day=OLDER)
    archives.archive(day, tmp_path)

    assert archives._take_out(TrailDay.objects.get(day=OLDER), "other", "b" * 64) is None
    assert TrailDay.objects.get(day=OLDER).archive_name == file_of(tmp_path).name


def test_a_crash_after_the_file_loses_nothing_and_the_next_run_goes_on(days, tmp_path):
    day = TrailDay.objects.get(day=OLDER)
    archives._write(day, file_of(tmp_path))
    assert kept() == [1, 2, 3, 4, 5, 6, 7]

    run(tmp_path, "--yes")

    assert kept() == [2, 7]
    assert verify(tmp_path) is None


def test_another_file_of_that_name_is_not_overwritten(days, tmp_path):
    file_of(tmp_path).write_bytes(b"of another portal")

    with pytest.raises(CommandError, match="已存在而内容不同，请移走后再归档"):
        run(tmp_path, "--yes")

    assert file_of(tmp_path).read_bytes() == b"of another portal"
    assert [path.name for path in tmp_path.iterdir()] == [file_of(tmp_path).name]
    assert kept() == [1, 2, 3, 4, 5, 6, 7]


@contextmanager
def full_disk(limit):
    """No file grows beyond the limit, which a write meets as it would meet a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_loses_nothing(days, tmp_path):
    with full_disk(100), pytest.raises(CommandError, match="没有写成文件（.*），数据库中的日志没有变动"):
        run(tmp_path, "--yes")

    assert list(tmp_path.iterdir()) == []
    assert kept() == [1, 2, 3, 4, 5, 6, 7]
    assert TrailDay.objects.archived().count() == 0


def test_a_day_that_was_tampered_with_is_not_archived(days, tmp_path):
    without_triggers("UPDATE agencies_event SET detail = 'x' WHERE sequence = 3")

    with pytest.raises(CommandError, match="日志第 3 条内容与其哈希不符。数据库中的日志没有变动。"):
        run(tmp_path, "--yes")

    assert kept() == [1, 2, 3, 4, 5, 6, 7]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="没有目录"):
        run(tmp_path / "nowhere")


# What verify_ledger finds in archived days


@pytest.fixture
def archived(days, tmp_path):
    run(tmp_path, "--yes")
    return tmp_path


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE agencies_event SET detail = 'x' WHERE sequence = 2", "日志第 2 条内容与其哈希不符。"),
        ("DELETE FROM agencies_event WHERE sequence = 2", f"{OLDER} 的日志归档后应留存 1 条，现有 0 条。"),
        ("UPDATE agencies_trailday SET archive_sha256 = 'x' WHERE first_sequence = 1", UNTOLD),
        ("DELETE FROM agencies_trailday WHERE first_sequence = 5", "日志缺少第 5 条。"),
        (
            "UPDATE agencies_trailday SET removed = 4 WHERE first_sequence = 1",
            f"{OLDER} 的日志归档后应留存 0 条，现有 1 条。",
        ),
    ],
)
def test_what_is_left_of_an_archived_day_is_still_checked(archived, statement, fault):
    without_triggers(statement)

    assert chain.first_fault() == fault


def forge_the_row_left():
    """Changed with its own hash; both its neighbours, which would tell, are gone."""
    event = Event.objects.get(sequence=2)
    event.detail = "电：1 → 9"
    without_triggers(
        "UPDATE agencies_event SET detail = %s, hash = %s WHERE sequence = 2",
        [event.detail, event.expected_hash()],
    )


def test_a_row_left_that_was_forged_with_its_own_hash_is_found_without_the_file(archived):
    forge_the_row_left()

    assert chain.first_fault() == UNTOLD


def rewrite(path, change):
    lines = [json.dumps(change(line), ensure_ascii=False).encode() + b"\n" for line in lines_of(path)]
    path.write_bytes(gzip.compress(b"".join(lines)))


def say_the_file_is_right(path, day):
    """Somebody with the database's password lets the day name the hash of the changed file."""
    without_triggers(
        "UPDATE agencies_trailday SET archive_sha256 = %s WHERE day = %s",
        [archives._sha256(path), day.isoformat()],
    )


def test_a_missing_file_is_found(archived):
    file_of(archived).unlink()

    assert archives.first_fault(archived) == f"缺少归档文件 trail-{OLDER}.jsonl.gz。"


def test_a_changed_file_is_found_by_its_hash(archived):
    rewrite(file_of(archived), lambda line: line)

    assert archives.first_fault(archived) == f"归档文件 trail-{OLDER}.jsonl.gz 的 SHA-256 与归档时不符。"


def test_a_file_changed_together_with_its_hash_is_found_by_its_chain(archived):
    path = file_of(archived)
    rewrite(path, lambda line: line | {"detail": line["detail"].replace("再看", "没看")})
    say_the_file_is_right(path, OLDER)

    assert archives.first_fault(archived) == f"归档文件 {path.name}：日志第 4 条内容与其哈希不符。"


def test_a_file_cut_off_is_found(archived):
    path = file_of(archived)
    path.write_bytes(gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(True)[:3])))
    say_the_file_is_right(path, OLDER)

    assert archives.first_fault(archived) == f"归档文件 {path.name} 止于第 3 条，与日结 {OLDER} 不符。"


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"no json\n", mtime=0), gzip.compress(b"[1]\n", mtime=0)]
)
def test_a_file_that_cannot_be_read_is_named(archived, content):
    path = file_of(archived)
    path.write_bytes(content)
    say_the_file_is_right(path, OLDER)

    assert "归档文件" in archives.first_fault(archived)


def test_a_row_left_that_differs_from_the_file_is_found(archived):
    forge_the_row_left()

    name = file_of(archived).name
    assert archives.first_fault(archived) == f"归档文件 {name} 的第 2 条与数据库中的不同。"


def test_archiving_goes_on_day_after_day(archived):
    later = timezone.localdate() + timedelta(days=1)
    append(later, "明天")

    assert run(archived, "--yes") == "没有可归档的日志。\n"
    assert verify(archived) is None
