"""What leaves the building after a commit."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

# The job lives in the app above this one, so it is called by name; a test asserts that the name is registered.
REFRESH_TASK = "targets.tasks.refresh_figures"


def figures_changed():
    """Ask the worker for new figures once the transaction is committed."""
    ask_for(REFRESH_TASK)


def ask_for(task_name, *arguments):
    """Ask the worker for a job once the transaction is committed."""
    transaction.on_commit(partial(_send, task_name, *arguments))


def _send(task_name, *arguments):
    """A broker that is down costs nothing but time: the stale marks are committed, the sweep finds them."""
    try:
        current_app.send_task(task_name, arguments)
    # Whatever the transport raises: the approval stands, so nothing may fail here.
    except Exception as fault:
        logger.warning("消息服务未接收任务 %s（%s），将由定时任务补算。", task_name, fault)
