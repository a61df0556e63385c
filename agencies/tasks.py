"""Jobs of the messages."""

import logging

from celery import shared_task

from . import mail
from .jobs import ask_for
from .notices import MAIL_TASK

logger = logging.getLogger(__name__)


@shared_task
def send_mail_due():
    """Sent when an e-mail becomes due, and run by beat: what a lost job left, and what failed before."""
    met = mail.send_due()
    logger.info("E-mails: %s", {outcome.value: number for outcome, number in met.items()})
    if mail.may_be_more(met):
        ask_for(MAIL_TASK)
