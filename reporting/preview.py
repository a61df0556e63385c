"""What the checks say of the months of a file before it is written: told, counted by rule, and blocking nothing."""

from collections import Counter, defaultdict

from . import calendar, checks, findings
from .models import Period, Report

SHOWN = 10


def sentences(months):
    """Lines for who imports: how often each rule speaks, and the first few places. `months`: history.Month."""
    counts, shown = Counter(), []
    for month, found in warnings(months):
        counts.update(finding.rule for finding in found)
        if len(shown) < SHOWN:
            shown += [f"  {month.agency} {month.month:%Y-%m} {finding.message}" for finding in found]
    if not counts:
        return ["检查提示：无。"]
    words = "、".join(f"{rule.title} {counts[slug]}" for slug, rule in checks.RULES.items() if counts[slug])
    return [f"检查提示（不影响导入）：{words}", *shown[:SHOWN]]


def warnings(months):
    """Pairs of a month and its warnings, against the months beside it in the file or stored; five queries."""
    reports = [
        Report(pk=number, agency=month.agency, period=Period(month=month.month))
        for number, month in enumerate(months)
    ]
    stored, common, filed = findings.beside_each(reports), findings.ground(), _filed(months)
    copies = Counter(key for month in months if (key := _copy_key(month)))
    for report, month in zip(reports, months, strict=True):
        key = _copy_key(month)
        beside = _beside(month, filed[month.agency.pk], stored[report.pk])
        stated = findings.statements(month.lines.values())
        yield month, checks.warnings(common.month(report, stated, beside, copies[key] - 1 if key else 0))


def _filed(months):
    """Agency id → {month: its lines by item}."""
    found = defaultdict(dict)
    for month in months:
        found[month.agency.pk][month.month] = month.lines
    return found


def _beside(month, filed, stored):
    """The file's own months where it has them, the stored ones otherwise."""
    before = calendar.first_of_previous(month.month)
    year_ago = calendar.same_month_last_year(month.month)
    newest = max((day for day in filed if year_ago <= day < month.month), default=None)
    is_newer = newest and (stored.newest_month is None or newest > stored.newest_month)
    return findings.Beside(
        filed.get(before, stored.last_month),
        filed.get(year_ago, stored.last_year),
        filed[newest] if is_newer else stored.newest,
        newest if is_newer else stored.newest_month,
        stored.registered,
    )


def _copy_key(month):
    """What two institutions of the file have in common where one is a copy; None where it tells too little."""
    used = checks.figures(findings.statements(month.lines.values()))
    return (month.month, frozenset(used.items())) if checks.is_telling(used) else None
