"""Sign-ins, failed ones, lock-outs and sign-outs as rows of the trail; the receivers are connected in apps.py."""

import time

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from . import trail
from .addresses import client_address
from .models.trail import Verb

USERNAME_LENGTH = 150
# When a session was last known to be used: the key in it.
USED_AT = "used_at"


def connect():
    user_logged_in.connect(on_login, dispatch_uid="trail")
    user_logged_out.connect(on_logout, dispatch_uid="trail")
    user_login_failed.connect(on_failure, dispatch_uid="trail")
    user_locked_out.connect(on_lock_out, dispatch_uid="trail")


def on_login(request, user, **kwargs):
    request.session[USED_AT] = time.time()
    user.address = client_address(request)
    trail.record(Verb.LOGIN, by=user)


def on_logout(request, user, **kwargs):
    """`user` is None where nobody was signed in."""
    if user is not None:
        trail.record(Verb.LOGOUT, by=user)


def on_failure(credentials, request=None, **kwargs):
    _record_stranger(Verb.LOGIN_FAILED, request, f"账号：{_name(credentials.get('username'))}")


def on_lock_out(request, username, **kwargs):
    """Sent at the failure that locks, and again at each attempt while locked."""
    failures = request.axes_failures_since_start
    how = f"连续失败 {failures} 次" if failures else "锁定期间再次尝试"
    _record_stranger(Verb.LOCKED_OUT, request, f"账号：{_name(username)}，{how}")


def _record_stranger(verb, request, detail):
    """Whoever typed a name is not known to be its owner."""
    trail.record_stranger(verb, address=client_address(request) if request else None, detail=detail)


def _name(username):
    return trail.readable(username, USERNAME_LENGTH)
