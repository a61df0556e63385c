"""The comparison as a file: a cover that says what was asked for, then every row, numbers unrounded."""

from typing import NamedTuple

import xlsxwriter
from django.db.models import Count, Max, Q
from django.utils import timezone

from agencies.cells import harmless
from agencies.models import Agency
from reporting.workbook.answers import printable

from . import cards
from .models import Indicator
from .progress import Standing

TITLE, COVER = "机构对比", "封面"
BATCH = 2_000
# The words of templates/includes/status_tag.html.
STANDING_WORDS = {
    Standing.MET: "已达标",
    Standing.MISSED: "未达标",
    Standing.ON_PATH: "进度正常",
    Standing.BEHIND: "进度滞后",
    Standing.BASE: "基准年",
    Standing.NO_TARGET: "待下达",
    Standing.UNKNOWN: "数据不足",
    Standing.UNDECIDED: "未定",
}
NOTES = (
    "空白＝未知；数值未四舍五入。",
    "变化为比率：-0.05 即减少 5 %。“较原基准变化”只在基准年有调整时列出。",
)
BASIS = "各机构两年均有数据的相同月份"
NO_PERIOD = "该年不在规划期内，只列数值，不与基准年比较"
SORT_WORDS = {"name": "机构", "system": "主管部门"} | {
    f"{each}{ending}": f"{each.label}{word}"
    for each in Indicator
    for ending, word in (("", ""), ("_change", "变化"))
}


class Column(NamedTuple):
    """A column of the table: its head, how a spreadsheet shows its numbers, its width in characters."""

    head: str
    number_format: str = "General"
    width: int = 14


def _of(indicator):
    change = "+0.00%;-0.00%;0.00%"
    return (
        Column(f"{indicator.label}（{indicator.unit}）", "#,##0.00"),
        Column(f"{indicator.label}变化", change),
        Column(f"{indicator.label}较原基准变化", change),
    )


COLUMNS = (
    Column("机构", width=32),
    Column("机构编码", width=22),
    Column("主管部门", width=24),
    Column("类型"),
    *(column for each in Indicator for column in _of(each)),
    Column("已通过月数", "0"),
    Column("状态"),
)
HEADS = [column.head for column in COLUMNS]


def cover(comparison, link):
    """(what, in words) line by line; two queries. link: the full address that repeats the comparison."""
    counts = coverage(comparison)
    return [
        ("表名", TITLE),
        *([("数据性质", "演示数据")] if Agency.objects.filter(is_synthetic=True).exists() else []),
        *_asked(comparison),
        ("覆盖", f"{counts['institutions']} 个机构，其中 {counts['whole']} 个机构 12 个月均已通过"),
        ("数据计算时间", _moment(counts["computed_at"])),
        ("导出时间", _moment(timezone.now())),
        ("链接", link),
        *(("说明", note) for note in NOTES),
    ]


def coverage(comparison):
    """institutions: all that pass; whole: those with twelve approved months; computed_at: the newest figure's."""
    is_whole = Q(figure__approved_months=cards.ALL_MONTHS)
    return comparison.agencies.aggregate(
        institutions=Count("pk"),
        whole=Count("pk", filter=is_whole),
        computed_at=Max("figure__computed_at"),
    )


def _asked(comparison):
    period, rule_set = comparison.period, comparison.rule_set
    plan = f"{period}；基准年 {period.base_year} 年，目标年 {period.end_year} 年" if period else NO_PERIOD
    return (
        ("年份", f"{comparison.year}年"),
        ("规划期", plan),
        ("核算口径", _rules(rule_set) if rule_set else ""),
        ("比较范围", f"{BASIS}，与 {period.base_year} 年相比" if period else ""),
        ("状态对照", f"全区要求，按“{comparison.indicator.label}”" if period else ""),
        ("筛选", "；".join(comparison.filters.narrowing) or "全部机构"),
        ("排序", _order(comparison.sort)),
    )


def _rules(rule_set):
    return f"{rule_set.title}；碳排放为考核口径，电网因子固定为 {rule_set.target_grid_year} 年"


def _order(sort):
    if not sort:
        return "按机构树"
    return f"{SORT_WORDS[sort.removeprefix('-')]}，{'从大到小' if sort.startswith('-') else '从小到大'}，未知在后"


def _moment(at):
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


def rows(comparison):
    """The cells of each institution, in the order of COLUMNS; None is unknown."""
    for listed in comparison.rows(comparison.agencies.iterator(BATCH)):
        agency = listed.agency
        yield (
            *(agency.name, agency.key, agency.parent.name, agency.get_type_code_display()),
            *(number for cell in listed.cells for number in _numbers(*cell)),
            listed.months,
            STANDING_WORDS[listed.status] if comparison.period else None,
        )


def _numbers(_name, value, change, is_restated, change_filed):
    return value, change, change_filed if is_restated else None


def write_workbook(target, above, lines):
    """The same as a workbook, row by row in memory that does not grow; of a number it keeps 16 digits."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        _write_cover(book.add_worksheet(COVER), above, bold)
        formats = [book.add_format({"num_format": column.number_format}) for column in COLUMNS]
        _write_table(book.add_worksheet(TITLE), lines, bold, formats)


def _write_cover(sheet, above, bold):
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 100)
    for number, (what, words) in enumerate(above):
        sheet.write_string(number, 0, what, bold)
        sheet.write_string(number, 1, _text(words))


def _write_table(sheet, lines, bold, formats):
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.head, bold)
    sheet.freeze_panes(1, 1)
    number = 0
    for number, line in enumerate(lines, start=1):
        for place, value in enumerate(line):
            if isinstance(value, str):
                sheet.write_string(number, place, _text(value))
            elif value is not None:
                sheet.write_number(number, place, value, formats[place])
    sheet.autofilter(0, 0, number, len(COLUMNS) - 1)


def _text(words):
    return harmless(printable(words))
