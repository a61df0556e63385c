"""Move old days of the trail into files; a dry run unless --yes."""

from datetime import date
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agencies import archives
from agencies.models import Event, TrailDay


class Command(BaseCommand):
    help = "把早于 TRAIL_KEEP_DAYS 天的日志按天写成归档文件，核对后移出与月报无关的记录。不带 --yes 只说条数，不写入。"

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, metavar="DIR", help="归档文件所在目录，须已存在")
        parser.add_argument("--before", type=date.fromisoformat, help="只归档此日之前的日志（YYYY-MM-DD）")
        parser.add_argument("--yes", action="store_true", help="写入")

    def handle(self, *, folder, before, yes, **options):
        if not folder.is_dir():
            raise CommandError(f"没有目录 {folder}。")
        days = list(TrailDay.objects.filter(archived_at=None).before(_end(before)).order_by("day"))
        for day in days:
            self._archive(day, folder) if yes else self._tell(day)
        if not days:
            self.stdout.write("没有可归档的日志。")
        elif not yes:
            self.stdout.write(f"共 {len(days)} 天可归档，未写入。加 --yes 写入。")

    def _tell(self, day):
        removed = Event.objects.of_day(day).removable().count()
        self.stdout.write(f"{day}：共 {day.count} 条，将移出 {removed} 条，留存 {day.count - removed} 条")

    def _archive(self, day, folder):
        try:
            sentence = archives.archive(day, folder)
        except archives.NotArchived as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(sentence or f"{day}：已由他人归档")


def _end(before):
    """The first day that is kept."""
    kept = archives.first_day_to_keep()
    if before and before > kept:
        raise CommandError(
            f"日志须保留 {settings.TRAIL_KEEP_DAYS} 天（TRAIL_KEEP_DAYS），--before 最晚为 {kept}。"
        )
    return before or kept
