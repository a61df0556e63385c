"""Institutions that filed the same figures for the same month."""

from datetime import date

from agencies.access import Role
from reporting import actions, findings
from reporting.models import RuleHit
from tests.factories import InstitutionFactory, entries, user_with

MARCH = date(2025, 3, 1)
FIGURES = {"110": 9000, "120": 90}


def neighbour(district):
    agency = InstitutionFactory(parent=district.department)
    return agency, user_with(Role.FILER, agency)


def rules(report):
    report.refresh_from_db()
    return {finding.rule for finding in findings.warnings(report.latest)}


def test_the_same_figures_as_another_institution_are_seen_at_both(district):
    agency, filer = neighbour(district)
    first = district.submitted(MARCH, FIGURES, agency=agency, by=filer)
    second = district.submitted(MARCH, FIGURES)
    assert "same-as-another" in rules(second)
    assert "same-as-another" in rules(first)
    assert RuleHit.objects.filter(revision=second.latest, rule="same-as-another").get().item_id == "110"


def test_another_month_another_figure_and_a_draft_are_no_copy(district):
    agency, filer = neighbour(district)
    district.submitted(date(2025, 2, 1), FIGURES, agency=agency, by=filer)
    report = district.submitted(MARCH, FIGURES)
    draft = district.report(MARCH, agency)
    actions.save_draft(draft, entries(draft, FIGURES), by=filer)
    assert "same-as-another" not in rules(report)
    actions.save_draft(draft, entries(draft, FIGURES | {"120": 91}), by=filer)
    draft.refresh_from_db()
    actions.explain(draft, dict.fromkeys(draft.latest.hits.values_list("rule", "item"), "属实"), by=filer)
    actions.submit(draft, by=filer)
    assert "same-as-another" not in rules(report)


def test_one_equal_figure_is_no_copy(district):
    agency, filer = neighbour(district)
    district.submitted(MARCH, {"110": 9000}, agency=agency, by=filer)
    assert "same-as-another" not in rules(district.submitted(MARCH, {"110": 9000}))


def test_a_correction_is_no_copy_of_the_version_before(district):
    report = district.approved(MARCH, FIGURES)
    actions.open_correction(report, by=district.filer, reason="漏计")
    report.refresh_from_db()
    assert "same-as-another" not in rules(report)


def test_two_copies_are_counted(district):
    for _ in range(2):
        agency, filer = neighbour(district)
        district.submitted(MARCH, FIGURES, agency=agency, by=filer)
    report = district.submitted(MARCH, FIGURES)
    [finding] = [each for each in findings.warnings(report.latest) if each.rule == "same-as-another"]
    assert "另外 2 个机构" in finding.message
