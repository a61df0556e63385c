"""Enter energy and water quotas from a CSV or XLSX; a dry run unless --yes."""

from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from agencies import tables
from agencies.models import User
from targets import quota_file

COLUMNS = ",".join((*quota_file.REQUIRED_COLUMNS, *(f"[{name}]" for name in quota_file.OPTIONAL_COLUMNS)))


class Command(BaseCommand):
    help = f"导入能耗、用水定额（列：{COLUMNS}）。不带 --yes 只检查，不写入。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="经办人账号，应为局管理员")
        parser.add_argument("--yes", action="store_true", help="写入")

    def handle(self, *, file, by, yes, **options):
        if not file.is_file():
            raise CommandError(f"没有文件 {file}。")
        user = User.objects.filter(username=by).first()
        if user is None:
            raise CommandError(f"没有账号“{by}”。")
        try:
            reading = quota_file.read(
                tables.load(file, quota_file.REQUIRED_COLUMNS, quota_file.OPTIONAL_COLUMNS)
            )
        except tables.Unreadable as fault:
            raise CommandError(f"未写入任何内容。\n{fault}") from fault
        for quota, changes in reading.changed:
            self.stdout.write(f"{quota}：{'；'.join(changes)}")
        self.stdout.write(str(reading))
        self._enter(reading, user, yes)

    def _enter(self, reading, user, yes):
        if not yes:
            self.stdout.write("检查通过，未写入。加 --yes 写入。")
            return
        try:
            quota_file.enter(reading, by=user)
        except PermissionDenied as fault:
            raise CommandError(
                f"未写入任何内容。账号“{user.username}”不是局管理员，不能更改定额。"
            ) from fault
        self.stdout.write("已写入。对标结果由后台任务重新计算。")
