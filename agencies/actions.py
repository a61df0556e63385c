"""What managers do to the register and administrators to accounts: one verb, one transaction, one trail row.

`by` is the acting user, or None for the system: commands that somebody runs on the server.
"""

from datetime import timedelta

from axes import utils as lock_outs
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils import timezone

from . import trail
from .access import may, may_at
from .models import Agency, Building
from .models.trail import Verb

PATH_LENGTH = Agency._meta.get_field("path").max_length
# What a reader of the trail learns nothing from, or must not learn.
UNTOLD = frozenset({"id", "path", "password", "last_login"})
# What is nobody's business who reads the trail: that it changed is told, not from what to what.
UNQUOTED = frozenset({"email"})


@transaction.atomic
def register(row, *, by):
    """Enter a building, share, meter or vehicle, or store its changes; an agency goes to `register_agency`."""
    permit(by, "edit_register")
    row.full_clean()
    return _store(row, by)


@transaction.atomic
def register_own(row, *, by):
    """Enter what an agency keeps a register of itself (vehicle, meter, data room, …), or store its changes."""
    if not may_at(by, "keep_own_register", agency_of(row)):
        raise PermissionDenied
    row.full_clean()
    return _store(row, by)


@transaction.atomic
def register_agency(agency, *, by):
    """Enter an agency below its parent, or store its changes and, with a new parent, move all that is below it."""
    permit(by, "edit_register")
    lock_tree()
    before = Agency.objects.get(pk=agency.pk) if agency.pk else None
    if before and before.key != agency.key:
        raise ValidationError({"key": f"机构编码登记后不改，原为 {before.key}。"})
    agency.parent = Agency.objects.filter(pk=agency.parent_id).first()
    agency.path = agency.path_under(agency.parent)
    agency.full_clean()
    if before and before.path != agency.path:
        _move_all_below(before.path, agency.path)
    return _store(agency, by)


@transaction.atomic
def move(agency, parent, *, by):
    """Put an agency, with all that is below it, under another parent."""
    agency.parent = parent
    return register_agency(agency, by=by)


@transaction.atomic
def strike(row, *, by):
    """Take out a row that has no dates to end it by: a meter's account number. The history keeps it."""
    permit(by, "edit_register")
    trail.record(Verb.REGISTER, by=by, agency=agency_of(row), detail=f"删除{row._meta.verbose_name} {row}")
    row._history_user = by
    row.delete()


@transaction.atomic
def save_account(user, *, by):
    """Open an account or store its changes. Nobody closes their own."""
    permit(by, "edit_accounts")
    if user.pk and by and user.pk == by.pk and not user.is_active:
        raise ValidationError({"is_active": "不能停用自己的账号。"})
    changes = changes_of(user)
    is_new = user._state.adding
    user.save()
    if is_new or changes:
        _tell(by, user, "新开账号" if is_new else "；".join(changes))
    return user


@transaction.atomic
def set_password(user, password, *, by):
    """Give an account a new password (None: no password at all) and lift its lock-out."""
    permit(by, "edit_accounts")
    user.set_password(password)
    user.save(update_fields=("password",))
    lock_outs.reset(username=user.username)
    _tell(by, user, "重置密码" if user.has_usable_password() else "取消密码，不能再用密码登录")


@transaction.atomic
def change_own_password(user, password):
    """Give oneself a new password; that the old one was known, the form has asked."""
    user.set_password(password)
    user.save(update_fields=("password",))
    _tell(user, user, "修改本人密码")


@transaction.atomic
def unlock(user, *, by):
    """Lift the lock-out after wrong passwords."""
    permit(by, "edit_accounts")
    if lock_outs.reset(username=user.username):
        _tell(by, user, "解除登录锁定")


@transaction.atomic
def grant_role(membership, *, by):
    """Store a new membership. Nobody grants to themselves."""
    _permit_grant(by, membership.user)
    membership.full_clean()
    membership._history_user = by
    membership.save()
    _tell_role(by, membership, f"授予{membership.get_role_display()}，{membership.validity}")
    return membership


