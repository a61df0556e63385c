"""E-mail goes out once, through a real SMTP server; what fails is tried again for a while."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from agencies import mail, notices, tasks
from agencies.mail import Outcome
from agencies.models import Message, MessageKind
from tests.agencies.test_at_once import at_once
from tests.factories import UserFactory
from tests.mail_server import mail_server, running_mail_server

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db

WAIT_SECONDS = 90


def tell(*names, key="returned:1", address="/reports/I-1/2026-10/"):
    people = [UserFactory(username=f"{name}-{key}", email=f"{name}@yuzhong.example") for name in names]
    subject = "示例小学 2026年10月月报已退回"
    notices.tell(people, MessageKind.RETURNED, key, subject, "面积比上月大 25 %，经办人张三。", address)


def make_due():
    Message.objects.filter(email_due_at__isnull=False).update(email_due_at=timezone.now())


def waiting():
    return Message.objects.filter(email_due_at__isnull=False).count()


def test_an_email_says_one_sentence_and_the_way_in(mail_server):
    tell("one")
    assert mail.send_due() == {Outcome.SENT: 1, Outcome.NOTHING_DUE: 1}
    [email] = mail_server.received
    assert email["To"] == "one@yuzhong.example"
    assert email["From"] == "portal@yuzhong.example"
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Subject"].strip() == "[渝中区公共机构能耗碳排放报送平台] 示例小学 2026年10月月报已退回"
    body = email.get_content()
    assert "请登录平台查看：https://portal.example/reports/I-1/2026-10/" in body
    assert "25" not in body
    assert "张三" not in body
    message = Message.objects.get()
    assert (message.email_due_at, message.email_attempts, message.email_fault) == (None, 1, "")
    assert message.emailed_at is not None


def test_without_the_portals_address_an_email_names_the_page(mail_server, settings):
    settings.PORTAL_URL = ""
    tell("one")
    mail.send_due()
    assert "请登录平台查看：登录平台后点页面上方的“消息”" in mail_server.received[0].get_content()


def test_what_is_sent_is_not_sent_again_and_a_batch_has_one_connection(mail_server):
    tell("one", "two", "three")
    for _ in range(2):
        mail.send_due()
    assert [email["To"].partition("@")[0] for email in mail_server.received] == ["one", "two", "three"]
    assert mail_server.connections == 1


def test_a_server_that_is_down_costs_one_attempt_and_loses_nothing(mail_server, settings):
    with running_mail_server() as gone:
        settings.EMAIL_PORT = gone.port
    tell("one", "two")
    assert mail.send_due() == {Outcome.NO_SERVER: 1}
    first, second = Message.objects.order_by("pk")
    assert (first.email_attempts, first.email_fault, first.emailed_at) == (
        1,
        "ConnectionRefusedError 111",
        None,
    )
    assert second.email_attempts == 0
    settings.EMAIL_PORT = mail_server.port
    make_due()
    mail.send_due()
    assert (len(mail_server.received), waiting()) == (2, 0)


def test_an_address_that_is_refused_does_not_stop_the_others(mail_server):
    mail_server.refused = {"one@yuzhong.example"}
    tell("one", "two")
    assert mail.send_due() == {Outcome.REFUSED: 1, Outcome.SENT: 1, Outcome.NOTHING_DUE: 1}
    refused = Message.objects.get(emailed_at=None)
    assert refused.email_fault == "SMTPRecipientsRefused 550"
    mail_server.refused = set()
    make_due()
    mail.send_due()
    assert len(mail_server.received) == 2
    assert not Message.objects.exclude(email_fault="").exists()


def test_a_server_that_turns_the_sender_away_is_left_alone_until_the_next_sweep(mail_server):
    mail_server.is_busy = True
    tell("one", "two")
    assert mail.send_due() == {Outcome.NO_SERVER: 1}
    assert Message.objects.order_by("pk").first().email_fault == "SMTPSenderRefused 451"


def test_the_waits_double_and_the_twelfth_failure_is_the_last(mail_server):
    mail_server.refused = {"one@yuzhong.example"}
    tell("one")
    waits = []
    for _ in range(12):
        before = timezone.now()
        mail.send_due()
        due = Message.objects.get().email_due_at
        waits.append(due and round((due - before) / timedelta(minutes=1)))
        make_due()
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, None]
    assert mail.send_due() == {Outcome.NOTHING_DUE: 1}
    message = Message.objects.get()
    assert (message.email_attempts, message.emailed_at) == (12, None)


def test_before_its_next_attempt_is_due_nothing_is_tried(mail_server):
    mail_server.refused = {"one@yuzhong.example"}
    tell("one")
    mail.send_due()
    assert mail.send_due() == {Outcome.NOTHING_DUE: 1}


def test_who_left_or_took_the_address_back_gets_none(mail_server):
    tell("one", "two")
    one, two = (message.recipient for message in Message.objects.order_by("pk"))
    one.is_active, two.email = False, ""
    one.save()
    two.save()
    mail.send_due()
    assert mail_server.received == []


def test_without_a_mail_server_the_job_does_nothing(settings):
    settings.EMAIL_HOST = ""
    tasks.send_mail_due()
    assert mail.send_due() == {}


def test_a_full_batch_asks_for_the_next(mail_server, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("agencies.mail.BATCH", 2)
    tell("one", "two", "three")
    with django_capture_on_commit_callbacks() as asked:
        tasks.send_mail_due()
    assert (len(mail_server.received), len(asked)) == (2, 1)
    with django_capture_on_commit_callbacks() as asked:
        tasks.send_mail_due()
    assert (len(mail_server.received), len(asked)) == (3, 0)


@pytest.mark.needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_send_the_same_one(mail_server, settings):
    tell(*(f"number{number}" for number in range(20)))
    at_once(*[mail.send_due] * 3)
    addresses = [str(email["To"]) for email in mail_server.received]
    assert (len(addresses), len(set(addresses)), waiting()) == (20, 20, 0)


@pytest.mark.needs_redis
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_loses_no_email(mail_server, redis_server, celery_worker_process):
    redis_server.stop()
    tell("one")
    assert waiting() == 1
    redis_server.start()
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1", **environment(mail_server))
    wait_until(lambda: waiting() == 0)
    assert len(mail_server.received) == 1


@pytest.mark.needs_redis
@pytest.mark.needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_sends_that_one_again_under_the_same_number(
    mail_server, redis_server, celery_worker_process
):
    mail_server.may_answer.clear()
    tell("one")
    tell("two", key="returned:2")
    worker = celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1", **environment(mail_server))
    wait_until(lambda: len(mail_server.received) == 1)
    worker.kill()
    mail_server.may_answer.set()
    assert waiting() == 2
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1", **environment(mail_server))
    wait_until(lambda: waiting() == 0)
    numbers = [str(email["Message-ID"]) for email in mail_server.received]
    assert (len(numbers), len(set(numbers)), numbers[0]) == (3, 2, numbers[1])


def environment(server):
    return {
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(server.port),
        "DEFAULT_FROM_EMAIL": "portal@yuzhong.example",
    }


def wait_until(is_so):
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
        connection.close()
