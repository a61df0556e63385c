"""What a quiet month is: one of which nothing asks for a reviewer's own look. Said here and nowhere else.

A document is not demanded: the regime asks for none with a month, and a demand that few fulfil would only teach people
to click. Where documents lack, the risk doubles and reaches the limit sooner. That a month came late says nothing about
its numbers; that earlier ones did stands in its risk.
"""

from typing import NamedTuple

from django.db.models import Case, F, Q, Value, When

from . import risk
from .models.filing import WAITING


class Condition(NamedTuple):
    """What has to hold, in the database and in words, and the sentence where it does not."""

    holds: Q
    words: str
    fault: str


LIMIT = f"{risk.QUIET_BELOW} 的限值（重点用能单位 {risk.AUDITED_TCE_A_YEAR} tce/年、无疑问、无退回、凭证齐全的一个月）"
# In the order in which they are told: the first that fails is the reason.
CONDITIONS = (
    Condition(Q(latest__status__in=WAITING), "等待审定", "已不在待审之列，刚刚由他人处理或由填报员撤回"),
    Condition(Q(latest__risk__isnull=False), "风险已计算", "风险尚未计算，请稍后再试"),
    Condition(Q(latest__risk__doubts=0), "检查没有疑问", "检查有疑问"),
    Condition(
        ~Q(latest__risk__earlier=""),
        "一年内有已通过的月份可比",
        "一年内没有已通过的月份可比",
    ),
    Condition(Q(approved__isnull=True), "不是更正", "是对已通过月份的更正"),
    Condition(Q(latest__number=1), "本月第一次提交", "本月曾被退回或撤回"),
    Condition(Q(latest__risk__score__lt=risk.QUIET_BELOW), f"风险值低于{LIMIT}", "风险值不低于限值"),
)
RULE = "；".join(condition.words for condition in CONDITIONS)


def judged(reports):
    """The reports with `fault`: why each is not quiet, "" where it is."""
    failing = [When(~condition.holds, then=Value(condition.fault)) for condition in CONDITIONS]
    return reports.annotate(fault=Case(*failing, default=Value("")))


def narrow(reports):
    """Those that are quiet."""
    return judged(reports).filter(fault="")


def faults(reports):
    """Report id → why it is not quiet, "" where it is: one query."""
    return dict(judged(reports).order_by().values_list("pk", F("fault")))
