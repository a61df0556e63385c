"""A figure as a link to the page that explains it."""

from urllib.parse import urlencode

from django import template
from django.utils.html import format_html

from targets import lineage

from .figures import UNKNOWN

register = template.Library()


@register.simple_tag(takes_context=True)
def why(context, shown, kind, key, year, measure, panel="", part=""):
    """`shown` as it stands, linked; what is unknown, or of nobody, stays text.

    kind: "institution", "node", "type" or "street"; part: "base" or "change" of the explanation.
    """
    if shown == UNKNOWN or not (kind and key):
        return shown
    address = lineage.why(kind, key, year, measure)
    asked = {"panel": panel} if panel and panel != "all" and kind != lineage.INSTITUTION else {}
    # The figure shown may be that of another rule set than the one in force: so is its explanation.
    request = getattr(context, "request", None)
    if request and request.GET.get("rules"):
        asked["rules"] = request.GET["rules"]
    query = f"?{urlencode(asked)}" if asked else ""
    anchor = f"#{part}" if part else ""
    link = '<a class="why" href="{}{}{}" title="为什么是这个数">{}</a>'
    return format_html(link, address, query, anchor, shown)
