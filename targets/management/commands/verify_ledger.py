"""Check that lines, trail, panels and figures still agree."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reporting.models import StaleMark
from targets import ledger, refresh


class Command(BaseCommand):
    help = "核对日志链、已提交版次、数据面板与指标；有不符时指出第一处并以 1 退出。"

    def add_arguments(self, parser):
        parser.add_argument("--archive", type=Path, metavar="DIR", help="同时核对此目录中的日志归档文件")

    def handle(self, *, archive=None, **options):
        if archive and not archive.is_dir():
            raise CommandError(f"没有目录 {archive}。")
        pending = StaleMark.objects.count()
        if pending:
            self.stdout.write(f"注意：有 {pending} 个待重算标记，相应指标与分组暂不核对。")
        if refresh.is_regrouping_due():
            self.stdout.write("注意：名录有变动，分组指标待重新汇总，暂不核对。")
        for name, first_fault in ledger.checks(archive):
            self._check(name, first_fault)

    def _check(self, name, first_fault):
        try:
            fault = first_fault()
        except ValueError as missing:
            raise CommandError(f"{name}：无法核对。{missing}") from missing
        if fault:
            raise CommandError(f"{name}：{fault}", returncode=1)
        self.stdout.write(f"{name}：一致")
