"""A stored document as an answer that the browser may show, and nothing in it may act."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

# The browser's own viewer may draw what is in the file; nothing in it may load, run or be framed.
POLICY = (
    "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


def response(document, content):
    """document: a row with `content_type` and `file_name`."""
    return HttpResponse(
        content,
        headers={
            "Content-Type": document.content_type,
            "Content-Disposition": content_disposition_header(False, document.file_name),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
        },
    )
