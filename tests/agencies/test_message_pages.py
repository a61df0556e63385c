"""The inbox and its settings: one's own, changed by POST only, at a steady cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies import notices
from agencies.access import Role
from agencies.models import Event, Message, MessageKind, MessageSwitch
from agencies.models.trail import Verb
from tests.factories import District

pytestmark = pytest.mark.django_db

INBOX, SETTINGS = "/messages/", "/messages/settings/"


@pytest.fixture
def district():
    return District()


@pytest.fixture
def filer(client, district):
    client.force_login(district.filer)
    return client


def tell(user, key, kind=MessageKind.APPROVED, address="/guide/"):
    notices.tell([user], kind, key, f"标题{key}", f"内容{key}", address)
    return Message.objects.get(recipient=user, key=key)


def keys(answer):
    return [message.key for message in answer.context["page_obj"]]


def unread(client):
    return int(str(client.get(INBOX).context["unread_messages"]))


def test_unread_messages_stand_first_and_the_new_ones_before_the_old(filer, district):
    first, second, _ = (tell(district.filer, key) for key in "abc")
    filer.post(reverse("agencies:message-open", args=[second.pk]))
    assert keys(filer.get(INBOX)) == ["c", "a", "b"]
    assert first.is_read is False


def test_opening_one_marks_it_read_and_leads_where_it_points(filer, district):
    message = tell(district.filer, "a", address="/guide/")
    tell(district.filer, "b")
    assert unread(filer) == 2
    answer = filer.post(reverse("agencies:message-open", args=[message.pk]))
    assert (answer.status_code, answer.url) == (302, "/guide/")
    assert unread(filer) == 1


def test_following_a_link_changes_nothing(filer, district):
    message = tell(district.filer, "a")
    for address in (reverse("agencies:message-open", args=[message.pk]), reverse("agencies:messages-read")):
        assert filer.get(address).status_code == 405
    assert unread(filer) == 1


def test_the_time_of_the_first_reading_stays(filer, district):
    message = tell(district.filer, "a")
    address = reverse("agencies:message-open", args=[message.pk])
    filer.post(address)
    first = Message.objects.get().read_at
    filer.post(address)
    assert Message.objects.get().read_at == first


def test_all_are_marked_read_but_only_ones_own(filer, district):
    tell(district.filer, "a")
    tell(district.filer, "b")
    tell(district.reviewer, "a")
    page = filer.post(reverse("agencies:messages-read"), follow=True)
    assert "已将 2 条消息标为已读。" in page.content.decode()
    assert [each.recipient for each in Message.objects.unread()] == [district.reviewer]


def test_another_persons_message_is_not_there(filer, district):
    message = tell(district.reviewer, "a")
    assert keys(filer.get(INBOX)) == []
    assert filer.post(reverse("agencies:message-open", args=[message.pk])).status_code == 404
    assert Message.objects.unread().count() == 1


def test_without_a_session_there_is_no_inbox(client, district):
    message = tell(district.filer, "a")
    for address in (INBOX, SETTINGS):
        assert client.get(address).url.startswith("/login/")
    assert client.post(reverse("agencies:message-open", args=[message.pk])).url.startswith("/login/")
    assert Message.objects.unread().count() == 1


def test_the_inbox_is_filtered_by_kind_and_by_whether_it_was_read(filer, district):
    read = tell(district.filer, "a")
    tell(district.filer, "b", kind=MessageKind.RETURNED)
    filer.post(reverse("agencies:message-open", args=[read.pk]))
    assert keys(filer.get(INBOX, {"kind": "approved"})) == ["a"]
    assert keys(filer.get(INBOX, {"state": "unread"})) == ["b"]
    assert keys(filer.get(INBOX, {"state": "unread", "kind": "approved"})) == []
    assert keys(filer.get(INBOX, {"kind": "nonsense"})) == ["b", "a"]


def test_fifty_stand_on_a_page(filer, district):
    for number in range(51):
        tell(district.filer, str(number))
    assert len(keys(filer.get(INBOX))) == 50
    assert keys(filer.get(INBOX, {"page": 2})) == ["0"]


def test_the_header_says_how_many_are_unread_with_a_word(filer, district):
    assert "消息，0 条未读" in filer.get("/guide/").content.decode()
    tell(district.filer, "a")
    page = filer.get("/guide/").content.decode()
    assert "消息，1 条未读" in page
    assert '<span class="message-count" aria-hidden="true">1</span>' in " ".join(page.split())


def test_the_inbox_costs_the_same_at_one_message_and_at_three(filer, district):
    costs = []
    for added in ("a", "bc"):
        for key in added:
            tell(district.filer, key)
        with CaptureQueriesContext(connection) as queries:
            assert filer.get(INBOX).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_what_a_message_says_is_text_and_no_markup(filer, district):
    notices.tell([district.filer], MessageKind.APPROVED, "a", "<b>标题</b>", "<script>alert(1)</script>", "/")
    page = filer.get(INBOX).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>标题</b>" not in page


# Settings


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (
            Role.FILER,
            [
                *("opened", "due-soon", "overdue", "closing-soon", "closed"),
                *("returned", "approved", "correction", "extended"),
            ],
        ),
        (Role.DEPARTMENT, ["overdue", "closing-soon", "closed", "to-endorse"]),
        (Role.REVIEWER, ["closed", "to-review"]),
        (Role.MANAGER, ["closed"]),
        (Role.OBSERVER, []),
        (Role.AUDITOR, []),
        (Role.ADMINISTRATOR, []),
    ],
)
def test_each_role_switches_the_kinds_that_concern_it(client, district, role, kinds):
    people = {role: getattr(district, role.value) for role in Role if role != Role.DEPARTMENT}
    client.force_login((people | {Role.DEPARTMENT: district.department_user})[role])
    form = client.get(SETTINGS).context["form"]
    assert [switch.name for switch in form.switches] == kinds


def test_switches_and_address_are_stored_and_the_trail_does_not_quote_the_address(filer, district):
    on = dict.fromkeys(("opened", "overdue", "closing-soon", "closed", "returned", "correction"), "on")
    filer.post(SETTINGS, {"email": "one@yuzhong.example", "extended": "on", "approved": "on", **on})
    district.filer.refresh_from_db()
    assert district.filer.email == "one@yuzhong.example"
    assert list(MessageSwitch.objects.values_list("kind", "is_on")) == [("due-soon", False)]
    event = Event.objects.get(verb=Verb.SETTING)
    assert (event.actor, event.detail) == (district.filer, "电子邮箱已更改；即将截止：关")


def test_a_switch_goes_off_and_on_again_in_one_row(filer, district):
    kinds = [switch.name for switch in filer.get(SETTINGS).context["form"].switches]
    everything = dict.fromkeys(kinds, "on")
    filer.post(SETTINGS, {key: "on" for key in kinds if key != "approved"})
    filer.post(SETTINGS, everything)
    assert list(MessageSwitch.objects.values_list("kind", "is_on")) == [("approved", True)]
    details = Event.objects.filter(verb=Verb.SETTING).order_by("sequence").values_list("detail", flat=True)
    assert list(details) == ["通过：关", "通过：开"]


def test_saving_without_a_change_leaves_no_trace(filer):
    kinds = [switch.name for switch in filer.get(SETTINGS).context["form"].switches]
    page = filer.post(SETTINGS, dict.fromkeys(kinds, "on"), follow=True)
    assert "没有改动。" in page.content.decode()
    assert not Event.objects.filter(verb=Verb.SETTING).exists()


def test_an_address_that_is_none_is_refused_and_changes_nothing(filer, district):
    page = filer.post(SETTINGS, {"email": "not-an-address"})
    assert page.context["form"].errors.keys() == {"email"}
    district.filer.refresh_from_db()
    assert district.filer.email == ""
    assert not MessageSwitch.objects.exists()


def test_kinds_of_other_roles_cannot_be_switched(client, district):
    client.force_login(district.reviewer)
    client.post(SETTINGS, {"closed": "on", "to-review": "on", "approved": ""})
    assert not MessageSwitch.objects.exists()


@pytest.mark.parametrize(("host", "is_said"), [("", True), ("mail.example", False)])
def test_the_page_says_where_no_email_is_sent(filer, settings, host, is_said):
    settings.EMAIL_HOST = host
    assert ("平台未配置邮件服务" in filer.get(SETTINGS).content.decode()) == is_said


def test_the_administrator_sets_an_address_and_the_trail_does_not_quote_it(client, district):
    client.force_login(district.administrator)
    address = reverse("admin:agencies_user_change", args=[district.filer.pk])
    fields = {"name": district.filer.name, "office_phone": "", "is_active": "on"}
    client.post(address, fields | {"email": "one@yuzhong.example"})
    district.filer.refresh_from_db()
    assert district.filer.email == "one@yuzhong.example"
    [event] = Event.objects.filter(verb=Verb.GRANT)
    assert "已更改" in event.detail
    assert "yuzhong.example" not in event.detail
