"""One row of a workbook as an answer: the entry and the reason for its doubts, and what in its cells cannot be read."""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.core.exceptions import ValidationError
from openpyxl.utils.escape import unescape

from .. import entries
from ..cells import COST_DECIMALS, QUANTITY_DECIMALS, NumberField
from ..entries import Entry
from ..models import KnownBy, Line, Payment, RuleHit, Severity
from . import layout

TEXT_LENGTH = Line._meta.get_field("note").max_length
IS_FORMULA = "不能是公式：请复制此格，再用“选择性粘贴—数值”粘贴为数值。"
HAS_CONTROLS = "含有看不见的控制字符：请删去此格内容，重新输入。"
# A file may escape any character, like _x0000_. No PostgreSQL takes NUL, no UTF-8 half a surrogate pair.
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_UNSEEN = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# The digits that a spreadsheet shows of a number; what is beyond them is noise of binary arithmetic.
DIGITS = 15
LARGEST = 10**9
# The columns of a line in the order of an Entry.
STATED = ("quantity", "known_by", "cost_yuan", "note", "payment")


@dataclass(frozen=True)
class Answer:
    """What is stated of one item, None for nothing, and why its doubts are to be believed."""

    entry: Entry | None = None
    reason: str = ""

    @property
    def token(self):
        """A short text that differs where anything differs; empty for no answer."""
        if self.entry is None:
            return ""
        each = self.entry
        facts = (_plain(each.quantity), str(each.known_by), _plain(each.cost_yuan), str(each.payment))
        text = "\0".join((*facts, each.note, self.reason))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self):
        words = str(self.entry) if self.entry else "未填"
        return f"{words}，疑问说明“{self.reason}”" if self.reason else words


NOTHING = Answer()


def stored(reports):
    """Report id → {item code: Answer} of the latest revision; two queries."""
    of_revision = {report.latest_id: report.pk for report in reports if report.latest_id}
    reasons, found = _reasons(of_revision), defaultdict(dict)
    lines = Line.objects.filter(revision__in=of_revision).order_by()
    for revision, item, *stated in lines.values_list("revision", "item", *STATED):
        found[of_revision[revision]][item] = Answer(Entry(*stated), reasons.get((revision, item), ""))
    return found


def _reasons(revisions):
    """(revision id, item code) → the reasons of its warnings as one text, each once."""
    hits = RuleHit.objects.filter(revision__in=revisions, severity=Severity.WARNING).standing()
    found = defaultdict(list)
    for revision, item, reason in hits.order_by("rule").values_list("revision", "item", "reason"):
        if reason and reason not in found[revision, item]:
            found[revision, item].append(reason)
    return {place: "\n".join(texts) for place, texts in found.items()}


def read(cells, item):
    """The Answer of a row (None where a cell cannot be read) and its faults: column code → sentence.

    `cells`: column code → reading.Cell; `item`: a catalogue Item.
    """
    faults = {}
    quantity = _number(cells, "quantity", item.unit, QUANTITY_DECIMALS if item.decimals else 0, faults)
    cost = _number(cells, "cost", "元", COST_DECIMALS, faults)
    way = _choice(cells, "known_by", layout.WAYS, faults)
    payment = _choice(cells, "payment", layout.PAYMENTS, faults)
    note, reason = _text(cells, "note", faults), _text(cells, "reason", faults)
    if faults:
        return None, {code: printable(sentence) for code, sentence in faults.items()}
    entry = Entry(quantity, way or KnownBy.METERED, cost, note, payment or "")
    if entry != Entry(None):
        return Answer(entry, reason), {}
    return (None, {"reason": "此项没有填写：请先填数量，或清空疑问说明。"}) if reason else (NOTHING, {})


def objections(answer, item):
    """Why a typed Answer cannot be taken: column code → sentence."""
    entry = answer.entry
    if entry is None:
        return {}
    faults = _text_faults({"note": entry.note, "reason": answer.reason})
    if not item.has_cost and (entry.cost_yuan is not None or entry.payment):
        code = "cost" if entry.cost_yuan is not None else "payment"
        return faults | {code: f"“{item.name}”不填费用和付费情况：请清空此格。"}
    sentence = entries.fault(entry, item.unit)
    return faults | {_place_of(entry): sentence} if sentence else faults


def _text_faults(texts):
    faults = {}
    for code, text in texts.items():
        if text != printable(text):
            faults[code] = HAS_CONTROLS
        elif len(text) > TEXT_LENGTH:
            faults[code] = f"最多 {TEXT_LENGTH} 个字，现为 {len(text)} 个：请缩短。"
    return faults


def shown(cell):
    """What stands in a cell, as a person would read it there."""
    if cell is None or cell.value is None:
        return ""
    return printable(_as_typed(cell.value))


def printable(text):
    """The text without what nobody sees: control characters, and halves of a character."""
    return _UNSEEN.sub("", text)


def _place_of(entry):
    """The cell that a contradiction is shown at."""
    is_unpaid = entry.payment == Payment.UNPAID and entry.cost_yuan
    is_absent = entry.known_by == KnownBy.NOT_APPLICABLE and entry.quantity is None
    return "cost" if is_unpaid or (is_absent and entry.cost_yuan) else "quantity"


def _number(cells, code, unit, decimals, faults):
    cell = cells.get(code)
    if cell is None or cell.value is None:
        return None
    if cell.kind == "n" and (number := _plain_number(cell.value, decimals)) is not None:
        return number
    sentence = _kind_fault(cell, unit)
    if sentence is None:
        try:
            return _field(unit, decimals).clean(_as_typed(cell.value))
        except ValidationError as fault:
            sentence = fault.messages[0]
    faults[code] = sentence
    return None


def _plain_number(value, decimals):
    """A number that the field would take as it is, without asking it; None for any other."""
    number = Decimal(f"{value:.{DIGITS}g}")
    fits = 0 <= number < LARGEST and -number.as_tuple().exponent <= decimals
    return number if fits else None


def _kind_fault(cell, unit):
    """Why a cell of this kind cannot hold a number, or None."""
    if cell.kind == "f":
        return IS_FORMULA
    if cell.kind == "e":
        return f"此格是错误值 {str(cell.value)[:20]}，请填写数字（{unit}）。"
    if cell.kind in ("d", "b"):
        return f"此格被设成了日期或逻辑值：请把格式改为“常规”，再填写数字（{unit}）。"
    return None


def _choice(cells, code, words, faults):
    text = _text(cells, code, faults)
    if text and text not in words:
        faults[code] = f"“{text[:20]}”不在可选范围：请选{'、'.join(words)}。"
    return words.get(text)


def _text(cells, code, faults):
    cell = cells.get(code)
    if cell is None or cell.value is None:
        return ""
    if cell.kind in ("f", "e"):
        faults[code] = (
            IS_FORMULA if cell.kind == "f" else f"此格是错误值 {str(cell.value)[:20]}，请改为文字。"
        )
        return ""
    text = _as_typed(cell.value).strip()
    # Said here, before the token: a forged one would let it pass as untouched.
    if _UNSTORABLE.search(text):
        faults[code] = HAS_CONTROLS
        return ""
    return text


def _as_typed(value):
    """A cell's value as text: numbers with the digits that a spreadsheet shows."""
    if isinstance(value, str):
        return unescape(value).replace("\r\n", "\n")
    if isinstance(value, float):
        return f"{Decimal(f'{value:.{DIGITS}g}'):f}"
    return str(value)


@cache
def _field(unit, decimals):
    return NumberField(unit=unit, decimals=decimals)


def _plain(number):
    return "" if number is None else f"{number.normalize():f}"
