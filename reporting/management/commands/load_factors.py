"""Load the item catalogue, coal coefficients, emission factors and rule sets."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from reporting import factor_library


class Command(BaseCommand):
    help = "载入指标目录、折标系数、碳排放因子与核算口径；可重复运行，只增不改。"

    def add_arguments(self, parser):
        parser.add_argument("--dir", type=Path, default=factor_library.FACTORS, help="另一组同列名的因子文件")

    def handle(self, *, dir, **options):
        if not dir.is_dir():
            raise CommandError(f"没有文件夹 {dir}。")
        try:
            counts = factor_library.load(dir)
        except (factor_library.Contradiction, ValueError, KeyError) as fault:
            raise CommandError(f"未写入任何内容。{fault}") from fault
        self.stdout.write(str(counts))
