"""Addresses of filing and review."""

from datetime import date

from django.urls import path, register_converter

from . import upload_views, views


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
    path(f"{REPORT}edit/", views.report_edit, name="report-edit"),
    path(f"{REPORT}submit/", views.report_submit, name="report-submit"),
    path(f"{REPORT}withdraw/", views.report_withdraw, name="report-withdraw"),
    path(f"{REPORT}approve/", views.report_approve, name="report-approve"),
    path(f"{REPORT}return/", views.report_return, name="report-return"),
    path(f"{REPORT}correct/", views.report_correct, name="report-correct"),
    path("workbooks/", upload_views.upload_list, name="upload-list"),
    path("workbooks/<int:pk>/", upload_views.upload_detail, name="upload-detail"),
    path("workbooks/<int:pk>/choose/", upload_views.upload_choose, name="upload-choose"),
    path("workbooks/<int:pk>/returned/", upload_views.upload_returned, name="upload-returned"),
    path("templates/<slug:key>/<month:month>/", upload_views.template_month, name="template-month"),
    path("templates/<slug:key>/<int:year>/", upload_views.template_year, name="template-year"),
    path("review/", views.review_queue, name="review-queue"),
]
