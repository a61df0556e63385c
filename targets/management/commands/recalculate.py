"""Recompute figures from the panels."""

from django.core.management.base import BaseCommand, CommandError

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting import approved
from reporting.accounting import rules
from reporting.models import Panel
from targets import refresh


class Command(BaseCommand):
    help = "由数据面板重新计算指标：--all 全部，或以 --agency、--year 限定；都不给时只处理待重算标记。"

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true")
        parser.add_argument("--agency", metavar="KEY", help="机构编码")
        parser.add_argument("--year", type=int)

    def handle(self, *, all, agency, year, **options):
        try:
            rules.load(rules.active_slug())
        except ValueError as fault:
            raise CommandError(str(fault)) from fault
        if all or agency or year:
            self._mark(agency, year)
        done = refresh.refresh_all()
        self.stdout.write(f"已计算 {done} 个机构年。")

    def _mark(self, agency, year):
        panels = Panel.objects.all()
        if agency:
            if not Agency.objects.filter(key=agency).exists():
                raise CommandError(f"名录中没有机构“{agency}”。")
            panels = panels.filter(agency__key=agency)
        if year:
            panels = panels.filter(year=year)
        places = list(panels.values_list("agency", "year"))
        detail = f"机构 {agency or '全部'}，年份 {year or '全部'}，{len(places)} 个机构年"
        approved.mark_stale(places, "重新计算")
        trail.record(Verb.RECALCULATE, by=None, detail=detail)
