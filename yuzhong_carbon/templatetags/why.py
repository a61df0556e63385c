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

    kind: "institution", "node", "type" or "street"; part: the section of the explanation, as "base" or "yoy".
    """
    if shown == UNKNOWN or not (kind and key):
        return shown
    return _linked(context, shown, lineage.why(kind, key, year, measure), _panel(kind, panel), part)


@register.simple_tag(takes_context=True)
def why_row(context, shown, row, measure, part=""):
    """A number of a `Figure` or `GroupFigure` row, linked to its explanation under the row's own rule set."""
    if shown == UNKNOWN:
        return shown
    kind, key, panel = row.whose
    asked = _panel(kind, panel) | {"rules": row.rule_set.slug}
    return _linked(context, shown, lineage.why(kind, key, row.year, measure), asked, part)


@register.simple_tag(takes_context=True)
def why_effects(context, shown, row, part):
    """A number of a `Decomposition` row, linked; part: the effect's name, or "inputs"."""
    if shown == UNKNOWN:
        return shown
    address = lineage.why_effects(row.owner_kind, row.agency.key, row.year, row.quantity)
    return _linked(context, shown, address, {}, part)


@register.simple_tag(takes_context=True)
def why_requirement(context, shown, kind, key, year, indicator, panel="", part=""):
    """What a year has to bring, or a target, linked to the row and the path that say so."""
    if shown == UNKNOWN or not (kind and key):
        return shown
    address = lineage.why_requirement(kind, key, year, indicator)
    return _linked(context, shown, address, _panel(kind, panel), part)


@register.simple_tag(takes_context=True)
def why_forecast(context, shown, row, part="value"):
    """A number of a `Forecast` row, linked; part: the section that explains it."""
    if shown == UNKNOWN:
        return shown
    address = lineage.why_forecast(row.owner_kind, row.agency.key, row.year, row.indicator)
    return _linked(context, shown, address, {}, part)


@register.simple_tag(takes_context=True)
def why_peak(context, shown, row):
    """A number or word of a `PeakResult` row, linked to the test on its basis."""
    if shown in (UNKNOWN, None):
        return UNKNOWN
    return _linked(context, shown, lineage.why_peak(row.owner_kind, row.agency.key), {}, row.basis)


@register.simple_tag
def why_published(shown, row, column):
    """A number of a `PublishedFigure` or `LedgerEntry` as it was sealed, linked to the seal's own statement."""
    address = lineage.why_published(row.publication_id, row.kind, row.key, row.panel, column)
    return why_at(shown, address)


@register.simple_tag
def why_now(shown, row, column, publication):
    """What a sealed number would be now, linked to how it is made today."""
    return why_at(shown, lineage.published.now(publication, row, column))


@register.simple_tag
def why_at(shown, address):
    """`shown` linked to an address that an explanation names; what is unknown or has none stays text."""
    if shown == UNKNOWN or not address:
        return shown
    return format_html('<a class="why" href="{}" title="为什么是这个数">{}</a>', address, shown)


def _panel(kind, panel):
    return {"panel": panel} if panel and panel != "all" and kind != lineage.INSTITUTION else {}


def _linked(context, shown, address, asked, part):
    # The figure shown may be that of another rule set than the one in force: so is its explanation.
    request = getattr(context, "request", None)
    if request and request.GET.get("rules") and "rules" not in asked:
        asked["rules"] = request.GET["rules"]
    query = f"?{urlencode(asked)}" if asked else ""
    anchor = f"#{part}" if part else ""
    link = '<a class="why" href="{}{}{}" title="为什么是这个数">{}</a>'
    return format_html(link, address, query, anchor, shown)
