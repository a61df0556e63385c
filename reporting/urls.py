"""Addresses of filing and review."""

from datetime import date

from django.urls import path, register_converter

from . import filing_views, rule_views, views


class MonthConverter:
    """2026-03 in an address is the first of March 2026."""

    regex = r"[0-9]{4}-[0-9]{2}"

    def to_python(self, value):
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value):
        return f"{value:%Y-%m}"


register_converter(MonthConverter, "month")

app_name = "reporting"
REPORT = "reports/<slug:key>/<month:month>/"

urlpatterns = [
    path("reports/", views.report_list, name="report-list"),
    path(REPORT, views.report_detail, name="report-detail"),
    path(f"{REPORT}edit/", filing_views.report_edit, name="report-edit"),
    path(f"{REPORT}cells/<str:code>/", filing_views.cell_save, name="cell-save"),
    path(f"{REPORT}check/", filing_views.report_check, name="report-check"),
    path(f"{REPORT}reasons/", filing_views.reason_save, name="reason-save"),
    path(f"{REPORT}submit/", views.report_submit, name="report-submit"),
    path(f"{REPORT}withdraw/", views.report_withdraw, name="report-withdraw"),
    path(f"{REPORT}approve/", views.report_approve, name="report-approve"),
    path(f"{REPORT}return/", views.report_return, name="report-return"),
    path(f"{REPORT}correct/", views.report_correct, name="report-correct"),
    path("guide/", filing_views.guide, name="guide"),
    path("review/", views.review_queue, name="review-queue"),
    path("rules/", rule_views.rule_list, name="rule-list"),
    path("rules/<slug:slug>/", rule_views.rule_detail, name="rule-detail"),
]
