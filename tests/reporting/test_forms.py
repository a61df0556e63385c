"""The monthly form: what people type is read, or refused with the field's name and what is accepted."""

from datetime import date
from decimal import Decimal

import pytest

from reporting import actions
from reporting.cells import NumberField
from reporting.entries import Entry
from reporting.forms import MonthForm, ReportFilters
from reporting.models import KnownBy, Report
from reporting.sheet import Sheet

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)


def form_of(report, **typed):
    """The bound form of a report; `typed` maps field names (dash as underscore pair) to texts."""
    data = {name.replace("__", "-"): text for name, text in typed.items()}
    return MonthForm(data, sheet=Sheet(report, report.latest))


def messages(form):
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5", "1234.5"),
        (" 1,234.5 ", "1234.5"),
        ("１，２３４．５", "1234.5"),
        ("12。5", "12.5"),
        ("0", "0"),
        ("99999999999.9999", "99999999999.9999"),
        ("", None),
        ("  ", None),
    ],
)
def test_a_number_is_read_as_offices_type_it(text, value):
    assert NumberField(unit="kWh", decimals=4).clean(text) == (value and Decimal(value))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("很多", "请填写数字，如 1234.5（kWh）。"),
        ("1,5", "请填写数字，如 1234.5（kWh）。"),
        ("NaN", "请填写数字，如 1234.5（kWh）。"),
        ("-5", "不能为负，请填 0 或更大的数。"),
        ("1.23456", "最多 4 位小数。"),
        ("100000000000", "数值过大，请核对单位是否为 kWh。"),
    ],
)
def test_what_is_not_a_number_is_told_what_would_be(district, text, sentence):
    form = form_of(district.report(MARCH), quantity__110=text)
    assert messages(form) == {"quantity-110": [sentence]}
    assert form.fields["quantity-110"].label == "电"


def test_vehicles_are_counted_in_whole_numbers(district):
    form = form_of(district.report(MARCH), quantity__104="2.5")
    assert messages(form) == {"quantity-104": ["请填整数（辆）。"]}


def test_cents_are_the_smallest_cost(district):
    form = form_of(district.report(MARCH), quantity__110="5", cost__110="1.234")
    assert messages(form) == {"cost-110": ["最多 2 位小数。"]}


ASKS_QUANTITY = "请填写数量（kWh）；没有此项时选“不适用”，有而未装表时选“未计量”。"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"cost__110": "300"}, ASKS_QUANTITY),
        ({"note__110": "电表故障"}, ASKS_QUANTITY),
        ({"known_by__110": "estimated"}, ASKS_QUANTITY),
        (
            {"quantity__110": "5", "known_by__110": "not_applicable"},
            "选了“不适用”就不能有数量：请清空数量，或改选“计量”“估算”。",
        ),
        (
            {"quantity__110": "0", "known_by__110": "not_metered"},
            "选了“未计量”就不能有数量：请清空数量，或改选“计量”“估算”。",
        ),
        (
            {"cost__110": "300", "known_by__110": "not_applicable"},
            "选了“不适用”就不能有费用：有此项而未装表时，请选“未计量”。",
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(district, typed, sentence):
    assert messages(form_of(district.report(MARCH), **typed)) == {"quantity-110": [sentence]}


def test_an_unknown_way_is_refused(district):
    form = form_of(district.report(MARCH), quantity__110="5", known_by__110="guessed")
    assert list(messages(form)) == ["known_by-110"]


def test_answers_become_entries_and_empty_rows_do_not(district):
    form = form_of(
        district.report(MARCH),
        quantity__110="1,200.50", cost__110="720", note__110="含临时用电",
        quantity__120="0",
        known_by__140="not_applicable",
        known_by__170="not_metered", cost__170="88",
        quantity__105="",
    )  # fmt: skip
    assert form.is_valid()
    assert form.entries() == {
        "110": Entry(Decimal("1200.50"), KnownBy.METERED, Decimal(720), "含临时用电"),
        "120": Entry(Decimal(0)),
        "140": Entry(None, KnownBy.NOT_APPLICABLE),
        "170": Entry(None, KnownBy.NOT_METERED, Decimal(88)),
    }


@pytest.mark.parametrize(
    ("month", "asked", "not_asked"),
    [
        (date(2019, 5, 1), {"101", "190"}, {"PV"}),
        (date(2023, 5, 1), {"101", "190", "PV"}, set()),
        (date(2025, 5, 1), {"PV", "106"}, {"101", "190"}),
    ],
)
def test_the_form_asks_what_the_edition_of_the_month_asks(district, month, asked, not_asked):
    sheet = Sheet(district.report(month), None)
    codes = {row.item.code for row in sheet.rows}
    assert asked <= codes
    assert not codes & not_asked
    assert [name for name, _rows in sheet.sections] == ["能源", "用水", "车辆", "建筑"]


def start_of(form, code):
    return tuple(form[f"{part}-{code}"].initial for part in ("quantity", "known_by"))


def test_a_fresh_month_starts_from_the_newest_approved_month_of_the_year_before(district):
    district.approved(date(2024, 1, 1), {"102": 4000})
    district.approved(date(2024, 12, 1), {"102": 5000})
    district.submitted(FEBRUARY, {"102": 9999})
    assert start_of(MonthForm(sheet=Sheet(district.report(MARCH), None)), "102") == ("5000", "metered")
    assert start_of(MonthForm(sheet=Sheet(district.report(date(2024, 12, 1)), None)), "102") == (
        "4000",
        "metered",
    )
    assert start_of(MonthForm(sheet=Sheet(district.report(date(2026, 2, 1)), None)), "102") == (
        None,
        "metered",
    )


def test_a_fresh_month_starts_from_the_states_and_steady_items_of_last_month(district):
    district.approved(FEBRUARY, {"110": 800, "102": "5000.50", "104": 3})
    form = MonthForm(sheet=Sheet(district.report(MARCH), None))
    assert start_of(form, "110") == (None, "metered")
    assert start_of(form, "102") == ("5000.5", "metered")
    assert start_of(form, "104") == ("3", "metered")
    assert start_of(form, "130") == (None, "not_applicable")
    carried = {
        cells.row.item.code for _name, rows, _totals in form.sections for cells in rows if cells.is_carried
    }
    assert {"102", "104", "130"} <= carried
    assert "110" not in carried


def test_a_returned_month_starts_from_what_was_submitted(district):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="有误")
    report = Report.objects.get(pk=report.pk)
    form = MonthForm(sheet=Sheet(report, report.latest))
    assert start_of(form, "110") == ("100", "metered")
    assert start_of(form, "130") == (None, "not_applicable")


