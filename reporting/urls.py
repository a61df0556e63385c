"""Addresses of filing and review."""

from datetime import date

from django.urls import path, register_converter

from . import (
    calendar_views,
    completeness_views,
    evidence_views,
    filing_views,
    joint_review_views,
    quality_views,
    register_views,
    review_views,
    rule_views,
    suggestion_views,
    upload_views,
    views,
)


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
    path(f"{REPORT}endorse/", views.report_endorse, name="report-endorse"),
    path(f"{REPORT}abandon/", views.report_abandon, name="report-abandon"),
    path(f"{REPORT}approve/", views.report_approve, name="report-approve"),
    path(f"{REPORT}return/", views.report_return, name="report-return"),
    path(f"{REPORT}correct/", views.report_correct, name="report-correct"),
    path("guide/", filing_views.guide, name="guide"),
    path(f"{REPORT}suggestions/<slug:code>/", suggestion_views.suggestion_detail, name="suggestion-detail"),
    path("evidence/", evidence_views.evidence_list, name="evidence-list"),
    path("evidence/new/", evidence_views.evidence_new, name="evidence-new"),
    path("evidence/<int:pk>/", evidence_views.evidence_detail, name="evidence-detail"),
    path("evidence/<int:pk>/file/", evidence_views.evidence_file, name="evidence-file"),
    path("evidence/<int:pk>/replace/", evidence_views.evidence_replace, name="evidence-replace"),
    path("evidence/<int:pk>/delete/", evidence_views.evidence_delete, name="evidence-delete"),
    path("registers/", register_views.register_list, name="register-list"),
    path("registers/<slug:key>/", register_views.register_detail, name="register-detail"),
    path("registers/<slug:key>/<slug:slug>/new/", register_views.register_row, name="register-new"),
    path("registers/<slug:key>/<slug:slug>/<int:pk>/", register_views.register_row, name="register-row"),
    path("buildings/<int:pk>/<month:month>/", register_views.building_month, name="building-month"),
    path("workbooks/", upload_views.upload_list, name="upload-list"),
    path("workbooks/<int:pk>/", upload_views.upload_detail, name="upload-detail"),
    path("workbooks/<int:pk>/choose/", upload_views.upload_choose, name="upload-choose"),
    path("workbooks/<int:pk>/returned/", upload_views.upload_returned, name="upload-returned"),
    path("templates/<slug:key>/<month:month>/", upload_views.template_month, name="template-month"),
    path("templates/<slug:key>/<int:year>/", upload_views.template_year, name="template-year"),
    path("review/", review_views.review_queue, name="review-queue"),
    path("review/bulk/", review_views.bulk_new, name="bulk-new"),
    path("review/bulk/<int:pk>/", review_views.bulk_detail, name="bulk-detail"),
    path("looks/", review_views.look_list, name="look-list"),
    path("looks/<int:pk>/", review_views.look_detail, name="look-detail"),
    path("looks/draw/<int:year>/", review_views.look_draw, name="look-draw"),
    path("calendar/", calendar_views.calendar_list, name="calendar-list"),
    path("calendar/new/", calendar_views.calendar_new, name="calendar-new"),
    path("calendar/<month:month>/", calendar_views.calendar_edit, name="calendar-edit"),
    path("calendar/<month:month>/extend/", calendar_views.extension_new, name="extension-new"),
    path("calendar/<month:month>/extensions/", calendar_views.extension_list, name="extension-list"),
    path("completeness/", completeness_views.completeness_matrix, name="completeness"),
    path("quality/", quality_views.quality_list, name="quality"),
    path("quality/export/", quality_views.quality_export, name="quality-export"),
    path("joint-review/", joint_review_views.joint_review_list, name="joint-review-list"),
    path("joint-review/export/", joint_review_views.joint_review_export, name="joint-review-export"),
    path(
        "joint-review/<int:year>/compute/",
        joint_review_views.joint_review_compute,
        name="joint-review-compute",
    ),
    path(
        "joint-review/<int:year>/<slug:key>/<slug:kind>/<slug:place>/",
        joint_review_views.joint_review_point,
        name="joint-review-point",
    ),
    path("rules/", rule_views.rule_list, name="rule-list"),
    path("rules/<slug:slug>/", rule_views.rule_detail, name="rule-detail"),
]
