"""Where a request comes from."""

from ipaddress import ip_address

from django.conf import settings


def client_address(request):
    """The address as the database keeps it, or None where the server knows none.

    Behind n proxies (PROXY_COUNT) it is the nth entry of X-Forwarded-For from the right, which the outermost
    proxy wrote. Whatever stands further left is the visitor's own claim.
    """
    proxies = settings.AXES_IPWARE_PROXY_COUNT
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        return _normal(forwarded[-proxies])
    return _normal(request.META.get("REMOTE_ADDR", ""))


def _normal(text):
    """One spelling for each address: the trail's hash covers it, and the database has its own idea of spelling."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
