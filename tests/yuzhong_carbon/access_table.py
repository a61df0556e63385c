"""The table of the access matrix: every address × every role, and what each meets there."""

from agencies.access import Role

OK, TO_LOGIN, REFUSED, NOTHING, NOT_BY_GET = 200, 302, 403, 404, 405
ELSEWHERE = 302

F, D, R, M, V, A, S = Role
EVERYBODY = set(Role)
SEES = {F, D, R, M, V}


def row(allowed, otherwise, status=OK):
    """Role → expected status: `status` for the allowed, `otherwise` for the rest."""
    return {role: status if role in allowed else otherwise for role in Role}


# Own reports and institutions: the roles that see figures; for the others there is nothing.
OWN = {
    "home": row({F, D}, ELSEWHERE),
    "agencies:trail-list": row({A}, REFUSED),
    "agencies:trail-export": row({A}, REFUSED),
    "agencies:message-list": dict.fromkeys(Role, OK),
    "agencies:message-settings": dict.fromkeys(Role, OK),
    "reporting:report-list": row(SEES, REFUSED),
    "reporting:report-detail": row(SEES, NOTHING),
    "reporting:report-edit": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:review-queue": row({R, D}, REFUSED),
    "reporting:bulk-new": row({R}, REFUSED),
    "reporting:bulk-detail": row({R, M}, REFUSED, NOTHING),
    "reporting:look-list": row({R, M}, REFUSED),
    "reporting:look-detail": row({R, M}, REFUSED, NOTHING),
    "targets:report-effect": row(SEES, REFUSED),
    "reporting:guide": dict.fromkeys(Role, OK),
    "reporting:calendar-list": row({D, R, M, V}, REFUSED),
    "reporting:calendar-edit": row({M}, REFUSED),
    "reporting:calendar-new": row({M}, REFUSED),
    "reporting:extension-new": row({M}, REFUSED),
    "reporting:extension-list": row({D, R, M, V}, REFUSED),
    "reporting:completeness": row({D, R, M, V}, REFUSED),
    "reporting:quality": row(SEES, REFUSED),
    "reporting:quality-export": row(SEES, REFUSED),
    "reporting:joint-review-list": row({D, R, M, V}, REFUSED),
    "reporting:joint-review-export": row({D, R, M, V}, REFUSED),
    "reporting:joint-review-point": row({D, R, M, V}, REFUSED),
    "reporting:rule-list": row({M, R}, REFUSED),
    "reporting:rule-detail": row({M, R}, REFUSED),
    "reporting:evidence-list": row(SEES, REFUSED),
    "reporting:evidence-new": row({F}, REFUSED),
    "reporting:evidence-detail": row(SEES, NOTHING),
    "reporting:evidence-file": row(SEES, NOTHING),
    "reporting:evidence-replace": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:suggestion-detail": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:register-list": row({D, R, M, V}, REFUSED) | {F: ELSEWHERE},
    "reporting:register-detail": row(SEES, NOTHING),
    "reporting:register-new": row({F, M}, NOTHING) | dict.fromkeys({D, R, V}, REFUSED),
    "reporting:register-row": row({F, M}, NOTHING) | dict.fromkeys({D, R, V}, REFUSED),
    "reporting:building-month": row(SEES, NOTHING),
    "reporting:upload-list": row({F, D}, REFUSED),
    "reporting:upload-detail": row({F, D}, REFUSED, NOTHING),
    "reporting:upload-returned": row({F, D}, REFUSED, NOTHING),
    "reporting:template-month": row({F, D}, NOTHING) | dict.fromkeys({R, M, V}, REFUSED),
    "reporting:template-year": row({F, D}, NOTHING) | dict.fromkeys({R, M, V}, REFUSED),
    "targets:cockpit": row({D, R, M, V}, REFUSED),
    "targets:cockpit-wall": row({D, R, M, V}, REFUSED),
    "targets:assessment": row({D, R, M, V}, REFUSED),
    "targets:assessment-evidence": row({D, R, M, V}, REFUSED),
    "targets:leader-list": row({D, R, M, V}, REFUSED),
    "targets:system-detail": row({D, R, M, V}, REFUSED),
    "targets:certificate": row(SEES, REFUSED),
    "targets:group-list": row({R, M, V}, REFUSED),
    "targets:group-detail": row({R, M, V}, REFUSED),
    "targets:institution-list": row({D, R, M, V}, REFUSED) | {F: ELSEWHERE},
    "targets:institution-export": row(SEES, REFUSED),
    "targets:institution-detail": row(SEES, REFUSED),
    "targets:recalculation-list": row({M}, REFUSED),
    "targets:publication-list": row({D, R, M, V}, REFUSED),
    "targets:publication-detail": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:why-institution": row(SEES, REFUSED),
    "targets:why-group": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-effects": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-requirement": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-forecast": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-peak": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-published": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:why-rehearsed": row({R, M, V}, REFUSED, NOTHING),
    "targets:plan-board": row(SEES, REFUSED),
    "targets:plan-task": row(SEES, REFUSED),
    "targets:library": row(SEES, REFUSED),
    "targets:record-list": row(SEES, REFUSED),
    "targets:record-new": row({F, D, M}, REFUSED),
    "targets:record-detail": row(SEES, REFUSED),
    "targets:record-change": row({F, M}, REFUSED),
    "targets:record-document": row(SEES, REFUSED),
    "targets:record-export": row(SEES, REFUSED),
    "targets:record-import": row({F, D, M}, REFUSED),
    "targets:restatement-list": row({R, M, V}, REFUSED),
    "targets:restatement-new": row({M}, REFUSED),
    "targets:restatement-detail": row({R, M, V}, REFUSED, NOTHING),
    "targets:proposal-list": row({R, M, V}, REFUSED),
    "targets:proposal-new": row({M}, REFUSED),
    "targets:proposal-detail": row({R, M, V}, REFUSED, NOTHING),
    "password_change": row(EVERYBODY, REFUSED),
    "password_change_done": row(EVERYBODY, REFUSED),
    "admin:index": row({M, S}, TO_LOGIN),
}
API = {
    "targets:api-lineage-institution": row(SEES, REFUSED),
    "targets:api-lineage-group": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-effects": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-requirement": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-forecast": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-peak": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-published": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:api-lineage-rehearsed": row({R, M, V}, REFUSED, NOTHING),
}
OWN |= API
VERBS = {
    *(
        f"reporting:report-{verb}"
        for verb in ("submit", "withdraw", "endorse", "approve", "return", "correct", "check")
    ),
    "reporting:cell-save",
    "reporting:evidence-delete",
    "reporting:reason-save",
    "reporting:report-abandon",
    "targets:view-delete",
    *(f"targets:record-{verb}" for verb in ("submit", "withdraw", "abandon", "decide", "correct")),
    "targets:record-document-new",
    "targets:record-document-delete",
}
# A document or register row by its own number; the others stand under the key of their agency.
BY_NUMBER = ("evidence-detail", "evidence-file", "evidence-replace", "evidence-delete")
RECORD_PAGES = {
    f"targets:record-{page}"
    for page in ("detail", "change", "submit", "withdraw", "abandon", "decide", "correct", "document-new")
}
OPEN = {"login": OK, "healthz": OK, "readyz": OK}
# The admin's own addresses are tested role by role in tests/agencies/test_admin.py; logging out is a POST, and so is
# choosing in an upload, which is tested in tests/reporting/test_upload_views.py; what is posted to one's own messages,
# in tests/agencies/test_message_pages.py; computing a 会审, in tests/reporting/test_joint_review_pages.py; what is
# carried into the next plan period, in tests/targets/test_scorecard.py.
ELSEWHERE_TESTED = {
    *(
        "logout",
        "reporting:upload-choose",
        "reporting:joint-review-compute",
        "reporting:look-draw",
        "agencies:message-open",
        "agencies:messages-read",
        "targets:assessment-carry",
    ),
} | {f"targets:{change}-{verb}" for change in ("restatement", "proposal") for verb in ("decide", "rehearse")}
