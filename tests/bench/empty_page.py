"""A page of the portal with nothing on it, and the settings and addresses under which the bench serves it."""

from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

EMPTY, BARE = "/bench/empty/", "/bench/bare/"


def empty(request):
    """The frame that every page has: who is there, the menu, nothing else."""
    frame = '{% extends "base.html" %}{% block title %}空{% endblock %}{% block heading %}空{% endblock %}'
    return HttpResponse(engines["django"].from_string(frame).render({}, request))


def bare(request):
    return HttpResponse()


urlpatterns = [
    path(EMPTY[1:], empty),
    path(BARE[1:], bare),
    path("", include("yuzhong_carbon.urls")),
]


def served():
    """Settings over the product's own: these addresses, and no collectstatic, whose manifest a fresh clone lacks."""
    static = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    return {"ROOT_URLCONF": __name__, "ALLOWED_HOSTS": ["*"], "STORAGES": settings.STORAGES | static}
