"""A page as its reader meets it: its text, and what it costs."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext


def text(client, user, address):
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def squeezed(html):
    """Without line breaks, and figures without the links to their explanations."""
    return " ".join(re.sub(r'<a class="why"[^>]*>([^<]*)</a>', r"\1", html).split())


def cost(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
