"""Records of the plan's tasks: invented projects, titles, canteens and the rest, most accepted, some waiting."""

from datetime import date

from django.db import transaction

from agencies.models import Agency, AgencyKind, Membership, User
from targets import actions, record_actions
from targets.models import PlanPeriod, Register
from targets.plan import board

from . import evidence

YEARS = range(2021, 2026)
PROOF = evidence.pdf("Demo record")


def fill():
    """Enter and accept the records of every institution, and let the board be computed."""
    with transaction.atomic():
        entry = _Entry()
        entry.bureau()
        for place, agency in enumerate(entry.institutions):
            entry.institution(place, agency)
        entry.departments()
        entry.waiting(entry.institutions[0])
    board.refresh_board()
    ended = PlanPeriod.objects.get(slug="14-5")
    actions.carry_gaps(ended, by=User.objects.get(username="guanli"))
    board.refresh_board()


class _Entry:
    """Who enters what, and the registers by slug."""

    def __init__(self):
        self.registers = {register.slug: register for register in Register.objects.all()}
        self.manager = User.objects.get(username="guanli")
        self.reviewer = User.objects.get(username="shenhe")
        self.institutions = list(Agency.objects.institutions().order_by("path"))
        filers = Membership.objects.filter(role="filer").select_related("user")
        self.filers = {row.agency_id: row.user for row in filers}
        self.root = Agency.objects.get(parent=None)

    def _enter(self, slug, agency, name, day, ended_on=None, **values):
        said = {"name": name, "happened_on": day, "ended_on": ended_on}
        texts = {code: str(value) for code, value in values.items()}
        by = self.filers.get(agency.pk, self.manager)
        if self.registers[slug].kept_by == Register.KeptBy.BUREAU:
            by = self.manager
        return record_actions.enter(self.registers[slug], agency, said | {"values": texts}, by=by), by

    def accepted(self, slug, agency, name, day, ended_on=None, proof=False, **values):
        version, by = self._enter(slug, agency, name, day, ended_on, **values)
        if proof:
            record_actions.attach(version, PROOF, f"{name}.pdf", by=by)
        record_actions.submit(version, by=by)
        record_actions.accept(version, by=self.reviewer)

    def bureau(self):
        """What the bureau keeps itself."""
        for year in YEARS:
            self.accepted("control", self.root, f"{year}年控制数", date(year, 3, 1), kgce=15_500_000)
            for quarter in (1, 4, 7, 10):
                self.accepted(
                    "assessment",
                    self.root,
                    f"{year}年{quarter}月评估",
                    date(year, quarter, 20),
                    kind="季度跟踪评估",
                )
        for kind in ("技术集", "创建指标体系", "碳指标体系", "碳约束指标文件", "资金项目制度", "公物仓制度"):
            self.accepted("document", self.root, kind, date(2023, 6, 1), kind=kind)
        for place, field in enumerate(("暖通空调", "照明电气", "可再生能源", "节水")):
            self.accepted(
                "technology",
                self.root,
                f"{field}示范技术",
                date(2023, 7, 1 + place),
                field=field,
                summary="演示用技术条目：要点、适用条件和典型节能量。",
            )

    def institution(self, place, agency):
        """An institution's plan, events, titles and projects, as its place in the list says."""
        self.accepted("document", agency, "工作推进方案", date(2023, 3, 1), kind="推进方案")
        for year in (2024, 2025):
            if place % 3:
                self.accepted(
                    "event",
                    agency,
                    f"{year}年节能宣传周",
                    date(year, 6, 20),
                    kind="节能宣传周",
                    people=60 + place,
                )
        if agency.is_party_government_organ:
            self._organ(place, agency)
        if place % 9 == 0:
            self._large(place, agency)
        if place % 7 == 0:
            self._canteen(agency, place)

    def _organ(self, place, agency):
        if place % 10:
            self.accepted(
                "title",
                agency,
                "节约型机关",
                date(2022 + place % 3, 11, 15),
                proof=place < 9,
                kind="节约型机关",
                level="区",
                score=85 + place % 10,
            )
        self.accepted(
            "access",
            agency,
            "用能监测",
            date(2021 + place % 5, 9, 1),
            channel="区级平台",
            online_rate=96 if place % 8 else 71,
            points_due=20,
            points_live=19,
            alarms=4,
            closed=4 if place % 4 else 3,
        )

    def _large(self, place, agency):
        """One of the key energy users: audited, renovated, with a post."""
        self.accepted(
            "roster", agency, "重点用能单位", date(2021, 5, 1), kind="重点用能单位", reason="区名录（演示）"
        )
        self.accepted(
            "project",
            agency,
            "办公楼综合节能改造",
            date(2022 + place % 4, 10, 31),
            proof=True,
            nature="改造",
            category=("空调", "照明", "综合")[place % 3],
            stage="已验收",
            area_m2=1_500 + 40 * place,
            investment_yuan=900_000,
            expected_tce=42,
            measured_tce=39,
            technology="是",
        )
        if place % 4 == 0:
            self.accepted(
                "case",
                agency,
                f"{agency.name}空调系统改造",
                date(2024, 3, 1),
                technology="变频与群控",
                investment_yuan=650_000,
                saved_tce=36,
                summary="演示用案例：更换高效机组并加装群控，改造前后按同期电量对比。",
            )
        if place % 2:
            self.accepted(
                "audit", agency, "能源审计", date(2024, 5, 10), auditor="演示审计机构", recommendations=3
            )
            self.accepted(
                "post",
                agency,
                "碳排放管理员",
                date(2024, 1, 8),
                kind="碳排放管理员",
                holder="演示人员",
            )

    def _canteen(self, agency, place):
        self.accepted(
            "canteen", agency, "职工食堂", date(2019, 1, 1), diners=150, device="是" if place % 2 else "否"
        )
        for quarter in (3, 6, 9, 12):
            if quarter < 12 or place % 2:
                self.accepted(
                    "canteen_check",
                    agency,
                    f"2025年{quarter}月自评",
                    date(2025, quarter, 25),
                    canteen="职工食堂",
                    kind="自评",
                    score=90,
                )
        if place % 2:
            self.accepted(
                "canteen_check",
                agency,
                "2025年抽查",
                date(2025, 10, 16),
                canteen="职工食堂",
                kind="抽查",
                score=88,
            )

    def departments(self):
        departments = Agency.objects.filter(kind=AgencyKind.DEPARTMENT).order_by("path")
        for agency in departments[1:]:
            self.accepted("document", agency, "系统推进方案", date(2023, 4, 1), kind="系统方案")

    def waiting(self, agency):
        """What a newcomer finds to decide on, and to go on with."""
        version, by = self._enter(
            "project",
            agency,
            "屋面保温改造",
            date(2025, 11, 20),
            nature="改造",
            category="围护结构",
            stage="已验收",
            area_m2=820,
        )
        record_actions.submit(version, by=by)
        self._enter("event", agency, "低碳日讲座", date(2025, 8, 15), kind="低碳日", people=45)
