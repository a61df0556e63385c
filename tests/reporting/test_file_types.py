"""What a file is, by its content alone: the three types, and what pretends to be one of them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting import file_types
from reporting.file_types import JPEG, MAX_PIXELS, PNG, NotAccepted, type_of

from .documents import PDF, jpeg, png


def test_each_type_is_known_by_its_content():
    assert [type_of(content) for content in (PDF, png(), jpeg())] == [file_types.PDF, PNG, JPEG]


def test_a_telephones_picture_with_other_segments_before_and_bytes_behind_is_a_jpeg():
    exif = b"\xff\xe1\x00\x06Exif" + b"\xff\xfe\x00\x02" + b"\xff"
    assert type_of(jpeg(4000, 3000, before=exif) + b"telephone's own bytes") == JPEG


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just text, renamed to .pdf",
        b"<html><script>alert(1)</script></html>",
        b"\xef\xbb\xbf%PDF-1.4 %%EOF",
        b"GIF89a\x01\x00\x01\x00",
        b"PK\x03\x04 a workbook",
        b"MZ\x90\x00",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_anything_else_is_refused_with_what_is_taken(content):
    with pytest.raises(NotAccepted, match="PDF、PNG 或 JPEG"):
        type_of(content)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4 and then the line broke",
        PDF[:20],
        png()[:-6],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 40,
        png(0, 5),
        jpeg()[:-2],
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9",
        jpeg(0, 5),
    ],
)
def test_half_a_file_is_refused(content):
    with pytest.raises(NotAccepted, match="不完整"):
        type_of(content)


@pytest.mark.parametrize("picture", [png, jpeg])
def test_a_picture_of_too_many_pixels_is_refused(picture):
    assert type_of(picture(10_000, MAX_PIXELS // 10_000))
    with pytest.raises(NotAccepted, match="像素"):
        type_of(picture(50_000, 50_000))


@given(st.sampled_from([b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b""]), st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(head, rest):
    with suppress(NotAccepted):
        type_of(head + rest)
