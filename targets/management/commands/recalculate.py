"""Recompute figures from the panels."""

import time

from django.core.management.base import BaseCommand, CommandError

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting import approved
from reporting.accounting import rules
from reporting.models import Panel
from targets import recalculation, refresh
from targets.models import Figure

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = "由数据面板重新计算指标：--all 全部，或以 --agency、--year 限定；都不给时只处理待重算标记。"

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true")
        parser.add_argument("--agency", metavar="KEY", help="机构编码")
        parser.add_argument("--year", type=int)
        parser.add_argument("--rules", metavar="SLUG", help="以另一核算口径全部计算，与现用口径并存")
        parser.add_argument("--workers", action="store_true", help="分区块交给 Celery 工作进程，在此显示进度")

    def handle(self, *, all, agency, year, rules: str, workers, **options):
        self._check(rules)
        if all or rules or workers:
            self._recalculate(rules or _active(), workers)
        elif agency or year:
            self._mark(agency, year)
        done = refresh.refresh_all()
        if not (all or rules or workers):
            self.stdout.write(f"已计算 {done} 个机构年。")

    def _check(self, slug):
        try:
            refresh.basis_of(slug or _active())
        except ValueError as fault:
            raise CommandError(str(fault)) from fault

    def _recalculate(self, slug, workers):
        run = recalculation.begin(slug, cause="命令行重新计算")
        if workers:
            recalculation.fan_out(run)
            self._watch(run)
        else:
            recalculation.work_off(run, progress=self._show)
        count = Figure.objects.filter(rule_set=run.rule_set).count()
        self.stdout.write(f"已计算 {count} 个机构年（{run.rule_set}）。")

    def _watch(self, run):
        shown = -1
        while True:
            now = recalculation.with_progress().get(pk=run.pk)
            if now.done != shown:
                shown = now.done
                self._show(shown, now.total)
            if now.finished_at:
                return
            time.sleep(LOOK_SECONDS)

    def _show(self, done, total):
        self.stdout.write(f"区块 {done} / {total}")

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


def _active():
    return rules.active_slug()
