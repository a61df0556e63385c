"""What gunicorn serves in the bench: the portal with the empty page beside it."""

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

django.setup()

from .empty_page import served  # noqa: E402, after the setup

for _name, _value in served().items():
    setattr(settings, _name, _value)

application = get_wsgi_application()
