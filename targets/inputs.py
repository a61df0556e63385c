"""What figures and judgements are made from, as short values: another value says that something has changed.

Nothing here reads a panel; a page may ask.
"""

import hashlib

from django.db.models import Max
from django.utils import timezone

from agencies.models import Agency
from reporting import approved
from reporting.accounting import rules
from reporting.models import Coefficient, EmissionFactor, Report, Revision, Status

from .models import PlanPeriod, Proposal, Quota, Restatement

# Input of a rehearsal → how it is named where it has changed; of "months" the number is said.
NAMES = {
    "owed": "应报月份",
    "factors": "因子或系数",
    "rule_set": "现用口径",
    "restatements": "已签署的基准调整",
    "plan": "规划期或目标",
    "register": "名录",
    "filed": "更正的内容",
}


def shared():
    """What every rehearsal is made from. Revisions stay approved and the library only grows, so counts tell."""
    in_use = {"valid_from__lte": timezone.localdate()}
    return {
        "months": Revision.objects.filter(status=Status.APPROVED).count(),
        "owed": Report.objects.count(),
        "factors": sum(model.objects.filter(**in_use).count() for model in (EmissionFactor, Coefficient)),
        "rule_set": rules.active_slug(),
        "restatements": restatements(),
        "plan": plan(),
        "register": Agency.history.aggregate(last=Max("history_id"))["last"],
    }


def of_rehearsal(change):
    """What the effects of a proposal or restatement are made from now."""
    return shared() | _own(change)


def restatements():
    """How many are in force."""
    return Restatement.objects.in_force().count()


def plan():
    """A hash of the plan periods and what they ask."""
    columns = ("base_year", "end_year", "targets__indicator", "targets__reduction_percent", "targets__path")
    rows = PlanPeriod.objects.order_by("pk", "targets__pk").values_list(*columns)
    return _hash_of(rows)


def quotas():
    """A hash of what the quotas allow."""
    columns = ("pk", "type_code", "indicator", "electricity_kgce_per_kwh", "valid_from")
    limits = ("constraint_value", "benchmark_value", "guide_value")
    rows = Quota.objects.order_by("pk").values_list(*columns, *limits)
    return _hash_of(rows)


def outdated(change, now=None):
    """The sentence that the effects listed are not those of now; empty where they are, or where none are waited for.

    now: `shared`, for lists, which leave out what a correction states.
    """
    if change.status != change.Status.PROPOSED or change.rehearsed_at is None:
        return ""
    now = of_rehearsal(change) if now is None else now
    then = change.rehearsed_from
    words = _changes(then, now) if then else ["没有记下试算的依据"]
    return f"试算已过时（{'，'.join(words)}）" if words else ""


def _changes(then, now):
    months = now["months"] - then["months"]
    names = [name for key, name in NAMES.items() if key in now and now[key] != then.get(key)]
    words = [f"又通过了 {months} 个月报"] if months else []
    words += [f"{'、'.join(names)}有变动"] if names else []
    return [f"之后{words[0]}", *words[1:]] if words else []


def _own(change):
    """A correction that still waits may be written anew."""
    if isinstance(change, Restatement) or change.kind != Proposal.Kind.CORRECTION:
        return {}
    return {"filed": _hash(approved.row_of(change.report.latest).tobytes())}


def _hash_of(rows):
    return _hash("\n".join("|".join(map(str, row)) for row in rows).encode())


def _hash(content):
    return hashlib.sha256(content).hexdigest()[:16]