@transaction.atomic
def end_role(membership, *, by):
    """Let a membership end at once, with yesterday.

    One that began today is removed, since it would end before it began; the history and the trail keep it.
    """
    yesterday = timezone.localdate() - timedelta(days=1)
    if membership.valid_from <= yesterday:
        date_role(membership, by=by, last_day=yesterday)
        return
    _permit_grant(by, membership.user)
    _tell_role(by, membership, f"撤销{membership.get_role_display()}（{membership.validity}）")
    membership._history_user = by
    membership.delete()


@transaction.atomic
def date_role(membership, *, by, last_day):
    """Set the last day of a membership; None lets it go on until further notice."""
    _permit_grant(by, membership.user)
    membership.valid_to = last_day
    membership.full_clean()
    changes = changes_of(membership)
    if changes:
        membership._history_user = by
        membership.save()
        _tell_role(by, membership, f"{membership.get_role_display()}：{'；'.join(changes)}")


def permit(by, verb):
    """The system may do everything, a person what their roles carry."""
    if by is not None and not may(by, verb):
        raise PermissionDenied


def changes_of(row):
    """What differs from the stored row, as sentences “field：before → after”; a new row has no before."""
    before = type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    return changes_between(before, row) if before else []


def changes_between(before, after):
    fields = [field for field in after._meta.concrete_fields if field.name not in UNTOLD]
    return [
        _change(field, before, after)
        for field in fields
        if getattr(before, field.name) != getattr(after, field.name)
    ]


def agency_of(row):
    """The agency whose register the row belongs to."""
    if isinstance(row, Agency):
        return row
    return row.manager if isinstance(row, Building) else row.agency


def _permit_grant(by, user):
    permit(by, "edit_accounts")
    if by is not None and by.pk == user.pk:
        raise PermissionDenied("不能给自己授权，请由另一位系统管理员办理。")


def lock_tree():
    """Two moves at once could close a circle: they queue up at the tree's roots.

    The lock leaves the key free, so that a row that refers to a root (a new role, say) need not wait for it.
    """
    list(Agency.objects.select_for_update(no_key=True).filter(parent=None))


def _move_all_below(old_path, new_path):
    below = Agency.objects.filter(path__startswith=old_path)
    longest = below.aggregate(longest=Max(Length("path")))["longest"]
    if longest - len(old_path) + len(new_path) > PATH_LENGTH:
        raise ValidationError({"parent": "移入后层级过深，请选择层级较高的主管单位。"})
    below.update(path=Concat(Value(new_path), Substr("path", len(old_path) + 1)))


def _store(row, by):
    """Save with history and trail; a row that is as it was costs nothing and says nothing."""
    changes = changes_of(row)
    if row.pk and not changes:
        return changes
    what = f"{row._meta.verbose_name} {row}"
    detail = f"{what}：{'；'.join(changes)}" if changes else f"新登记{what}"
    row._history_user = by
    row.save()
    trail.record(Verb.REGISTER, by=by, agency=agency_of(row), detail=detail)
    return changes


def _tell(by, user, sentence):
    trail.record(Verb.GRANT, by=by, detail=f"账号 {user}（{user.username}）：{sentence}")


def _tell_role(by, membership, sentence):
    user = membership.user
    detail = f"账号 {user}（{user.username}）：{sentence}"
    trail.record(Verb.GRANT, by=by, agency=membership.agency, detail=detail)


def _change(field, before, after):
    if field.name in UNQUOTED:
        return f"{field.verbose_name}已更改"
    return f"{field.verbose_name}：{_word(before, field)} → {_word(after, field)}"


def _word(row, field):
    """A field's value as a reader of the trail knows it."""
    value = getattr(row, field.name)
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.choices:
        value = dict(field.flatchoices).get(value, value)
    return "无" if value in (None, "") else str(value)
