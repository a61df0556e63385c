"""The accounts of the demo district: one for each role, and a filer for each institution."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency, AgencyKind, Membership, User

from . import PASSWORD


@dataclass(frozen=True)
class Account:
    username: str
    role: Role
    does: str


ACCOUNTS = (
    Account("tianbao", Role.FILER, "填报员：填报本单位月报"),
    Account("zhuguan", Role.DEPARTMENT, "主管部门：看本系统各单位"),
    Account("shenhe", Role.REVIEWER, "局审核员：审核月报"),
    Account("shenhe2", Role.REVIEWER, "局审核员（第二人）"),
    Account("guanli", Role.MANAGER, "局管理员：总览、名录与参数"),
    Account("guanli2", Role.MANAGER, "局管理员（第二人）：启用他人提出的参数"),
    Account("xietong", Role.OBSERVER, "协同部门：查看"),
    Account("shenji", Role.AUDITOR, "审计员：操作日志"),
    Account("xitong", Role.ADMINISTRATOR, "系统管理员：账号与角色"),
)


class Accounts:
    """The people of the demo, made once; `filer_of` finds who files for an institution.

    own_key: the institution of the account that a newcomer signs in with.
    """

    def __init__(self):
        self._filers = {}
        self.reviewer = None
        self.own_key = _place(Role.FILER).key

    @classmethod
    def make(cls):
        accounts = cls()
        password = make_password(PASSWORD)
        for account in ACCOUNTS:
            user = User.objects.create(
                username=account.username, name=f"演示{account.role.label}", password=password
            )
            _grant(user, account.role, _place(account.role))
            if account.username == "shenhe":
                accounts.reviewer = user
        accounts._make_filers()
        return accounts

    def filer_of(self, agency):
        return self._filers[agency.pk]

    def _make_filers(self):
        """The first institution's filer is the demo's own; the others have no password, so nobody signs in as them."""
        institutions = list(Agency.objects.institutions())
        self._filers[_place(Role.FILER).pk] = User.objects.get(username="tianbao")
        for number, agency in enumerate(institutions, start=1):
            if agency.pk not in self._filers:
                user = User.objects.create(
                    username=f"tianbao{number:05d}", name=f"{agency.name}填报员", password=make_password(None)
                )
                _grant(user, Role.FILER, agency)
                self._filers[agency.pk] = user


def _place(role):
    """Where a role is held: a school for the filer, its department, the bureau for all others."""
    school = Agency.objects.institutions().filter(name__startswith="示例小学").order_by("path").first()
    if role == Role.FILER:
        return school or Agency.objects.institutions().first()
    if role == Role.DEPARTMENT:
        return _place(Role.FILER).parent
    return Agency.objects.get(kind=AgencyKind.BUREAU)


def _grant(user, role, agency):
    Membership.objects.create(user=user, agency=agency, role=role, valid_from=timezone.localdate())


def table() -> str:
    """What `make demo` prints: account, role and the one password."""
    lines = [f"  {account.username:<10}{account.does}" for account in ACCOUNTS]
    return "\n".join(["演示账号（口令均为 " + PASSWORD + "）：", *lines])
