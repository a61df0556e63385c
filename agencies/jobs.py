"""Asking the worker for a job, once what it is about is committed."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)


def ask_for(task_name, *arguments):
    """Ask the worker for a job once the transaction is committed; by name, since a job may live in an app above."""
    transaction.on_commit(partial(_send, task_name, *arguments))


def _send(task_name, *arguments):
    """A broker that is down costs nothing but time: what is to be done is committed, a sweep finds it."""
    try:
        current_app.send_task(task_name, arguments)
    # Whatever the transport raises: what was decided stands, so nothing may fail here.
    except Exception as fault:
        logger.warning("消息服务未接收任务 %s（%s），将由定时任务补做。", task_name, fault)
