"""The end of a plan period: the tasks with a number or a date met or not, their evidence in one file, the gaps."""

import hashlib
import zipfile

from reporting import csv_files
from reporting.evidence_files import Damaged

from .. import record_actions
from ..models import LATE, Force, RecordDocument, StateWord, TaskKind
from . import pages

INDEX = ("文件", "SHA-256", "任务", "台账", "机构", "记录", "版次", "日期", "说明")
CARD = ("编号", "任务", "衡量", "分子", "分母", "现值", "阈值", "是否达到", "状态", "截止日", "口径")
DAMAGED = "文件缺失或与登记时的哈希不符"


def final_lines(period, node):
    """Every task as the period's end year left it."""
    return pages.lines(period, node, period.end_year)


def scored(lines):
    """Those that the scorecard names besides the four indicators."""
    return [line for line in lines if line.task.is_scored and line.task.kind != TaskKind.REDUCTION]


def gaps(lines):
    """What was asked in numbers and is not reached, what the plan only strives for too; the indicators apart."""
    asked = [line for line in lines if line.progress and line.progress.threshold is not None]
    return [
        line
        for line in asked
        if line.task.kind != TaskKind.REDUCTION
        and not line.progress.is_met
        and line.state != StateWord.NOT_APPLICABLE
    ]


def is_vetoed(lines):
    """Whether a binding task is late: 力争 and 原则上 never veto."""
    return any(line.state in LATE and line.task.force == Force.BINDING for line in lines)


def pack(period, node, file):
    """Write the evidence of the scored tasks at or below a node as a ZIP into a binary file: index and hashes first.

    A document whose file is damaged stands in the index with that said, and is not in the pack.
    """
    lines = scored(final_lines(period, node))
    index = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        card = _written(CARD, map(_row_of, lines))
        packed.writestr("scorecard.csv", card)
        index.append(("scorecard.csv", hashlib.sha256(card).hexdigest(), *[""] * 6, "考核表"))
        for line in lines:
            for document in _documents(line.task, node, period):
                index.append(_packed(packed, line.task, document))
        packed.writestr("index.csv", _written(INDEX, index))
    return len(index)


def _documents(task, node, period):
    """Those of the records in force that the task's formulas count."""
    of_node = RecordDocument.objects.filter(
        version__is_current=True,
        version__is_void=False,
        version__happened_on__lte=f"{period.end_year}-12-31",
        version__record__register__in=pages.registers_of(task),
        version__record__agency__path__startswith=node.path,
    )
    return of_node.select_related("version__record__agency", "version__record__register").order_by("pk")


def _packed(packed, task, document):
    """Put one document in; returns its line of the index."""
    version, record = document.version, document.version.record
    path = f"{task.slug}/{record.agency.key}/{document.pk}-{document.file_name}"
    said = ""
    try:
        packed.writestr(path, record_actions.content_of(document))
    except Damaged:
        path, said = "", DAMAGED
    about = (task.number, record.register.name, record.agency.name, version.name, version.number)
    return (path, document.sha256, *about, version.happened_on, said)


def _row_of(line):
    progress, task = line.progress, line.task
    if progress is None:
        return (task.number, task.quote, line.measure.name, *[""] * 5, line.state_word, "", "")
    numbers = (progress.numerator, progress.denominator, progress.value, progress.threshold)
    met = "是" if progress.is_met else "否"
    return (
        *(task.number, task.quote, line.measure.name, *numbers, met),
        *(line.state_word, progress.as_of, progress.rule_set.title),
    )


def _written(header, rows):
    return "".join(csv_files.lines_of([header, *rows])).encode()
