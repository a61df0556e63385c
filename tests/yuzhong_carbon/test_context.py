"""The menu of each role, and the mark of a demo district."""

import pytest
from django.urls import reverse

from yuzhong_carbon.context import MENU, menu_for


def words(roles, path="/"):
    return [entry["word"] for entry in menu_for(roles, path)]


def current(roles, path):
    return [entry["word"] for entry in menu_for(roles, path) if entry["is_current"]]


@pytest.mark.parametrize("entry", sorted({entry for entries in MENU.values() for entry in entries}))
def test_every_entry_leads_to_a_page(entry):
    assert reverse(entry.url_name)


def test_each_role_sees_its_own_work():
    assert words({"filer"}) == [
        "本月待办",
        "月度报送",
        "方案任务",
        "任务台账",
        "报送质量",
        "凭证",
        "本单位台账",
        "本单位",
    ]
    assert words({"department"}) == [
        "本月待办",
        "初审",
        "月度报送",
        "报送管理",
        "凭证",
        "机构",
        "总览",
        "方案任务",
        "任务台账",
        "发布封存",
    ]
    assert words({"reviewer"}) == [
        "审核",
        "抽查复核",
        "月度报送",
        "报送管理",
        "凭证",
        "机构",
        "总览",
        "方案任务",
        "任务台账",
        "发布封存",
        "基准调整",
        "试算与启用",
        "检查规则",
    ]
    assert words({"manager"}) == [
        "总览",
        "方案任务",
        "机构",
        "月度报送",
        "报送管理",
        "抽查复核",
        "凭证",
        "台账",
        "任务台账",
        "发布封存",
        "基准调整",
        "试算与启用",
        "检查规则",
        "重新计算",
        "主数据管理",
    ]
    assert words({"observer"}) == ["总览", "方案任务", "机构", "报送管理", "凭证", "任务台账", "发布封存"]
    assert words({"auditor"}) == ["操作日志"]
    assert words({"administrator"}) == ["账号与角色"]
    assert words(set()) == []


@pytest.mark.parametrize("name", ["completeness", "quality", "joint-review-list", "calendar-list"])
def test_a_page_under_an_entry_at_another_address_marks_it(name):
    assert current({"manager"}, reverse(f"reporting:{name}")) == ["报送管理"]
    assert current({"filer"}, reverse("reporting:quality")) == ["报送质量"]


@pytest.mark.parametrize("path", ["/systems/x/", "/groups/type/", "/groups/street/x/", "/assessment/2025/"])
def test_the_pages_that_the_cockpit_leads_to_mark_it(path):
    assert current({"manager"}, path) == ["总览"]


def test_of_two_roles_each_page_stands_once_under_the_wider_word():
    assert words({"filer", "reviewer"}) == [
        "审核",
        "抽查复核",
        "月度报送",
        "报送管理",
        "凭证",
        "机构",
        "总览",
        "方案任务",
        "任务台账",
        "发布封存",
        "基准调整",
        "试算与启用",
        "检查规则",
        "本月待办",
        "报送质量",
        "本单位台账",
    ]


def test_the_page_one_is_on_is_marked():
    reports = reverse("reporting:report-list")

    assert current({"filer"}, reverse("home")) == ["本月待办"]
    assert current({"filer"}, reports) == ["月度报送"]
    assert current({"filer"}, f"{reports}12/") == ["月度报送"]
    assert current({"filer"}, "/elsewhere/") == []
