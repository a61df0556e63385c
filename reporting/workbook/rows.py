"""The rows of a sheet as they stream by: only the columns that are asked for, and nothing kept.

openpyxl's own read-only mode holds on to every row element and builds each cell in Python; a department's year of
72 000 rows took four times as long. It still opens the workbook: sheets, shared strings and date formats are its.
"""

from typing import NamedTuple
from xml.parsers import expat

from .guard import CHUNK, LONGEST_TEXT, Unreadable

TOO_LONG = f"有单元格超过 {LONGEST_TEXT} 个字：请缩短后再上传。"
_LETTERS = {letter: place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", start=1)}


class Cell(NamedTuple):
    """A cell's value and its kind: "n" number, "s" text, "f" formula, "d" date, "e" error, "b" truth value."""

    value: object
    kind: str


class Rows:
    """Iterates over (row number, {column from 0: Cell}); `wanted`: the columns to read, None for all.

    `stream`: the sheet's XML; `strings`: the shared strings; `date_styles`: numbers of the styles that show a date.
    """

    def __init__(self, stream, strings, date_styles):
        self.stream, self.strings, self.date_styles = stream, strings, date_styles
        self.wanted = None
        self._ready, self._row, self._number, self._place = [], {}, 0, -1
        self._kind = self._formula = self._style = None
        self._texts, self._length, self._is_text, self._is_phonetic = [], 0, False, False
        self._starts = {"row": self._start_row, "c": self._start_cell, "v": self._start_text, "t": self._start_text,
                        "f": self._start_formula, "rPh": self._start_phonetic}  # fmt: skip
        self._ends = {"row": self._end_row, "c": self._end_cell, "v": self._end_text, "t": self._end_text,
                      "f": self._end_formula, "rPh": self._end_phonetic}  # fmt: skip

    def __iter__(self):
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        while chunk := self.stream.read(CHUNK):
            parser.Parse(chunk)
            yield from self._taken()
        parser.Parse(b"", True)
        yield from self._taken()

    def _taken(self):
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name, attributes):
        handler = self._starts.get(name) or self._starts.get(name.rpartition(":")[2])
        if handler:
            handler(attributes)

    def _end(self, name):
        handler = self._ends.get(name) or self._ends.get(name.rpartition(":")[2])
        if handler:
            handler()

    def _characters(self, text):
        if self._is_text:
            self._texts.append(text)
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                raise Unreadable(TOO_LONG)

    def _start_row(self, attributes):
        self._number = int(attributes.get("r") or self._number + 1)
        self._row, self._place = {}, -1

    def _end_row(self):
        self._ready.append((self._number, self._row))

    def _start_cell(self, attributes):
        reference = attributes.get("r")
        self._place = _place_of(reference) if reference else self._place + 1
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._formula, self._texts, self._length = None, [], 0

    def _end_cell(self):
        if self.wanted is not None and self._place not in self.wanted:
            return
        if self._formula is not None:
            self._row[self._place] = Cell(self._formula, "f")
        elif self._texts:
            self._row[self._place] = self._cell("".join(self._texts))

    def _cell(self, text):
        match self._kind:
            case "n":
                is_date = int(self._style) in self.date_styles
                return Cell(text, "d") if is_date else Cell(_number(text), "n")
            case "s":
                return Cell(self.strings[int(text)], "s")
            case "b" | "e" | "d":
                return Cell(text, self._kind)
            case _:
                return Cell(text, "s")

    def _start_text(self, _attributes):
        self._is_text = not self._is_phonetic

    def _end_text(self):
        self._is_text = False

    def _start_formula(self, _attributes):
        # What stands before it within the cell, if anything, is no value.
        self._texts, self._is_text = ["="], True

    def _end_formula(self):
        self._formula, self._texts, self._is_text = "".join(self._texts), [], False

    def _start_phonetic(self, _attributes):
        self._is_phonetic = True

    def _end_phonetic(self):
        self._is_phonetic = False


def _place_of(reference):
    """The column of a reference like “AB12”, from 0."""
    place = 0
    for letter in reference:
        if letter not in _LETTERS:
            break
        place = place * 26 + _LETTERS[letter]
    return place - 1


def _number(text):
    return float(text) if "." in text or "e" in text.lower() else int(text)
