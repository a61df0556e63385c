"""The smallest valid rows. Every value that matters to a test stands in the test."""

from datetime import date
from decimal import Decimal

import factory

from agencies.access import Role
from agencies.models import Agency, AgencyKind, AgencyType, Building, Membership, Occupancy, User
from reporting import actions, factor_library
from reporting.checks.contents import PAID
from reporting.entries import Entry
from reporting.models import EditionItem, KnownBy, Payment, Report

JOINED = date(2015, 1, 1)


class AgencyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Agency

    key = factory.Sequence(lambda number: f"INST-{number:04d}")
    name = factory.LazyAttribute(lambda agency: f"机构{agency.key}")
    kind = AgencyKind.INSTITUTION
    type_code = AgencyType.ORGAN
    registered_from = JOINED
    parent = None
    path = factory.LazyAttribute(lambda agency: f"{agency.parent.path if agency.parent else ''}{agency.key}/")


class BureauFactory(AgencyFactory):
    key = factory.Sequence(lambda number: f"BUREAU-{number}")
    name = "区机关事务管理局"
    kind = AgencyKind.BUREAU


class DepartmentFactory(AgencyFactory):
    key = factory.Sequence(lambda number: f"DEPT-{number}")
    name = factory.Sequence(lambda number: f"主管部门{number}")
    kind = AgencyKind.DEPARTMENT
    parent = factory.SubFactory(BureauFactory)


class InstitutionFactory(AgencyFactory):
    parent = factory.SubFactory(DepartmentFactory)


class BuildingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Building

    name = factory.Sequence(lambda number: f"{number}号楼")
    manager = factory.SubFactory(InstitutionFactory)
    floor_area_m2 = Decimal(1000)
    in_use_from = JOINED


class OccupancyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Occupancy

    building = factory.SubFactory(BuildingFactory)
    agency = factory.LazyAttribute(lambda occupancy: occupancy.building.manager)
    share = Decimal(1)
    valid_from = JOINED


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda number: f"user{number}")
    name = factory.LazyAttribute(lambda user: f"用户{user.username}")
    password = factory.django.Password("correct-horse-battery")


def user_with(role, agency, **fields):
    """An account that has held one role at one agency since the register began."""
    user = UserFactory(**fields)
    Membership.objects.create(user=user, agency=agency, role=role, valid_from=JOINED)
    return user


class District:
    """A bureau, one department, one institution, and one person for each role."""

    def __init__(self):
        factor_library.load()
        self.bureau = BureauFactory()
        self.department = DepartmentFactory(parent=self.bureau)
        self.institution = InstitutionFactory(parent=self.department)
        self.filer = user_with(Role.FILER, self.institution)
        self.department_user = user_with(Role.DEPARTMENT, self.department)
        self.reviewer = user_with(Role.REVIEWER, self.bureau)
        self.manager = user_with(Role.MANAGER, self.bureau)
        self.observer = user_with(Role.OBSERVER, self.bureau)
        self.auditor = user_with(Role.AUDITOR, self.bureau)
        self.administrator = user_with(Role.ADMINISTRATOR, self.bureau)

    def report(self, month, agency=None):
        """The report of a month, its period opened."""
        period = actions.open_period(month)
        return Report.objects.get(agency=agency or self.institution, period=period)

    def submitted(self, month, quantities, agency=None, by=None):
        report = self.report(month, agency)
        actions.save_draft(report, entries(report, quantities), by=by or self.filer)
        explain(report, by=by or self.filer)
        actions.submit(report, by=by or self.filer)
        report.refresh_from_db()
        return report

    def approved(self, month, quantities, agency=None, by=None):
        report = self.submitted(month, quantities, agency, by)
        actions.approve(report, by=self.reviewer)
        report.refresh_from_db()
        return report


def explain(report, by):
    """Give every warning of the draft a reason."""
    report.refresh_from_db()
    doubts = report.latest.hits.unexplained().values_list("rule", "item")
    actions.explain(report, dict.fromkeys(doubts, "已核对原始凭证"), by=by)


def entries(report, quantities):
    """The given quantities (item → number) without cost, every other required item stated as not applicable."""
    rows = EditionItem.objects.filter(edition__valid_from__lte=report.period.month, is_required=True)
    edition = rows.order_by("-edition__valid_from").values_list("edition", flat=True).first()
    asked = EditionItem.objects.filter(is_required=True, edition=edition).values_list("item_id", flat=True)
    stated = {code: Entry(None, KnownBy.NOT_APPLICABLE) for code in asked}
    return stated | {code: _metered(code, quantity) for code, quantity in quantities.items()}


def _metered(code, quantity):
    """计量不付费: a quantity without a cost, and said so where there would be one."""
    return Entry(Decimal(str(quantity)), payment=Payment.UNPAID if code in PAID else "")
