"""The hidden stamp: which agencies' months a workbook was made for, under which edition and revision, signed."""

import hashlib
from datetime import date
from typing import NamedTuple

from django.core.signing import BadSignature, Signer

MAGIC, FORMAT = "YUZHONG-CARBON-WORKBOOK", "1"
SALT = "reporting.workbook"


class NotOurs(ValueError):
    """The stamp is missing, damaged or of another portal; the text says what to do."""


class StampedMonth(NamedTuple):
    """One agency's month; `revision` is the number of the version it shows, 0 where nobody had begun."""

    agency: str
    month: date
    edition: str
    revision: int
    rows: int


class Stamp(NamedTuple):
    title: str
    months: tuple[StampedMonth, ...]

    @property
    def rows(self):
        """How many answers the workbook asks for."""
        return sum(each.rows for each in self.months)

    def cells(self):
        """The stamp as rows of texts, the signature in the first."""
        body = [[each.agency, f"{each.month:%Y-%m}", each.edition, str(each.revision), str(each.rows)]
                for each in self.months]  # fmt: skip
        return [[MAGIC, FORMAT, self.title, _signature(self.title, body)], *body]


def read(rows):
    """The stamp from its rows of texts. Raises NotOurs."""
    head, *body = rows
    if len(head) < 4 or head[1] != FORMAT:
        raise NotOurs("模板版本已过期：请重新下载模板，把填写内容复制过去再上传。")
    body = [row[:5] for row in body if any(row)]
    try:
        Signer(salt=SALT).unsign(f"{_digest(head[2], body)}:{head[3]}")
        return Stamp(head[2], tuple(_month(row) for row in body))
    except (BadSignature, ValueError, TypeError) as fault:
        sentence = "工作簿的隐藏标识不完整或被改动：请重新下载模板，把填写内容复制过去再上传。"
        raise NotOurs(sentence) from fault


def _month(row):
    agency, month, edition, revision, rows = row
    return StampedMonth(agency, date.fromisoformat(f"{month}-01"), edition, int(revision), int(rows))


def _signature(title, body):
    return Signer(salt=SALT).signature(_digest(title, body))


def _digest(title, body):
    lines = [title, *("|".join(row) for row in body)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
