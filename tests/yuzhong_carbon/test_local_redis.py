"""The private broker: found, guarded, stopped and started again."""

import shutil

import pytest
import redis

from yuzhong_carbon.local_redis import (
    ONCE,
    NoRedisProgram,
    all_programs,
    programs_in_wheels,
    start_private_redis,
)


@pytest.mark.needs_redis
def test_it_answers_under_its_url_after_every_start(tmp_path):
    server = start_private_redis(tmp_path)
    client = redis.Redis.from_url(server.url, retry=ONCE)
    assert client.ping()

    server.stop()
    with pytest.raises(redis.ConnectionError):
        client.ping()

    server.start()
    assert client.ping()
    server.stop()


@pytest.mark.needs_redis
def test_it_keeps_out_who_does_not_know_the_password(tmp_path):
    server = start_private_redis(tmp_path)

    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=server.port, retry=ONCE).ping()
    server.stop()


@pytest.mark.needs_redis
def test_a_program_that_does_not_start_is_passed_over(tmp_path):
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    server = start_private_redis(tmp_path, [broken, *all_programs()])

    assert server.program != broken
    server.stop()


@pytest.mark.needs_redis
def test_a_program_without_the_right_to_be_run_is_run_as_a_copy(tmp_path):
    source = tmp_path / "source" / "server"
    source.parent.mkdir()
    shutil.copyfile(next(all_programs()), source)
    source.chmod(0o644)

    server = start_private_redis(tmp_path, [source])

    assert server.program == tmp_path / "server"
    server.stop()


def test_the_program_inside_the_wheel_works(tmp_path):
    server = start_private_redis(tmp_path, programs_in_wheels())

    assert server.version.startswith("valkey 9.")
    server.stop()


def test_without_any_program_it_says_what_was_looked_for(tmp_path):
    with pytest.raises(NoRedisProgram, match="redis-server nor valkey-server"):
        start_private_redis(tmp_path, [])
