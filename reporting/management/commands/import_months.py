"""Import settled months from a tidy CSV or XLSX; a dry run unless --yes."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from agencies import tables
from agencies.models import User
from reporting import history, notices, preview
from reporting.models import Edition


class Command(BaseCommand):
    help = (
        "导入历史月份（列：agency,year,month,item,quantity[,cost_yuan][,unit]）。不带 --yes 只检查，不写入。"
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--edition", help="制度版本，如 2020；不给时按月份选用")
        parser.add_argument("--document", help="来源文件或文号；不给时记文件名与哈希")
        parser.add_argument("--by", help="经办人账号")
        parser.add_argument("--yes", action="store_true", help="写入")

    def handle(self, *, file, edition, document, by, yes, **options):
        if not file.is_file():
            raise CommandError(f"没有文件 {file}。")
        try:
            rows = tables.load(file, history.REQUIRED_COLUMNS, history.OPTIONAL_COLUMNS)
            reading = history.Reader(_edition(edition)).read(rows)
        except tables.Unreadable as fault:
            raise CommandError(f"未写入任何内容。\n{fault}") from fault
        self.stdout.write(str(reading))
        if not yes:
            self.stdout.write("\n".join(preview.sentences(reading.months)))
            self.stdout.write("检查通过，未写入。加 --yes 写入。")
            return
        history.enter(reading, document=document or history.document_of(file), by=_user(by))
        notices.figures_changed()
        self.stdout.write("已写入。指标由后台任务计算，也可运行 recalculate --all。")


def _edition(slug):
    if slug is None:
        return None
    edition = Edition.objects.filter(slug=slug).first()
    if edition is None:
        known = "、".join(Edition.objects.values_list("slug", flat=True)) or "无（请先运行 load_factors）"
        raise CommandError(f"没有制度版本“{slug}”，现有：{known}。")
    return edition


def _user(username):
    if username is None:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"没有账号“{username}”。")
    return user
