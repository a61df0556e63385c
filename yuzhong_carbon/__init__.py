"""The project: settings, addresses and what composes the three apps."""

from .celery import app as celery_app

__all__ = ["celery_app"]
