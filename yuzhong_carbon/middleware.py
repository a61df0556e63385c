"""How large a request may be, and headers that keep pages from loading, framing or storing what they should not.

Django's SecurityMiddleware adds the others (Referrer-Policy: same-origin, HSTS, nosniff).
"""

from django.conf import settings
from django.http import HttpResponse

MEGABYTE = 1024 * 1024
TOO_LARGE = "上传的内容过大，没有接收。请返回上一页，压缩文件或分成几份后再上传。\n"
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Shared office computers: what one person saw must not come back from the cache for the next.
    # Static files never pass here, whitenoise answers before.
    "Cache-Control": "no-store",
}


def body_limit(get_response):
    """Refuse a body that no form of the portal sends, before anything reads it onto the disk."""

    def respond(request):
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.MAX_BODY_MB * MEGABYTE:
            return HttpResponse(TOO_LARGE, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return respond


def content_security_policy(get_response):
    """Add each header that the view has not set itself."""

    def respond(request):
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return respond
