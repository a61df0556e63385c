"""A month goes out as a workbook and comes back: the same says nothing, an edit says exactly that edit."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.models import Event
from agencies.models.trail import Verb
from reporting import actions
from reporting.entries import Entry
from reporting.models import CellKind, Edition, Item, KnownBy, Payment
from reporting.workbook import actions as workbooks
from reporting.workbook import answers
from reporting.workbook.answers import NOTHING, Answer
from reporting.workbook.months import answer_of

from .workbooks import counts, template_of, uploaded, worked

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)
# What a text field keeps: no control characters but the tab, no space at either end.
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=200).map(str.strip)
NOTES = TEXTS | st.sampled_from(("=1+1", "+86", "-3", "@SUM(A1)", "_x0041_", "a\tb", "\\N", "'quoted", "<&>"))
ITEMS = ("110", "120", "1501", "104", "1041", "102", "103", "PV", "240", "180")
PROPERTY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def entries_of(draw, item):
    """Any entry of an item that the form would keep."""
    way = draw(st.sampled_from(KnownBy.values))
    quantity = cost = None
    if KnownBy(way).has_quantity:
        places = 4 if item.decimals else 0
        quantity = draw(st.decimals(0, 10**9, places=places))
    if item.has_cost and way != KnownBy.NOT_APPLICABLE:
        cost = draw(st.none() | st.decimals(0, 10**9, places=2))
    payment = ""
    if item.has_cost:
        payment = draw(st.sampled_from(("", Payment.PAID) if cost else ("", *Payment.values)))
    return Entry(quantity, way, cost, draw(NOTES), str(payment))


@st.composite
def months(draw):
    """Any valid month: item code → Entry."""
    items = Item.objects.in_bulk(ITEMS)
    codes = draw(st.sets(st.sampled_from(ITEMS), min_size=1))
    return {code: draw(entries_of(items[code])) for code in sorted(codes)}


@pytest.fixture
def report(district):
    district.approved(FEBRUARY, {"110": 8000, "102": 1000, "103": 50})
    return district.report(MARCH)


def stored(report):
    report.refresh_from_db()
    return answers.stored([report])[report.pk]


@PROPERTY
@given(st.data())
def test_any_month_comes_back_without_a_change(district, report, data):
    # One reason for all: which of them still want one depends on the examples before.
    entries, reason = data.draw(months()), data.draw(NOTES)
    actions.save_draft(report, entries, by=district.filer)
    report.refresh_from_db()
    reasons = dict.fromkeys(report.latest.hits.standing().values_list("rule", "item"), reason)
    actions.explain(report, reasons, by=district.filer)
    assert counts(uploaded(template_of(district.institution, MARCH), district.filer)) == {
        "same": len(entries)
    }


@PROPERTY
@given(st.data())
def test_any_edit_is_exactly_that_edit_and_writes_nothing_else(district, report, data):
    entries = data.draw(months())
    actions.save_draft(report, entries, by=district.filer)
    before = stored(report)
    code = data.draw(st.sampled_from(ITEMS))
    edit = data.draw(st.just(NOTHING) | entries_of(Item.objects.get(pk=code)).map(Answer))
    upload = uploaded(template_of(district.institution, MARCH, stated={code: edit}), district.filer)
    edits = {
        cell.item_id: (cell.kind, answer_of(cell))
        for cell in upload.current_cells().exclude(kind=CellKind.SAME)
    }
    unchanged = edit.token == before.get(code, NOTHING).token
    kind = CellKind.CHANGED if code in before else CellKind.NEW
    assert edits == ({} if unchanged else {code: (kind, edit)})
    if not unchanged:
        workbooks.confirm(upload, by=district.filer)
        assert worked(upload).state == "written"
        after = {each: answer.entry for each, answer in stored(report).items()}
        others = {each: answer.entry for each, answer in before.items() if each != code}
        assert after == others | ({code: edit.entry} if edit.entry else {})


@pytest.mark.both_databases
def test_the_states_and_what_stands_beside_them_are_written_as_typed(district, report):
    stated = {
        "110": Entry(Decimal("9000.5"), KnownBy.ESTIMATED, Decimal("5400.25"), "按上年估算", Payment.PAID),
        "120": Entry(Decimal(0), KnownBy.METERED, Decimal(0), "", Payment.UNPAID),
        "130": Entry(None, KnownBy.NOT_APPLICABLE),
        "140": Entry(None, KnownBy.NOT_METERED, Decimal(12), "食堂未装表"),
    }
    content = template_of(
        district.institution, MARCH, stated={code: Answer(entry) for code, entry in stated.items()}
    )
    upload = uploaded(content, district.filer)
    # Area, people and the states of February are offered and are written with what was typed.
    offered = upload.new - len(stated)
    assert (counts(upload), offered > 0) == ({"new": upload.new}, True)
    workbooks.confirm(upload, by=district.filer)
    worked(upload)
    after = {code: answer.entry for code, answer in stored(report).items()}
    assert {code: after[code] for code in stated} == stated
    assert after["102"] == Entry(Decimal(1000))
    event = Event.objects.about(district.institution, MARCH).get(verb=Verb.SAVE)
    assert event.detail.startswith(
        f"工作簿 填报.xlsx（SHA-256 {upload.content_hash[:16]}）：102 建筑面积：未填 → 1000；"
    )


@pytest.mark.both_databases
@pytest.mark.parametrize("note", ["\\N", "\\.", "a\tb", "a\\tb", '"', "=1+1"])
def test_a_note_that_means_something_to_a_database_or_a_spreadsheet_stays_a_note(district, report, note):
    typed = Answer(Entry(Decimal(5), note=note))
    upload = uploaded(template_of(district.institution, MARCH, stated={"110": typed}), district.filer)
    assert answer_of(upload.current_cells().get(item="110")) == typed
    workbooks.confirm(upload, by=district.filer)
    worked(upload)
    assert stored(report)["110"] == typed


def test_the_reason_of_a_doubt_is_written_with_its_number(district, report):
    typed = Answer(Entry(Decimal(1500)), "搬入新楼")
    upload = uploaded(template_of(district.institution, MARCH, stated={"102": typed}), district.filer)
    cell = upload.current_cells().get(item="102")
    assert "建筑面积比2025年2月变化 +50.0 %" in cell.doubt
    workbooks.confirm(upload, by=district.filer)
    worked(upload)
    assert stored(report)["102"] == typed
    assert report.latest.hits.get(rule="steady", item="102").reason == "搬入新楼"


def test_an_untouched_offer_for_a_month_that_nobody_began_is_no_change(district, report):
    upload = uploaded(template_of(district.institution, MARCH), district.filer)
    assert counts(upload) == {"same": upload.same}
    assert set(upload.current_cells().values_list("message", flat=True)) == {
        "沿用的内容，本月还没有填写别的，不写入。"
    }
    with pytest.raises(actions.WrongStatus, match="没有需要写入的"):
        workbooks.confirm(upload, by=district.filer)


def test_a_year_of_two_editions_keeps_to_each_months_own(district):
    before, after = date(2024, 12, 1), date(2025, 1, 1)
    for month in (before, after):
        actions.save_draft(district.report(month), {"110": Entry(Decimal(7))}, by=district.filer)
    content = template_of(district.institution, before, after, stated={"110": Answer(Entry(Decimal(8)))})
    upload = uploaded(content, district.filer)
    assert counts(upload) == {"changed": 2}
    slugs = {cell.report.period.month: cell.report.latest.edition.slug for cell in upload.current_cells()}
    assert slugs == {month: Edition.objects.for_month(month).slug for month in (before, after)}
