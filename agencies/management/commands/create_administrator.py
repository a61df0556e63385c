"""Open the first account of a production system: an administrator, who then opens all others."""

import os
from getpass import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from agencies import actions
from agencies.access import Role
from agencies.models import Agency, Membership, User

VARIABLE = "ADMIN_PASSWORD"


class Command(BaseCommand):
    help = f"开通系统管理员账号。密码在提示后输入，或取自环境变量 {VARIABLE}。"

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="姓名")
        parser.add_argument(
            "--agency", required=True, metavar="KEY", help="所在机构的机构编码，一般为机关事务管理局"
        )
        parser.add_argument("--another", action="store_true", help="已有系统管理员时再开一个")

    def handle(self, *, username, name, agency, another, **options):
        if (
            not another
            and Membership.objects.current().filter(role=Role.ADMINISTRATOR, user__is_active=True).exists()
        ):
            raise CommandError("已有系统管理员，请由其在“账号与角色”中开通账号；确需再开一个时加 --another。")
        place = Agency.objects.filter(key=agency).first()
        if place is None:
            raise CommandError(f"名录中没有机构“{agency}”。请先用 import_agencies 登记。")
        user = User(username=username, name=name)
        user.set_password(_password(user))
        try:
            _open(user, place)
        except ValidationError as fault:
            raise CommandError("；".join(fault.messages)) from fault
        self.stdout.write(f"已开通系统管理员 {name}（{username}）。")


@transaction.atomic
def _open(user, place):
    user.full_clean()
    actions.save_account(user, by=None)
    actions.grant_role(Membership(user=user, agency=place, role=Role.ADMINISTRATOR), by=None)


def _password(user):
    password = os.environ.get(VARIABLE) or _typed()
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise CommandError("密码不合要求：" + "".join(fault.messages)) from fault
    return password


def _typed():
    password = getpass("密码：")
    if getpass("再次输入密码：") != password:
        raise CommandError("两次输入的密码不一致。")
    return password
