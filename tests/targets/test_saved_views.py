"""Views that people keep of the comparison: what is kept of one, whose it is, what opens again, and what is refused."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from agencies.access import Role
from agencies.models import Agency, Event
from reporting.models import RuleSet
from reporting.refusals import WrongStatus
from targets import actions
from targets.models import SavedView
from tests.factories import user_with

from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db

LIST = "targets:institution-list"
QUERY = "year=2025&sort=name"


def kept(user):
    return list(SavedView.objects.visible_to(user).values_list("name", "query"))


def told(user):
    return list(Event.objects.filter(verb="setting", actor=user).values_list("detail", flat=True))


def post(client, user, name, query=""):
    client.force_login(user)
    return client.post(f"{reverse(LIST)}?{query}", {"name": name})


def delete(client, user, view):
    client.force_login(user)
    return client.post(f"{reverse('targets:view-delete', args=[view.pk])}?{QUERY}")


def test_a_comparison_is_kept_under_a_name_and_leaves_a_trace(district):
    view = actions.save_view("全部", QUERY, by=district.manager)
    assert kept(district.manager) == [("全部", QUERY)]
    assert view.address == f"{reverse(LIST)}?{QUERY}"
    assert told(district.manager) == ["保存视图“全部”"]


def test_the_second_click_finds_what_the_first_one_kept(district):
    first = actions.save_view("全部", QUERY, by=district.manager)
    assert actions.save_view("全部", QUERY, by=district.manager) == first
    assert (kept(district.manager), told(district.manager)) == ([("全部", QUERY)], ["保存视图“全部”"])


def test_a_name_that_is_taken_is_refused_and_another_person_may_have_it(district):
    actions.save_view("全部", QUERY, by=district.manager)
    with pytest.raises(ValidationError) as refusal:
        actions.save_view("全部", "year=2024", by=district.manager)
    assert refusal.value.messages == ["已有同名的视图：请换一个名称，或先删除原来的。"]
    assert (kept(district.manager), told(district.manager)) == ([("全部", QUERY)], ["保存视图“全部”"])
    actions.save_view("全部", "year=2024", by=district.reviewer)
    assert kept(district.reviewer) == [("全部", "year=2024")]


@pytest.mark.parametrize("name", ["", "长" * 41])
def test_a_view_has_a_name_of_at_most_forty_characters(district, name):
    with pytest.raises(ValidationError):
        actions.save_view(name, QUERY, by=district.manager)
    assert (kept(district.manager), told(district.manager)) == ([], [])


def test_one_view_more_than_the_most_is_refused_with_a_sentence(district, client):
    every = [SavedView(user=district.manager, name=f"视图{each:02}", query=QUERY) for each in range(30)]
    SavedView.objects.bulk_create(every)
    response = post(client, district.manager, "再一个")
    assert response.status_code == 200
    assert "最多保存 30 个视图：请先删除不用的。" in response.content.decode()
    assert (len(kept(district.manager)), told(district.manager)) == (30, [])


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_sees_no_figures_keeps_no_view(district, role):
    user = user_with(role, district.bureau)
    with pytest.raises(PermissionDenied):
        actions.save_view("全部", QUERY, by=user)
    assert (kept(user), told(user)) == ([], [])


def test_a_deleted_view_is_gone_and_leaves_a_trace(district):
    view = actions.save_view("全部", QUERY, by=district.manager)
    actions.delete_view(view, by=district.manager)
    assert kept(district.manager) == []
    assert told(district.manager) == ["保存视图“全部”", "删除视图“全部”"]


def test_the_second_click_on_delete_is_refused_without_a_trace(district):
    view = actions.save_view("全部", QUERY, by=district.manager)
    again = SavedView.objects.get()
    actions.delete_view(view, by=district.manager)
    with pytest.raises(WrongStatus, match="视图“全部”已经删除。"):
        actions.delete_view(again, by=district.manager)
    assert told(district.manager) == ["保存视图“全部”", "删除视图“全部”"]


def test_nobody_deletes_the_view_of_another(district, client):
    view = actions.save_view("全部", QUERY, by=district.reviewer)
    with pytest.raises(WrongStatus):
        actions.delete_view(view, by=district.manager)
    assert delete(client, district.manager, view).status_code == 404
    assert kept(district.reviewer) == [("全部", QUERY)]
    assert told(district.manager) == []


def test_the_page_keeps_the_known_parameters_and_opens_the_same_comparison_again(client, three):
    district, risen, _ = three
    asked = "year=2025&status=behind&type_code=021&sort=-kgce_per_m2&words=上升&page=3&next=//evil&password=x"
    response = post(client, district.manager, "上升的学校", asked)
    rules = RuleSet.objects.active().get().slug
    query = (
        f"year=2025&rules={rules}&indicator=kgce_per_m2&type_code=021&status=behind"
        "&words=%E4%B8%8A%E5%8D%87&sort=-kgce_per_m2"
    )
    assert kept(district.manager) == [("上升的学校", query)]
    assert response.url == f"{reverse(LIST)}?{query}"
    opened = client.get(response.url)
    assert [row.agency for row in opened.context["rows"]] == [risen]
    assert (opened.context["sort"], opened.context["filters"].cleaned_data["words"]) == (
        "-kgce_per_m2",
        "上升",
    )


def test_what_cannot_be_read_is_not_kept(client, two_years):
    asked = "year=1900&department=NOBODY&status=worst&sort=password"
    response = post(client, two_years.manager, "读不懂", asked)
    rules = RuleSet.objects.active().get().slug
    assert response.url == f"{reverse(LIST)}?year=2025&rules={rules}&indicator=kgce_per_m2"


def test_the_page_says_why_a_view_is_not_kept_and_keeps_what_was_typed(client, two_years):
    actions.save_view("全部", QUERY, by=two_years.manager)
    shown = post(client, two_years.manager, "全部", "year=2025&words=机构").content.decode()
    assert "已有同名的视图：请换一个名称，或先删除原来的。" in shown
    assert 'name="name" value="全部"' in shown
    assert "请填写视图名称。" in post(client, two_years.manager, " ").content.decode()
    assert kept(two_years.manager) == [("全部", QUERY)]


def test_the_page_lists_the_own_views_marks_the_current_one_and_shows_no_others(client, two_years):
    post(client, two_years.manager, "现在的")
    current = SavedView.objects.get()
    other = actions.save_view("<别的>", "year=2020", by=two_years.manager)
    actions.save_view("旁人的", QUERY, by=two_years.reviewer)
    html = squeezed(text(client, two_years.manager, current.address))
    marked = f'<a href="{current.address}" aria-current="page">现在的</a>'.replace("&", "&amp;")
    assert marked in html
    assert f'<a href="{other.address}" >&lt;别的&gt;</a>' in html
    assert "旁人的" not in html


def test_deleting_leads_back_to_the_comparison_that_was_shown(client, two_years):
    view = actions.save_view("全部", QUERY, by=two_years.manager)
    assert delete(client, two_years.manager, view).url == f"{reverse(LIST)}?{QUERY}"
    assert "已删除视图“全部”。" in text(client, two_years.manager, reverse(LIST))
    assert delete(client, two_years.manager, view).status_code == 404
    assert kept(two_years.manager) == []


def test_a_view_of_what_is_there_no_more_opens_with_a_sentence(client, three):
    district, _, new = three
    year = actions.save_view("年份", "year=1900", by=district.manager)
    parent = actions.save_view("部门", f"year=2025&department={new.parent.key}", by=district.manager)
    Agency.objects.filter(pk=new.parent.pk).update(key="RENAMED")
    assert "没有“1900”年可选，请从列表中选择。" in text(client, district.manager, year.address)
    assert "可选，请从列表中选择；现不按主管部门筛选。" in text(client, district.manager, parent.address)


def test_a_filer_of_one_institution_keeps_no_view_by_posting(client, two_years):
    response = post(client, two_years.filer, "本单位")
    assert response.url == reverse("targets:institution-detail", args=[two_years.institution.key])
    assert kept(two_years.filer) == []


def test_three_views_cost_the_page_what_one_does(client, two_years):
    client.force_login(two_years.manager)
    actions.save_view("一", QUERY, by=two_years.manager)
    client.get(reverse(LIST))
    one = cost(client, reverse(LIST))
    for name in ("二", "三"):
        actions.save_view(name, QUERY, by=two_years.manager)
    assert cost(client, reverse(LIST)) == one
