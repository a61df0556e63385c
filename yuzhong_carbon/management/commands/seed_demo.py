"""Fill an empty database with the demo district."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from agencies import register_file
from agencies.models import Agency
from reporting.models import RuleSet
from targets import benchmarking, explaining, forecasting, recalculation, refresh
from yuzhong_carbon.demo import (
    accounts,
    calendar,
    changes,
    district,
    estate,
    evidence,
    filing,
    messages,
    plan,
    quotas,
    review,
)


class Command(BaseCommand):
    help = "载入演示区：175 个虚构机构，2020年1月至上月的数据；每次运行结果相同。"

    def add_arguments(self, parser):
        parser.add_argument("--agencies", type=int, default=175, metavar="N", help="机构数")
        parser.add_argument("--if-empty", action="store_true", help="库中已有机构时什么也不做")
        parser.add_argument("--accounts", action="store_true", help="只显示演示账号")

    def handle(self, *, agencies, if_empty, **options):
        if options["accounts"]:
            self.stdout.write(accounts.table())
            return
        if Agency.objects.exists():
            if not if_empty:
                raise CommandError("库中已有机构。演示数据只载入空库，请换一个数据库（DATABASE_URL）。")
            return
        if settings.IS_PRODUCTION:
            raise CommandError("演示账号的口令是公开的，生产环境（DJANGO_ENV=production）不能载入。")
        if agencies < 1:
            raise CommandError("--agencies 应为 1 或更大的整数。")
        self._fill(agencies)

    def _fill(self, agencies):
        with filing.jobs_leading_nowhere():
            self._fill_without_jobs(agencies)

    def _fill_without_jobs(self, agencies):
        call_command("load_factors", verbosity=0)
        with transaction.atomic():
            rows, institutions = district.register(agencies)
            register_file.enter(register_file.read(rows))
            filing.mark_synthetic()
            estate.fill(institutions)
            filing.fill(institutions, accounts.Accounts.make())
            evidence.fill()
            calendar.fill()
        done = refresh.refresh_all()
        listed = changes.fill()
        for slug in RuleSet.objects.values_list("slug", flat=True):
            recalculation.work_off(recalculation.begin(slug, cause="演示：各口径并列"))
        changes.publish()
        changes.set_limits()
        review.fill()
        messages.fill()
        quotas.fill()
        refresh.refresh_all()
        explaining.explain_all()
        forecasting.forecast_all()
        benchmarking.benchmark_all()
        plan.fill()
        self.stdout.write(
            f"演示区已载入：{len(institutions)} 个机构，{done} 个机构年的指标，{listed} 项试算影响。"
        )
        self.stdout.write("演示账号：manage.py seed_demo --accounts")
