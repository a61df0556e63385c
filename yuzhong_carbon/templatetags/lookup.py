"""What a view prefetched by key, looked up beside the row it belongs to."""

from django import template

register = template.Library()


@register.filter
def at(by_key, key):
    """`by_key[key]`; None where the key, or the whole, is not there."""
    return by_key.get(key) if by_key else None
