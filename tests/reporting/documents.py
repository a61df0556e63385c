"""Small files of each type, made here, and documents around them."""

import struct
import zlib
from datetime import date
from decimal import Decimal

from reporting.evidence_actions import Document, Proof
from reporting.models import Item

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def png(width=2, height=2):
    """A PNG whose header states this size; only a true 2 × 2 one has the pixels."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\xff" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width=2, height=2, before=b""):
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04ab" + before + frame + b"\xff\xda\x00\x02\x00\xff\xd9"


def bill(code="110", quantity="100", cost="60", first=date(2025, 3, 1), last=date(2025, 3, 31), **facts):
    """A document that proves one item; `content` and the like as in Document."""
    cost_yuan = None if cost is None else Decimal(cost)
    proof = Proof(Item.objects.get(pk=code), Decimal(quantity), cost_yuan)
    stated = {"content": PDF, "file_name": "电费账单.pdf", "document_number": "DF-1"} | facts
    return Document(first_day=first, last_day=last, proofs=[proof], **stated)
