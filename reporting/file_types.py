"""What an uploaded file is by its content, whatever its name says: PDF, PNG or JPEG, whole, and of a bearable size.

Pure: no Django, no database. Nothing is decoded here; a browser that opens a picture of few bytes and very many
pixels runs out of memory, so the size that the picture states is bounded.
"""

from dataclasses import dataclass

MAX_PIXELS = 100_000_000
_TAIL = 2_048
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
# Start of frame: the markers whose segment states height and width; C4, C8 and CC are others.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class FileType:
    content_type: str
    extension: str


PDF = FileType("application/pdf", "pdf")
PNG = FileType("image/png", "png")
JPEG = FileType("image/jpeg", "jpg")


class NotAccepted(ValueError):
    """Says in a sentence why the file is not taken."""


def type_of(content: bytes) -> FileType:
    """The type of a whole file. Raises NotAccepted for another type, a broken file, a picture of too many pixels."""
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return PDF
    if content.startswith(_PNG):
        _check_pixels(*_png_size(content))
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        _check_pixels(*_jpeg_size(content))
        return JPEG
    raise NotAccepted(
        "文件内容不是 PDF、PNG 或 JPEG（只看内容，不看扩展名）。请上传账单的扫描件或照片；"
        "手机照片请选“最兼容”（JPEG）格式。"
    )


def _check_pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-_TAIL:]:
        raise NotAccepted("PDF 文件不完整（缺少结尾），可能没有传完。请重新导出或重新上传。")


def _png_size(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR" or _PNG_END not in content[-_TAIL:]:
        raise _broken_picture()
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """(width, height) from the first frame header; some telephones write more behind the end of the picture."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES and b"\xff\xd9" in content[at:]:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        at += _jpeg_step(content, at, marker)
    raise _broken_picture()


def _jpeg_step(content: bytes, at: int, marker: int) -> int:
    if marker == 0xFF:
        return 1
    if marker in _JPEG_WITHOUT_LENGTH:
        return 2
    return 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise _broken_picture()
    if width * height > MAX_PIXELS:
        raise NotAccepted(f"图片为 {width}×{height} 像素，超过 1 亿像素。请降低分辨率后再上传。")


def _broken_picture() -> NotAccepted:
    return NotAccepted("图片文件不完整或已损坏。请重新拍照、扫描或重新上传。")
