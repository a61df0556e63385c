"""The end of the plan period: the tasks with a number or a date, their evidence in one file, the gaps carried on."""

import csv
import hashlib
import io
import zipfile
from datetime import date

import pytest

from agencies.models import Event
from reporting import evidence_files
from targets import actions, record_actions
from targets.models import PlanPeriod, PlanTask, Register
from targets.plan import board, scorecard
from tests.factories import District
from yuzhong_carbon.demo.evidence import pdf

from .test_board import accepted

pytestmark = pytest.mark.django_db

NINE = [
    "二(二)-5",
    "二(三)-3",
    "三(一)-2",
    "三(二)-1",
    "三(三)-1",
    "三(三)-2",
    "三(四)-1",
    "三(四)-2",
    "五(三)-1",
]
PROOF = pdf("contract")


@pytest.fixture
def ended(district, settings, tmp_path):
    """An organ with the title, one proved renovation of 1 200 m², nothing else."""
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    district.institution.is_party_government_organ = True
    district.institution.save()
    accepted(district, "title", district.institution, date(2024, 11, 1), kind="节约型机关", level="区")
    said = {
        "name": "=外墙改造",
        "happened_on": date(2025, 6, 30),
        "ended_on": None,
        "values": {"nature": "改造", "stage": "已验收", "area_m2": "1200"},
    }
    version = record_actions.enter(
        Register.objects.get(slug="project"), district.institution, said, by=district.filer
    )
    record_actions.attach(version, PROOF, "合同.pdf", by=district.filer)
    record_actions.submit(version, by=district.filer)
    record_actions.accept(version, by=district.reviewer)
    board.refresh_board()
    return district


def period():
    return PlanPeriod.objects.get(slug="14-5")


def lines(ended):
    return scorecard.final_lines(period(), ended.bureau)


def packed(node):
    file = io.BytesIO()
    scorecard.pack(period(), node, file)
    return zipfile.ZipFile(file)


def rows(pack, name):
    return list(csv.DictReader(io.StringIO(pack.read(name).decode("utf-8-sig"))))


def test_the_card_has_the_nine_tasks_met_or_not(ended):
    scored = scorecard.scored(lines(ended))

    assert [line.task.number for line in scored] == NINE
    met = {line.task.number: line.progress.is_met for line in scored}
    assert [number for number in NINE if met[number]] == ["五(三)-1"]
    assert scorecard.is_vetoed(scored)


def test_what_is_only_striven_for_vetoes_nothing(ended):
    striving = [line for line in scorecard.scored(lines(ended)) if line.task.force == "striving"]

    assert {line.task.number for line in striving} >= {"二(二)-5", "五(三)-1"}
    assert not scorecard.is_vetoed(striving)


def test_the_pack_holds_each_document_with_its_hash(ended):
    pack = packed(ended.bureau)
    path = next(name for name in pack.namelist() if name.startswith("14-5-3-2-1/"))
    index = {row["文件"]: row for row in rows(pack, "index.csv")}

    assert pack.read(path) == PROOF
    assert index[path]["SHA-256"] == hashlib.sha256(PROOF).hexdigest()
    assert index[path]["任务"] == "三(二)-1"
    # A name that begins like a formula is text to a spreadsheet.
    assert index[path]["记录"] == "'=外墙改造"
    assert index["scorecard.csv"]["SHA-256"] == hashlib.sha256(pack.read("scorecard.csv")).hexdigest()
    card = {row["编号"]: row for row in rows(pack, "scorecard.csv")}
    assert (card["三(二)-1"]["现值"], card["三(二)-1"]["阈值"], card["三(二)-1"]["是否达到"]) == (
        "1200.0",
        "40000.0",
        "否",
    )


def test_a_damaged_document_is_named_and_left_out(ended):
    sha256 = hashlib.sha256(PROOF).hexdigest()
    evidence_files.path_of(ended.institution.pk, sha256, record_actions.FOLDER).write_bytes(b"another")
    pack = packed(ended.bureau)

    assert not [name for name in pack.namelist() if name.endswith(".pdf")]
    said = [row for row in rows(pack, "index.csv") if row["说明"] == scorecard.DAMAGED]
    assert {row["SHA-256"] for row in said} == {sha256}


def test_the_pack_is_downloaded_with_a_trace(ended, client):
    client.force_login(ended.manager)
    response = client.get("/assessment/2025/evidence/")

    assert zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))).testzip() is None
    assert Event.objects.filter(verb="export", detail__contains="期末考核证据包").count() == 1


def test_gaps_are_carried_once_undated_and_stay_open(ended, client):
    gaps = [line.task.number for line in scorecard.gaps(lines(ended))]
    assert "三(二)-1" in gaps
    assert "五(三)-1" not in gaps
    client.force_login(ended.manager)
    client.post("/assessment/2025/carry/")

    carried = PlanTask.objects.filter(plan_period__slug="15-5")
    assert [task.number for task in carried] == gaps
    task = carried.get(number="三(二)-1")
    (measure,) = task.measures.all()
    assert (task.slug, measure.threshold, measure.last_day) == ("15-5-3-2-1", 40_000, None)
    assert task.asked.startswith("由“十四五”（2021—2025年）结转，目标待下达")
    assert PlanTask.objects.filter(plan_period__slug="14-5").count() == 106
    assert actions.carry_gaps(period(), by=ended.manager) == 0


def test_who_does_not_edit_the_plan_carries_nothing(ended, client):
    client.force_login(ended.reviewer)

    assert client.post("/assessment/2025/carry/").status_code == 403
    assert not PlanTask.objects.filter(plan_period__slug="15-5").exists()


def test_the_page_shows_the_card(ended, client):
    assert isinstance(ended, District)
    client.force_login(ended.manager)
    page = client.get("/assessment/2025/").content.decode()

    for words in ("写明数值或期限的任务", "三(二)-1", "未达到的任务", "下载证据包", "结转到"):
        assert words in page
