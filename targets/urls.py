"""Addresses of the cockpit and the institution pages."""

from django.urls import path

from . import (
    api,
    assessment_views,
    certificate_views,
    change_views,
    comparison_views,
    effect_views,
    leader_views,
    library_views,
    lineage,
    lineage_views,
    plan_views,
    publication_views,
    record_sheet_views,
    record_views,
    views,
)

app_name = "targets"

urlpatterns = [
    path("cockpit/", views.cockpit_page, name="cockpit"),
    path("cockpit/wall/", views.cockpit_wall, name="cockpit-wall"),
    path("assessment/<int:year>/", assessment_views.assessment_detail, name="assessment"),
    path("assessment/<int:year>/evidence/", assessment_views.evidence_pack, name="assessment-evidence"),
    path("assessment/<int:year>/carry/", assessment_views.gaps_carry, name="assessment-carry"),
    path("leaders/<slug:kind>/", leader_views.leader_list, name="leader-list"),
    path("systems/<slug:key>/", views.system_detail, name="system-detail"),
    path("groups/<slug:kind>/", views.group_list, name="group-list"),
    path("groups/<slug:kind>/<str:key>/", views.group_detail, name="group-detail"),
    # The converter is the one that reporting registers.
    path("reports/<slug:key>/<month:month>/effect/", effect_views.report_effect, name="report-effect"),
    path("publications/", publication_views.publication_list, name="publication-list"),
    path("publications/<int:pk>/", publication_views.publication_detail, name="publication-detail"),
    path("recalculations/", views.recalculation_list, name="recalculation-list"),
    path("institutions/", comparison_views.institution_list, name="institution-list"),
    path(
        "institutions/export/<slug:file_type>/",
        comparison_views.institution_export,
        name="institution-export",
    ),
    path(
        "institutions/<slug:key>/<int:year>/certificate/",
        certificate_views.certificate_detail,
        name="certificate",
    ),
    path("institutions/views/<int:pk>/delete/", comparison_views.view_delete, name="view-delete"),
    path("institutions/<slug:key>/", views.institution_detail, name="institution-detail"),
    path(
        "why/institutions/<slug:key>/<int:year>/<slug:measure>/",
        lineage_views.why_institution,
        name="why-institution",
    ),
    path("why/<slug:kind>/<str:key>/<int:year>/<slug:measure>/", lineage_views.why_group, name="why-group"),
    path(
        "why/effects/<slug:kind>/<str:key>/<int:year>/<slug:quantity>/",
        lineage_views.why_effects,
        name="why-effects",
    ),
    path(
        "why/requirement/<slug:kind>/<str:key>/<int:year>/<slug:indicator>/",
        lineage_views.why_requirement,
        name="why-requirement",
    ),
    path(
        "why/forecast/<slug:kind>/<str:key>/<int:year>/<slug:indicator>/",
        lineage_views.why_forecast,
        name="why-forecast",
    ),
    path(
        "api/v1/lineage/forecast/<slug:kind>/<str:key>/<int:year>/<slug:indicator>/",
        api.OwnerLineage.as_view(find=lineage.find_agency, explain=lineage.explain_forecast),
        name="api-lineage-forecast",
    ),
    path("why/peak/<slug:kind>/<str:key>/", lineage_views.why_peak, name="why-peak"),
    path(
        "api/v1/lineage/peak/<slug:kind>/<str:key>/",
        api.OwnerLineage.as_view(find=lineage.find_agency, explain=lineage.explain_peak),
        name="api-lineage-peak",
    ),
    path(
        "why/published/<int:publication>/<slug:kind>/<str:key>/<slug:panel>/<slug:column>/",
        lineage_views.why_published,
        name="why-published",
    ),
    path(
        "api/v1/lineage/published/<int:publication>/<slug:kind>/<str:key>/<slug:panel>/<slug:column>/",
        api.PublishedLineage.as_view(),
        name="api-lineage-published",
    ),
    path("why/rehearsed/<int:effect>/", lineage_views.why_rehearsed, name="why-rehearsed"),
    path(
        "api/v1/lineage/rehearsed/<int:effect>/",
        api.RehearsalLineage.as_view(),
        name="api-lineage-rehearsed",
    ),
    path(
        "api/v1/lineage/requirement/<slug:kind>/<str:key>/<int:year>/<slug:indicator>/",
        api.OwnerLineage.as_view(find=lineage.find_owner, explain=lineage.explain_requirement),
        name="api-lineage-requirement",
    ),
    path(
        "api/v1/lineage/institutions/<slug:key>/<int:year>/<slug:measure>/",
        api.InstitutionLineage.as_view(),
        name="api-lineage-institution",
    ),
    path(
        "api/v1/lineage/<slug:kind>/<str:key>/<int:year>/<slug:measure>/",
        api.OwnerLineage.as_view(),
        name="api-lineage-group",
    ),
    path(
        "api/v1/lineage/effects/<slug:kind>/<str:key>/<int:year>/<slug:quantity>/",
        api.OwnerLineage.as_view(find=lineage.find_agency, explain=lineage.explain_effects),
        name="api-lineage-effects",
    ),
    path("library/<slug:slug>/", library_views.library, name="library"),
    path("plan/", plan_views.plan_board, name="plan-board"),
    path("plan/<slug:slug>/", plan_views.plan_task, name="plan-task"),
    path("records/", record_views.record_list, name="record-list"),
    path("records/new/<slug:slug>/", record_views.record_new, name="record-new"),
    path("records/export/<slug:slug>/", record_sheet_views.record_export, name="record-export"),
    path("records/import/<slug:slug>/", record_sheet_views.record_import, name="record-import"),
    path("records/<int:pk>/", record_views.record_detail, name="record-detail"),
    path("records/<int:pk>/change/", record_views.record_change, name="record-change"),
    path("records/<int:pk>/submit/", record_views.record_step, {"step": "submit"}, name="record-submit"),
    path(
        "records/<int:pk>/withdraw/", record_views.record_step, {"step": "withdraw"}, name="record-withdraw"
    ),
    path("records/<int:pk>/decide/", record_views.record_decide, name="record-decide"),
    path("records/<int:pk>/correct/", record_views.record_correct, name="record-correct"),
    path("records/<int:pk>/documents/", record_views.document_new, name="record-document-new"),
    path("records/documents/<int:pk>/", record_views.document_file, name="record-document"),
    path("records/documents/<int:pk>/delete/", record_views.document_delete, name="record-document-delete"),
    path("restatements/", change_views.restatement_list, name="restatement-list"),
    path("restatements/new/", change_views.restatement_new, name="restatement-new"),
    path("restatements/<int:pk>/", change_views.restatement_detail, name="restatement-detail"),
    path("restatements/<int:pk>/decide/", change_views.restatement_decide, name="restatement-decide"),
    path("restatements/<int:pk>/rehearse/", change_views.restatement_rehearse, name="restatement-rehearse"),
    path("proposals/", change_views.proposal_list, name="proposal-list"),
    path("proposals/new/", change_views.proposal_new, name="proposal-new"),
    path("proposals/<int:pk>/", change_views.proposal_detail, name="proposal-detail"),
    path("proposals/<int:pk>/decide/", change_views.proposal_decide, name="proposal-decide"),
    path("proposals/<int:pk>/rehearse/", change_views.proposal_rehearse, name="proposal-rehearse"),
]
