"""Workbooks made to do harm, or broken on the way, each from a good one; run as a module it reads a folder of them."""

import base64
import json
import random
import sys
import zipfile
from io import BytesIO
from pathlib import Path

KIB_A_MIB = 1024
SHEET, STYLES, STAMP = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/worksheets/sheet3.xml"
STRINGS, TYPES = "xl/sharedStrings.xml", "[Content_Types].xml"
XML = b'<?xml version="1.0" encoding="UTF-8"?>'
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def repacked(content, changes=None, *, added=None):
    """The workbook with some parts changed (name → function of bytes, None to leave it out) and others added."""
    target = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in source.namelist():
            change = (changes or {}).get(name, _same)
            if change is not None:
                new.writestr(name, change(source.read(name)))
        for name, part in (added or {}).items():
            new.writestr(name, part)
    return target.getvalue()


def _same(part):
    return part


def _sheet(inner):
    return lambda _: (
        XML + b'<worksheet xmlns="' + MAIN + b'"><sheetData>' + inner + b"</sheetData></worksheet>"
    )


def _within_rows(inner):
    return lambda part: part.replace(b"</sheetData>", inner + b"</sheetData>")


def _before_root(declaration):
    return lambda part: part.replace(b"<worksheet", declaration + b"<worksheet", 1)


def _noise(size):
    return base64.b64encode(random.Random(1).randbytes(size))


def _varied(text, times):
    """The text again and again, each time with another number, so that the zip's ratio alone gives nothing away."""
    return b"".join(text % (number * 7919 % 99_991) for number in range(times))


def _strings(count):
    return XML + b'<sst xmlns="' + MAIN + b'">' + _varied(b"<si><t>%d</t></si>", count) + b"</sst>"


def _with_strings(part):
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/>'
    return part.replace(b"</Types>", override + b"</Types>")


def _lying(content):
    """The directory says that the sheet is short; what is packed is long."""
    bomb = bytearray(repacked(content, {SHEET: lambda _: b"0" * (64 << 20)}))
    place = bomb.rfind(SHEET.encode()) - 46
    bomb[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    return bytes(bomb)


# Name → how it is made, and a part of the sentence that answers it.
FILES = {
    "zip bomb": (lambda c: repacked(c, {SHEET: lambda _: b"0" * (90 << 20)}), "过大"),
    "bomb that lies about its size": (_lying, "不是可读的 .xlsx"),
    "beyond the limit unpacked": (
        lambda c: repacked(c, added={f"junk/{n}.bin2": b"0" * (30 << 20) for n in range(4)}),
        "过大",
    ),
    "too many parts": (lambda c: repacked(c, added={f"junk/{n}": b"" for n in range(600)}), "过大"),
    "entities": (lambda c: repacked(c, {SHEET: _before_root(LAUGHS)}), "实体或 DTD"),
    "entity of a file outside": (lambda c: repacked(c, {SHEET: _before_root(OUTSIDE)}), "实体或 DTD"),
    "macros": (lambda c: repacked(c, added={"xl/vbaProject.bin": b"\xd0\xcf"}), "宏"),
    "a million empty rows": (
        lambda c: repacked(c, {SHEET: _within_rows(_varied(b'<row ht="%d"/>', 10**6))}),
        "超过 200000 行",
    ),
    "one row without end": (
        lambda c: repacked(c, {SHEET: _within_rows(b"<row>" + _varied(b'<c s="%d"/>', 10**6) + b"</row>")}),
        "单元格过多",
    ),
    "elements of no meaning": (lambda c: repacked(c, {SHEET: _within_rows(b"<x/>" * 10**6)}), "过大"),
    "a text of 20 MB": (
        lambda c: repacked(
            c,
            {SHEET: _within_rows(b'<row r="5"><c r="I5" t="str"><v>' + _noise(20 << 20) + b"</v></c></row>")},
        ),
        "个字",
    ),
    "an attribute of 20 MB": (
        lambda c: repacked(c, {SHEET: _within_rows(b'<row a="' + _noise(20 << 20) + b'"/>')}),
        "过大",
    ),
    "styles without end": (lambda c: repacked(c, {STYLES: lambda p: p + b" " * (2 << 20)}), "过大"),
    "shared strings without end": (
        lambda c: repacked(c, added={STRINGS: _strings(1_000_000)}),
        "过大",
    ),
    # As many as may be, and nobody refers to them.
    "shared strings up to the limit": (
        lambda c: repacked(c, {TYPES: _with_strings}, added={STRINGS: _strings(250_000)}),
        "read ",
    ),
    "damaged XML": (lambda c: repacked(c, {SHEET: lambda p: p[: len(p) // 2]}), "不是可读的 .xlsx"),
    "a sheet that is not there": (lambda c: repacked(c, {SHEET: None}), "不是本平台下载的填报模板"),
    "numbers that are none": (
        lambda c: repacked(c, {SHEET: _within_rows(b'<row r="99"><c r="I99"><v>1.2.3</v></c></row>')}),
        "不是可读的 .xlsx",
    ),
    "a shared string that does not exist": (
        lambda c: repacked(c, {SHEET: _within_rows(b'<row r="99"><c r="I99" t="s"><v>99999</v></c></row>')}),
        "不是可读的 .xlsx",
    ),
    "no codes": (lambda c: repacked(c, {SHEET: _sheet(b"")}), "不是本平台下载的填报模板"),
    "no stamp": (lambda c: repacked(c, {STAMP: _sheet(b"")}), "不是本平台下载的填报模板"),
    "a stamp that was changed": (
        lambda c: repacked(c, {STAMP: lambda p: p.replace(b"2025-03", b"2025-04")}),
        "隐藏标识不完整或被改动",
    ),
    "a truncated file": (lambda c: c[: len(c) // 2], "不是可读的 .xlsx"),
    "no workbook at all": (lambda c: b"MZ" + b"\0" * 5000, "不是可读的 .xlsx"),
    "an old or encrypted workbook": (lambda c: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000, "密码"),
    "nothing": (lambda c: b"", "不是可读的 .xlsx"),
}


def _peak_mib():
    """The greatest resident memory of this process, in MiB; getrusage would count the parent's before the exec."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / KIB_A_MIB


def main(folder):
    """Read every file of the folder in one process; print its answer and the peak of memory meanwhile, by name."""
    import django  # noqa: PLC0415

    django.setup()
    from reporting.workbook import reading  # noqa: PLC0415, after the setup

    answers = {}
    for path in sorted(Path(folder).iterdir()):
        # The peak of the file before is forgotten.
        Path("/proc/self/clear_refs").write_text("5")
        try:
            with reading.opened(path) as source:
                answers[path.stem] = f"read {sum(1 for _ in source.rows())} rows"
        except reading.Unreadable as refusal:
            answers[path.stem] = str(refusal)
        answers[path.stem] = (answers[path.stem], _peak_mib())
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
