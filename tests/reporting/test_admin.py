"""Calendar, catalogue and factor library in the admin: managers look, nobody changes."""

from datetime import date

import pytest
from django.urls import reverse

from reporting.models import Coefficient, Edition, EmissionFactor, Item, Period, RuleSet

MODELS = (Period, Edition, Item, RuleSet, Coefficient, EmissionFactor)


@pytest.mark.parametrize("model", MODELS)
def test_a_manager_looks_and_changes_nothing(district, client, model):
    district.report(date(2025, 3, 1))
    client.force_login(district.manager)
    name = f"admin:reporting_{model._meta.model_name}"
    row = model.objects.first()
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    page = client.get(reverse(f"{name}_change", args=(row.pk,)))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.post(reverse(f"{name}_change", args=(row.pk,)), {}).status_code == 403
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.get(reverse(f"{name}_delete", args=(row.pk,))).status_code == 403


def test_an_administrator_does_not_see_the_library(district, client):
    client.force_login(district.administrator)
    assert client.get(reverse("admin:reporting_item_changelist")).status_code == 403
