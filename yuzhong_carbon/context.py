"""What every page shows: the portal's name, the user's menu and unread messages, whether figures are invented ones."""

from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from agencies.models import Agency, User


class Entry(NamedTuple):
    """One line of the menu: the word, the URL name it leads to, and its symbol in static/icons.svg."""

    word: str
    url_name: str
    icon: str
    # Pages that stand under the entry at other addresses: URL names, or the beginnings of addresses that need more.
    others: tuple[str, ...] = ()


TO_DO = Entry("本月待办", "home", "todo")
REPORTS = Entry("月度报送", "reporting:report-list", "form")
REVIEW = Entry("审核", "reporting:review-queue", "review")
FIRST_REVIEW = Entry("初审", "reporting:review-queue", "review")
LOOKS = Entry("抽查复核", "reporting:look-list", "review")
TENDING = Entry(
    "报送管理",
    "reporting:calendar-list",
    "todo",
    ("reporting:completeness", "reporting:quality", "reporting:joint-review-list"),
)
QUALITY = Entry("报送质量", "reporting:quality", "chart")
COCKPIT = Entry("总览", "targets:cockpit", "chart", ("/systems/", "/groups/", "/assessment/", "/leaders/"))
INSTITUTIONS = Entry("机构", "targets:institution-list", "building")
OWN_INSTITUTION = Entry("本单位", "targets:institution-list", "building")
EVIDENCE = Entry("凭证", "reporting:evidence-list", "clip")
OWN_REGISTERS = Entry("本单位台账", "reporting:register-list", "register")
REGISTERS = Entry("台账", "reporting:register-list", "register")
PLAN = Entry("方案任务", "targets:plan-board", "todo", ("/library/",))
RECORDS = Entry("任务台账", "targets:record-list", "register")
RECALCULATION = Entry("重新计算", "targets:recalculation-list", "chart")
RULES = Entry("检查规则", "reporting:rule-list", "settings")
TRAIL = Entry("操作日志", "agencies:trail-list", "trail")
RESTATEMENTS = Entry("基准调整", "targets:restatement-list", "form")
PROPOSALS = Entry("试算与启用", "targets:proposal-list", "review")
PUBLICATIONS = Entry("发布封存", "targets:publication-list", "review")
REGISTER = Entry("主数据管理", "admin:index", "settings")
ACCOUNTS = Entry("账号与角色", "admin:index", "user")

# Roles with the wider view first: of two entries that lead to the same page, the first one's word stays.
MENU = {
    "manager": (
        COCKPIT,
        PLAN,
        INSTITUTIONS,
        REPORTS,
        TENDING,
        LOOKS,
        EVIDENCE,
        REGISTERS,
        RECORDS,
        PUBLICATIONS,
        RESTATEMENTS,
        PROPOSALS,
        RULES,
        RECALCULATION,
        REGISTER,
    ),
    "reviewer": (
        REVIEW,
        LOOKS,
        REPORTS,
        TENDING,
        EVIDENCE,
        INSTITUTIONS,
        COCKPIT,
        PLAN,
        RECORDS,
        PUBLICATIONS,
        RESTATEMENTS,
        PROPOSALS,
        RULES,
    ),
    "department": (
        TO_DO,
        FIRST_REVIEW,
        REPORTS,
        TENDING,
        EVIDENCE,
        INSTITUTIONS,
        COCKPIT,
        PLAN,
        RECORDS,
        PUBLICATIONS,
    ),
    "observer": (COCKPIT, PLAN, INSTITUTIONS, TENDING, EVIDENCE, RECORDS, PUBLICATIONS),
    "filer": (TO_DO, REPORTS, PLAN, RECORDS, QUALITY, EVIDENCE, OWN_REGISTERS, OWN_INSTITUTION),
    "auditor": (TRAIL,),
    "administrator": (ACCOUNTS,),
}


def portal(request):
    user = getattr(request, "user", None)
    is_signed_in = user is not None and user.is_authenticated
    roles = user.roles if is_signed_in else set()
    # Asked by the frame of a page, once for both, and by nothing else: a fragment costs no query.
    frame = SimpleLazyObject(lambda: _frame(user if is_signed_in else None))
    return {
        "portal_name": settings.PORTAL_NAME,
        "menu": menu_for(roles, request.path),
        "unread_messages": SimpleLazyObject(lambda: frame["unread"]),
        "is_demo": SimpleLazyObject(lambda: frame["is_demo"]),
        "lock_after": settings.AXES_FAILURE_LIMIT,
        "lock_minutes": int(settings.AXES_COOLOFF_TIME.total_seconds() // 60),
    }


def _frame(user):
    """unread: how many messages wait for the user, 0 without one; is_demo: whether anything here is invented."""
    synthetic = Agency.objects.filter(is_synthetic=True)
    if user is None:
        return {"unread": 0, "is_demo": synthetic.exists()}
    unread = Count("messages", filter=Q(messages__read_at=None))
    return (
        User.objects.annotate(unread=unread, is_demo=Exists(synthetic))
        .values("unread", "is_demo")
        .get(pk=user.pk)
    )


def menu_for(roles, path):
    """The entries of all the user's roles, each page once, the one that `path` lies under marked."""
    entries = {}
    for role, role_entries in MENU.items():
        if role in roles:
            for entry in role_entries:
                entries.setdefault(entry.url_name, entry)
    addresses = {entry: _address(entry.url_name) for entry in entries.values()}
    current = _current(entries.values(), path)
    return [
        {"word": entry.word, "icon": entry.icon, "address": address, "is_current": entry is current}
        for entry, address in addresses.items()
        if address
    ]


def _address(url_name):
    """Empty where there is no such page: an error page has to render whatever is missing."""
    if url_name.startswith("/"):
        return url_name
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _current(entries, path):
    """The entry of the longest address that the path lies under; the root page only for itself."""
    found = {}
    for entry in entries:
        for address in filter(None, map(_address, (entry.url_name, *entry.others))):
            if path == address or (address != "/" and path.startswith(address)):
                found[address] = entry
    return found[max(found, key=len)] if found else None
