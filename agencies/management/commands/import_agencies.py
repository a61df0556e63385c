"""Enter the register from a CSV or XLSX; a dry run unless --yes."""

from pathlib import Path

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from agencies import register_file, tables
from agencies.models import User

COLUMNS = ",".join(
    (*register_file.REQUIRED_COLUMNS, *(f"[{name}]" for name in register_file.OPTIONAL_COLUMNS))
)


class Command(BaseCommand):
    help = f"导入机构名录（列：{COLUMNS}；parent 为主管单位的机构编码）。不带 --yes 只检查，不写入。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--update", action="store_true", help="允许更改已登记的机构")
        parser.add_argument("--by", help="经办人账号，应为局管理员")
        parser.add_argument("--yes", action="store_true", help="写入")

    def handle(self, *, file, update, by, yes, **options):
        if not file.is_file():
            raise CommandError(f"没有文件 {file}。")
        try:
            rows = tables.load(file, register_file.REQUIRED_COLUMNS, register_file.OPTIONAL_COLUMNS)
            reading = register_file.read(rows, may_change=update)
        except tables.Unreadable as fault:
            raise CommandError(f"未写入任何内容。\n{fault}") from fault
        self._tell(reading)
        if yes:
            self._enter(reading, _user(by))
        else:
            self.stdout.write("检查通过，未写入。加 --yes 写入。")

    def _tell(self, reading):
        for warning in reading.warnings:
            self.stdout.write(f"提醒：{warning}")
        for agency, changes in reading.changed:
            self.stdout.write(f"{agency.key} {agency}：{'；'.join(changes)}")
        self.stdout.write(str(reading))

    def _enter(self, reading, by):
        try:
            register_file.enter(reading, by=by)
        except ValidationError as fault:
            raise CommandError(f"未写入任何内容。\n{'；'.join(fault.messages)}") from fault
        except PermissionDenied as fault:
            raise CommandError(f"未写入任何内容。账号“{by.username}”不是局管理员，不能更改名录。") from fault
        self.stdout.write("已写入。")
        if reading.changed:
            self.stdout.write("归类如有变更，请运行 recalculate --all 更新汇总指标。")


def _user(username):
    if username is None:
        return None
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"没有账号“{username}”。")
    return user
