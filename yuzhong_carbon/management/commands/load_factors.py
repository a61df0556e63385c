"""Load what is shipped: item catalogue, coal coefficients, emission factors, rule sets, plan periods and targets."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reporting import factor_library
from reporting.shipped_rows import Contradiction
from targets import plan_library


class Command(BaseCommand):
    help = "载入指标目录、折标系数、碳排放因子、核算口径、规划期与目标；可重复运行，只增不改。"

    def add_arguments(self, parser):
        parser.add_argument("--dir", type=Path, help="另一组同列名的因子文件，只载入其中的口径与因子")

    def handle(self, *, dir, verbosity, **options):
        if dir is not None and not dir.is_dir():
            raise CommandError(f"没有文件夹 {dir}。")
        try:
            counts = [factor_library.load(dir or factor_library.FACTORS)]
            if dir is None:
                counts.append(plan_library.load())
        except Contradiction as fault:
            raise CommandError(f"未写入任何内容。{fault}") from fault
        if verbosity:
            self.stdout.write("\n".join(map(str, counts)))
