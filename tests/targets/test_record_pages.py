"""The pages of the plan's records: entered, proved, handed in, decided, browsed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from targets import record_actions
from targets.models import Record, RecordVersion
from tests.factories import DepartmentFactory, InstitutionFactory
from yuzhong_carbon.demo.evidence import pdf

from .pages import cost
from .test_records import DAY, SAID, VALUES, _own_folder, accepted, draft, register, submitted

__all__ = ["_own_folder", "accepted", "draft", "submitted"]

pytestmark = pytest.mark.django_db


def test_a_given_up_draft_leads_back_to_the_list(district, client, draft):
    client.force_login(district.filer)
    response = client.post(reverse("targets:record-abandon", args=[draft.record_id]))

    assert response.url == reverse("targets:record-list")


def test_a_filer_enters_attaches_and_submits_and_a_reviewer_accepts_on_the_pages(district, client):
    client.force_login(district.filer)
    typed = VALUES | {"name": "外墙改造", "happened_on": "2024-05-01"}
    response = client.post(reverse("targets:record-new", args=["project"]), typed, follow=True)
    assert "已保存草稿" in response.content.decode()
    record = Record.objects.get()
    client.post(
        reverse("targets:record-document-new", args=[record.pk]),
        {"file": SimpleUploadedFile("合同.pdf", pdf("contract"))},
    )
    client.post(reverse("targets:record-submit", args=[record.pk]))
    client.force_login(district.reviewer)
    page = client.get(reverse("targets:record-detail", args=[record.pk])).content.decode()
    assert "合同.pdf" in page
    client.post(reverse("targets:record-decide", args=[record.pk]), {"word": "accept", "comment": ""})

    version = RecordVersion.objects.get()
    assert (version.status, version.values["area_m2"], version.documents.count()) == ("accepted", "1200", 1)


def test_bad_input_is_named_at_its_field_and_nothing_typed_is_lost(district, client):
    client.force_login(district.filer)
    typed = {
        "name": "外墙改造",
        "nature": "改造",
        "stage": "已验收",
        "area_m2": "很大",
        "happened_on": "2024-05-01",
    }
    page = client.post(reverse("targets:record-new", args=["project"]), typed).content.decode()

    assert "建筑面积应为数字，如 1200.5。" in page
    assert 'value="外墙改造"' in page
    assert not Record.objects.exists()


def test_the_list_shows_the_last_version_and_costs_the_same_at_one_and_three_rows(district, client, accepted):
    client.force_login(district.filer)
    address = reverse("targets:record-list") + "?register=project"
    one = cost(client, address)
    record_actions.correct(accepted.record, by=district.filer, reason="面积复测")
    for name in ("二", "三"):
        record_actions.enter(register(), district.institution, SAID | {"name": name}, by=district.filer)

    assert cost(client, address) == one
    assert [row.status for row in client.get(address).context["page_obj"]] == ["draft"] * 3


def test_the_shelves_show_what_was_accepted_of_all_institutions_and_find_by_words(district, client):
    theirs = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    said = {"values": {"technology": "热泵", "summary": "余热回收"}, "happened_on": DAY, "ended_on": None}
    for agency, name in ((district.institution, "本区医院"), (theirs, "他区小学")):
        version = record_actions.enter(register("case"), agency, said | {"name": name}, by=district.manager)
        record_actions.submit(version, by=district.manager)
        record_actions.accept(version, by=district.reviewer)
    record_actions.enter(register("case"), district.institution, said | {"name": "草稿"}, by=district.filer)
    client.force_login(district.filer)

    def names(words=""):
        return [
            version.name for version, _said in client.get(f"/library/case/?words={words}").context["entries"]
        ]

    assert names() == ["他区小学", "本区医院"]
    assert names("余热") == ["他区小学", "本区医院"]
    assert names("小学") == ["他区小学"]
    assert names("光伏") == []
    assert client.get("/library/title/").status_code == 404


def test_what_is_open_stands_on_the_filers_first_page(district, client, submitted):
    record_actions.return_back(submitted, by=district.reviewer, comment="缺验收单")
    client.force_login(district.filer)
    page = client.get("/").content.decode()

    assert "未办结的台账记录" in page
    assert "退回原因：缺验收单" in page
