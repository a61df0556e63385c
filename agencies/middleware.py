"""Lets an action name the address of its acting user, a session end when it is idle, and tells of calls of the API."""

import time

from django.conf import settings

from . import trail
from .addresses import client_address
from .models.trail import Verb
from .sign_in import USED_AT

# The end of a session is moved so many times within the idle time, not at every page: reading a page writes nothing.
STEPS = 30
API = "/api/v1/"
PATH_LENGTH, KEYS_LENGTH = 300, 100


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


def api_calls(get_response):
    """Each call of the machine interface is an event, refused and failed ones too.

    Where the event cannot be stored the call fails: nobody takes figures away untold.
    """

    def middleware(request):
        response = get_response(request)
        if request.path_info.startswith(API):
            _tell_call(request, response.status_code)
        return response

    return middleware


def _tell_call(request, status):
    """`request.user` is by now whom the API found, be it by session or otherwise."""
    is_success, detail = status < 400, f"{_called(request)} → {status}"
    address = client_address(request)
    if not request.user.is_authenticated:
        trail.record_stranger(Verb.API, address=address, detail=detail, is_success=is_success)
        return
    request.user.address = address
    trail.record(Verb.API, by=request.user, detail=detail, is_success=is_success)


def _called(request):
    """Method, path and the names of the parameters: their values may be personal."""
    path = trail.readable(request.path_info, PATH_LENGTH)
    names = trail.readable(",".join(request.GET), KEYS_LENGTH)
    return f"{request.method} {path}?{names}" if names else f"{request.method} {path}"
