"""What the demo's accounts find in their inbox besides what the decisions on their months told them."""

from django.utils import timezone

from reporting import digests, reminders


def fill():
    """As the job of the reminders would do today; that job then tells nobody again."""
    today = timezone.localdate()
    return reminders.send(today) + digests.send(today)
