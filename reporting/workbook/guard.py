"""Looks at an uploaded file before any library opens it: a hostile one gets a sentence, in bounded memory.

A zip names its parts and their sizes up front, and zipfile never unpacks more of a part than it names. Each XML part is
then read once as a stream, which counts its elements and builds nothing: openpyxl keeps in memory what it meets outside
of cells, so that is limited too. Entities and DTDs are refused here and once more by defusedxml, which openpyxl uses.
"""

import zipfile
from xml.parsers import expat

from celery.exceptions import SoftTimeLimitExceeded

MIB = 1 << 20
MOST_PARTS = 500
MOST_BYTES = 100 * MIB
MOST_RATIO = 100
# Small parts compress well and hurt nobody.
RATIO_COUNTS_FROM = MIB
# Parts that openpyxl turns into objects as a whole.
MOST_WHOLE_BYTES = {"xl/styles.xml": MIB, "xl/sharedstrings.xml": 24 * MIB}
MOST_OTHER_BYTES = 4 * MIB
MOST_ROWS, MOST_CELLS, MOST_CELLS_IN_ROW = 200_000, 3_000_000, 256
# openpyxl keeps them all: the codes and tokens of the largest template, and a note in each of its rows.
MOST_STRINGS = 250_000
# Whatever is neither row nor cell nor their content.
MOST_OTHER_ELEMENTS = 100_000
LONGEST_TEXT = 32_767
CHUNK = 1 << 16
OF_CELLS = frozenset({"v", "f", "is", "t"})
OF_TEXTS = frozenset({"r", "rPr", "t"})

OLD_OR_LOCKED = "文件设有密码，或是旧版 .xls 格式：请去掉密码，另存为 .xlsx 后再上传。"
NOT_A_WORKBOOK = "文件不是可读的 .xlsx 工作簿：请用 Excel、WPS 或 LibreOffice 打开，另存为 .xlsx 后再上传。"
TOO_LARGE = "文件展开后过大，不像填报模板：请重新下载模板，只复制填写内容。"
HAS_MACROS = "文件含有宏或外部程序：请另存为不含宏的 .xlsx 后再上传。"
HAS_ENTITIES = "文件含有不允许的内容（实体或 DTD 声明）：请重新下载模板填写。"


class Unreadable(Exception):
    """The file is refused as a whole; the text is a sentence for the person who uploaded it."""


def inspect(path):
    """Raise Unreadable where the file must not be opened."""
    with path.open("rb") as file:
        if file.read(4) == b"\xd0\xcf\x11\xe0":
            raise Unreadable(OLD_OR_LOCKED)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(archive.infolist())
            for part in archive.infolist():
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_xml(archive, part)
    # A worker's time is up: that says nothing of the file.
    except (Unreadable, SoftTimeLimitExceeded):
        raise
    # A damaged zip or XML raises whatever its library met first; none of it is the uploader's to read.
    except Exception as fault:
        raise Unreadable(NOT_A_WORKBOOK) from fault


def _check_parts(parts):
    names = [part.filename.lower() for part in parts]
    if "[content_types].xml" not in names or len(set(names)) != len(names):
        raise Unreadable(NOT_A_WORKBOOK)
    if any(name.endswith((".bin", ".exe", ".dll", ".js", ".vbs")) and "printersettings" not in name
           for name in names):  # fmt: skip
        raise Unreadable(HAS_MACROS)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
        raise Unreadable(TOO_LARGE)
    if any(_is_too_large(part) for part in parts):
        raise Unreadable(TOO_LARGE)


def _is_too_large(part):
    name, size = part.filename.lower(), part.file_size
    if size > RATIO_COUNTS_FROM and size > MOST_RATIO * max(part.compress_size, 1):
        return True
    if name.startswith("xl/worksheets/sheet"):
        return False
    return name.endswith((".xml", ".rels")) and size > MOST_WHOLE_BYTES.get(name, MOST_OTHER_BYTES)


def _check_xml(archive, part):
    counter = _Counter(is_texts=part.filename.lower() == "xl/sharedstrings.xml")
    with archive.open(part) as stream:
        fed = 0
        while chunk := stream.read(CHUNK):
            counter.parser.Parse(chunk)
            fed += len(chunk)
            # One tag or attribute that goes on and on: expat keeps it whole.
            if fed - counter.parser.CurrentByteIndex > MIB:
                raise Unreadable(TOO_LARGE)
        counter.parser.Parse(b"", True)


class _Counter:
    """Counts the elements of one XML part. Expat calls its methods; what they raise ends the parsing."""

    def __init__(self, *, is_texts):
        self.rows = self.cells = self.cells_in_row = self.strings = self.others = 0
        self.inner = OF_TEXTS if is_texts else OF_CELLS
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = self._refuse_entities
        self.parser.EntityDeclHandler = self._refuse_entities

    def _start(self, name, _attributes):
        if name in self.inner:
            return
        local = name.rpartition(":")[2]
        if local == "c":
            self._count_cell()
        elif local == "row":
            self._count_row()
        elif local == "si":
            self.strings += 1
        elif local not in self.inner:
            self.others += 1
        if self.others > MOST_OTHER_ELEMENTS or self.strings > MOST_STRINGS:
            raise Unreadable(TOO_LARGE)

    def _count_cell(self):
        self.cells += 1
        self.cells_in_row += 1
        if self.cells > MOST_CELLS or self.cells_in_row > MOST_CELLS_IN_ROW:
            raise Unreadable(f"单元格过多（每行最多 {MOST_CELLS_IN_ROW} 格）：请删去模板以外的内容。")

    def _count_row(self):
        self.rows += 1
        self.cells_in_row = 0
        if self.rows > MOST_ROWS:
            raise Unreadable(f"工作表超过 {MOST_ROWS} 行：请删除数据下方的空行后再上传。")

    def _refuse_entities(self, *_declaration):
        raise Unreadable(HAS_ENTITIES)
