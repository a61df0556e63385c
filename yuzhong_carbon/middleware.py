"""Response headers that keep pages from loading, framing or storing what they should not.

Django's SecurityMiddleware adds the others (Referrer-Policy: same-origin, HSTS, nosniff).
"""

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


def content_security_policy(get_response):
    """Add each header that the view has not set itself."""

    def respond(request):
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return respond
