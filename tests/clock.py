"""A clock that tests move by days; everything asks django.utils.timezone."""

from datetime import timedelta

from django.utils import timezone


class Clock:
    """Days put on top of the real time."""

    def __init__(self, monkeypatch):
        self.days, real_now = 0, timezone.now
        monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(self.days))
