"""Lets an action name the address that its acting user came from, and a session end when it is idle."""

import time

from django.conf import settings

from .addresses import client_address
from .sign_in import USED_AT

# The end of a session is moved so many times within the idle time, not at every page: reading a page writes nothing.
STEPS = 30


def idle_sessions(get_response):
    """A session ends after the idle time (SESSION_COOKIE_AGE); using the portal moves its end."""
    step = settings.SESSION_COOKIE_AGE / STEPS

    def middleware(request):
        if request.user.is_authenticated and time.time() - request.session.get(USED_AT, 0) >= step:
            request.session[USED_AT] = time.time()
        return get_response(request)

    return middleware


def acting_address(get_response):
    """The trail reads `user.address`: actions take the user who acts, never the request."""

    def middleware(request):
        if request.user.is_authenticated:
            request.user.address = client_address(request)
        return get_response(request)

    return middleware
