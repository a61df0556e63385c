"""A cell of the month's form saved as it is left, against a page of the portal with nothing on it."""

import statistics
from datetime import date
from functools import partial

from django.test import Client, override_settings
from django.urls import reverse

from agencies.access import Role
from reporting import actions
from reporting.models import Period, Report

from . import formula
from .approval import timed, user_with_role
from .empty_page import BARE, EMPTY, served

SAVES, WARM_UP = 200, 20


@override_settings(**served())
def measure():
    """Medians in ms of a saved cell, with its trail row committed, of the empty page and of a view without a page."""
    # The month after the last one that is filed; whatever day it is, it can be filed.
    period = actions.open_period(formula.month(formula.LAST + 1))
    Period.objects.filter(pk=period.pk).update(opens_on=period.month, closes_on=date.max)
    report = Report.objects.filter(period=period, latest=None).select_related("agency").earliest("agency")
    agency = report.agency
    client = Client()
    client.force_login(user_with_role("autosave", Role.FILER, agency))
    saving = _Saving(client, report)
    asked = (saving, partial(client.get, EMPTY), partial(client.get, BARE))
    taken = [[timed(each) for each in asked] for _ in range(SAVES + WARM_UP)]
    medians = [1000 * statistics.median(column) for column in zip(*taken[WARM_UP:], strict=True)]
    return dict(zip(("cell", "empty", "bare"), medians, strict=True))


class _Saving:
    """Each call stores another quantity of electricity."""

    def __init__(self, client, report):
        self.client, self.token, self.quantity = client, "", 1000
        self.address = reverse("reporting:cell-save", args=(report.agency.key, report.period.month, "110"))

    def __call__(self):
        self.quantity += 1
        fields = {"quantity-110": self.quantity, "known_by-110": "metered", "seen": self.token}
        answer = self.client.post(self.address, fields)
        if answer.status_code != 200:
            raise ValueError(f"The cell was not stored: {answer.status_code}.")
        self.token = answer.json()["cells"]["110"]["token"]
