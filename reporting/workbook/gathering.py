"""The rows of a file by the month they speak of; what belongs to no month, or speaks twice, is refused."""

from collections import defaultdict
from datetime import date
from typing import NamedTuple

from ..models import Item
from . import answers, layout
from .answers import Answer
from .comparison import is_untouched
from .layout import OFFERED

NO_CODE = "此行没有隐藏的行编码，平台不认识：请在模板原有的行中填写，并删除此行。"
NOT_STAMPED = "此行不属于本模板：请删除此行，或改用相应机构、月份的模板。"


class TypedAnswer(NamedTuple):
    """A row as typed. `answer` is None where it is as handed out, or has faults (column code → sentence)."""

    number: int
    code: str
    seen: str
    answer: Answer | None
    faults: dict[str, str] | None
    texts: dict[str, str] | None = None

    @property
    def is_touched(self):
        return bool(self.faults) or (self.answer is not None and not is_untouched(self.answer, self.seen))


class Stray(NamedTuple):
    """A row that no month takes in."""

    number: int
    sentence: str
    text: str


class Gathered(NamedTuple):
    """`months`: (agency key, month) → its rows."""

    months: dict[tuple[str, date], list[TypedAnswer]]
    strays: list[Stray]


def gather(source, progress):
    """Read the whole file; progress counts each row once here and once when its month is compared."""
    progress.begin(2 * source.stamp.rows)
    places = {f"{each.agency}|{each.month:%Y-%m}": (each.agency, each.month) for each in source.stamp.months}
    items, known, gathered = Item.objects.in_bulk(), {}, Gathered(defaultdict(list), [])
    for row in source.rows():
        key = answers.shown(row.cells.get("row"))
        place, _, code = key.rpartition("|")
        sentence = _stray(key, place in places and code in items, known)
        if sentence is None:
            known[key] = row.number
            gathered.months[places[place]].append(_typed(row, items[code]))
            progress.step()
        elif _is_filled(row):
            gathered.strays.append(Stray(row.number, sentence, _typed_text(row)))
    return gathered


def _stray(key, is_stamped, known):
    """Why a row stands outside, or None."""
    if not key:
        return NO_CODE
    if not is_stamped:
        return NOT_STAMPED
    if key in known:
        return f"与第 {known[key]} 行是同一机构、月份和指标：请只保留一行。"
    return None


def _typed(row, item):
    seen = answers.shown(row.cells.get("seen"))
    answer, faults = answers.read(row.cells, item)
    if answer is not None and is_untouched(answer, seen):
        return TypedAnswer(row.number, item.code, seen, answer if seen.startswith(OFFERED) else None, None)
    faults = faults or answers.objections(answer, item)
    texts = {code: answers.shown(row.cells.get(code))[:100] for code in faults} if faults else None
    return TypedAnswer(row.number, item.code, seen, None if faults else answer, faults or None, texts)


def _is_filled(row):
    return any(code in row.cells for code in layout.TYPED)


def _typed_text(row):
    return "，".join(answers.shown(row.cells[code]) for code in layout.TYPED if code in row.cells)[:200]
