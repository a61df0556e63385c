"""What the cockpit and an institution's page read, and how many queries each makes; `visits` measures them."""

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from agencies.models import Agency
from reporting.accounting import rules
from targets import benchmarking, explaining, forecasting, recalculation
from targets.models import Figure

from . import formula
from .approval import user_with_role
from .empty_page import EMPTY, served

# The last year of which all months are filed.
YEAR = formula.YEARS[-2]


def prepare():
    """Everything that the pages read, and who asks: name → address, queries of each page as kept and made anew, the
    cookie of a manager."""
    recalculation.work_off(recalculation.begin(rules.active_slug(), cause="bench"))
    for make in (explaining.explain_all, forecasting.forecast_all, benchmarking.benchmark_all):
        make()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    client = Client()
    client.force_login(user_with_role("leader", Role.MANAGER, Agency.objects.get(parent=None)))
    whole = Figure.objects.filter(year=YEAR, kgce_per_m2_roll_change__isnull=False).order_by("agency")
    key = whole.select_related("agency")[whole.count() // 2].agency.key
    pages = {
        "empty": EMPTY,
        "cockpit": f"{reverse('targets:cockpit')}?year={YEAR}",
        "institution": f"{reverse('targets:institution-detail', args=[key])}?year={YEAR}",
    }
    with override_settings(**served()):
        counted = {name: _queries(client, address) for name, address in pages.items()}
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    queries = {name: kept for name, (kept, _) in counted.items()}
    anew = {name: made for name, (_, made) in counted.items()}
    return {"pages": pages, "queries": queries, "queries_anew": anew, "cookie": cookie}


def _queries(client, address):
    """Of the page as it is kept (ADR 20), and of the first request after a change, which makes it anew."""
    _count(client, address)
    caches["pages"].clear()
    anew = _count(client, address)
    return _count(client, address), anew


def _count(client, address):
    with CaptureQueriesContext(connection) as found:
        answer = client.get(address)
    if answer.status_code != 200:
        raise ValueError(f"{address} answered {answer.status_code}.")
    return len(found)
