"""Three answers to one question: what the file says, what it was handed out with, and what is stored now."""

from ..models import CellKind
from .answers import NOTHING, Answer
from .layout import OFFERED

KEPT = "文件没有改动此项；下载模板之后平台已更新，保留平台的内容。"
OFFERED_ONLY = "沿用的内容，本月还没有填写别的，不写入。"
ANSWERED_MEANWHILE = "下载模板之后，平台上的内容已被他人修改：请选择以哪个为准，不选则保留平台的内容。"


def is_untouched(typed, seen):
    """Whether the file's answer is the one that the template was handed out with."""
    return typed.token == seen.removeprefix(OFFERED)


def verdict(typed, seen, stored):
    """(CellKind, sentence) of an answer that may be written.

    `seen`: the row's hidden token; with OFFERED before it, the template offered the answer for an empty month.
    """
    was_offered = seen.startswith(OFFERED)
    if typed == stored or typed.token == stored.token:
        return CellKind.SAME, ""
    if is_untouched(typed, seen) and not (was_offered and stored == NOTHING):
        return CellKind.SAME, KEPT
    if stored.token != ("" if was_offered else seen):
        return CellKind.CONFLICT, ANSWERED_MEANWHILE
    return (CellKind.NEW if stored == NOTHING else CellKind.CHANGED), ""


def stated_reason(typed, seen, stored):
    """The reason that the file gives for the doubts; None where it left the one that it was handed out with.

    The token tells whether something was changed, not what. Where the platform's answer changed as well, an empty
    reason takes none back.
    """
    if typed.reason == stored.reason or (not typed.reason and stored.token != seen):
        return None
    was_handed_out = stored.entry and Answer(stored.entry, typed.reason).token == seen
    return None if was_handed_out else typed.reason