def test_lines_outside_the_edition_stay_on_the_form(district):
    report = district.report(MARCH)
    actions.save_draft(report, {"150": Entry(Decimal(40))}, by=district.filer)
    report = Report.objects.get(pk=report.pk)
    form = MonthForm(sheet=Sheet(report, report.latest))
    assert start_of(form, "150") == ("40", "metered")


def test_errors_of_the_rules_go_to_their_fields(district):
    report = district.report(MARCH)
    form = form_of(report, quantity__PV="1300", quantity__PV1="1000", quantity__PV2="200", quantity__110="5")
    assert form.is_valid()
    actions.save_draft(report, form.entries(), by=district.filer)
    with pytest.raises(actions.Refused) as refusal:
        actions.submit(report, by=district.filer)
    form.refuse(refusal.value.errors)
    assert messages(form)["quantity-PV"] == ["应等于光伏自用电量、光伏上网电量之和 1,200，现为 1,300。"]
    assert messages(form)["quantity-120"][0].startswith("尚未填写。")
    assert "quantity-110" not in form.errors


def test_the_verdict_tells_wrong_from_missing_and_adds_up_the_parts(district):
    form = form_of(
        district.report(MARCH),
        quantity__110="abc", quantity__1501="30", quantity__1502="12.5", quantity__104="0",
    )  # fmt: skip
    verdict = form.verdict
    assert (verdict.asked, verdict.answered) == (17, 3)
    assert [finding.item for finding in verdict.errors] == ["110"]
    assert "110" not in {code for _name, code in verdict.missing_names}
    assert [(finding.rule, finding.item) for finding in verdict.warnings] == [
        ("cost", "1501"),
        ("cost", "1502"),
        ("fuel-without-vehicle", "104"),
    ]
    [total] = verdict.totals
    assert (total.name, total.quantity) == ("汽油（合计）", Decimal("42.5"))


def test_differences_name_every_item_that_was_saved_otherwise(district):
    form = form_of(district.report(MARCH), quantity__110="99", quantity__120="7")
    stored = {
        "110": Entry(Decimal(100), note="表坏"),
        "120": Entry(Decimal("7.0000")),
        "140": Entry(None, "not_applicable"),
    }
    assert form.differences(stored) == [
        "电：已保存的是 100，说明“表坏”；您填写的是 99",
        "天然气：已保存的是 不适用；您填写的是 未填",
    ]


def test_a_filter_that_cannot_be_read_is_named_and_narrows_nothing(district):
    district.report(MARCH)
    filters = ReportFilters({"month": "3025-99", "state": "nonsense"}, user=district.manager)
    assert filters.narrow(Report.objects.all()).count() == 1
    assert set(filters.errors) == {"month", "state"}
