"""Response headers that keep pages from loading, framing or storing what they should not; and the end of idle sessions.

Django's SecurityMiddleware adds the other headers (Referrer-Policy: same-origin, HSTS, nosniff).
"""

import time

from django.conf import settings

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


# The end of a session is moved so many times within the idle time, not at every page: reading a page writes nothing.
STEPS = 30


def idle_sessions(get_response):
    """A session ends after the idle time (SESSION_COOKIE_AGE); using the portal moves its end."""
    step = settings.SESSION_COOKIE_AGE / STEPS

    def respond(request):
        if request.user.is_authenticated and time.time() - request.session.get("used_at", 0) >= step:
            request.session["used_at"] = time.time()
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
