"""The register from a file: refused whole with row and column, or entered whole; harmless run twice."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from agencies import register_file, tables
from agencies.access import Role
from agencies.models import Agency, Event
from agencies.models.trail import Verb
from tests.factories import BureauFactory, DepartmentFactory, InstitutionFactory, user_with

pytestmark = pytest.mark.django_db

HEADER = (*register_file.REQUIRED_COLUMNS, *register_file.OPTIONAL_COLUMNS)
UNIVERSITY, ODD_UNIVERSITY = "12100000400002697C", "12100000400000678Y"


def row(key, parent="", kind="institution", **cells):
    facts = {
        "key": key,
        "credit_code": "",
        "name": f"机构{key}",
        "kind": kind,
        "type_code": "01",
        "parent": parent,
        "is_party_government_organ": "否",
        "street": "",
        "registered_from": "2020-01-01",
        "registered_to": "",
    }
    return facts | cells


BUREAU = row("B", kind="bureau")
DEPARTMENT = row("D", "B", "department")


def written(path, rows, encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as lines:
        writer = csv.DictWriter(lines, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(path, *options):
    out = StringIO()
    call_command("import_agencies", path, *options, stdout=out)
    return out.getvalue()


def problems(rows, **options):
    with pytest.raises(tables.Unreadable) as refused:
        register_file.read(rows, **options)
    return [str(problem) for problem in refused.value.problems]


def keys():
    return set(Agency.objects.values_list("key", flat=True))


# The command


def test_a_dry_run_writes_nothing(tmp_path):
    out = run(written(tmp_path / "register.csv", [BUREAU, DEPARTMENT]))

    assert out == "新增 2，变更 0，未变 0\n检查通过，未写入。加 --yes 写入。\n"
    assert keys() == set()
    assert not Event.objects.exists()


def test_parents_may_stand_anywhere_in_the_file(tmp_path):
    rows = [
        row("I", "D", credit_code=UNIVERSITY, street="解放碑街道", registered_to="2024-12-31"),
        DEPARTMENT,
        BUREAU,
    ]

    run(written(tmp_path / "register.csv", rows), "--yes")

    institution = Agency.objects.get(key="I")
    assert institution.path == "B/D/I/"
    assert institution.parent.parent.key == "B"
    assert (institution.credit_code, institution.street) == (UNIVERSITY, "解放碑街道")
    assert (institution.registered_from, institution.registered_to) == (date(2020, 1, 1), date(2024, 12, 31))
    assert institution.history.count() == 1
    trail = Event.objects.filter(verb=Verb.REGISTER).order_by("sequence")
    assert [event.agency.key for event in trail] == ["B", "D", "I"]
    assert [event.actor_name for event in trail] == ["系统"] * 3


def test_the_same_file_again_changes_nothing(tmp_path):
    path = written(tmp_path / "register.csv", [BUREAU, DEPARTMENT, row("I", "D", credit_code=UNIVERSITY)])
    run(path, "--yes")
    events = Event.objects.count()

    out = run(path, "--yes")

    assert out == "新增 0，变更 0，未变 3\n已写入。\n"
    assert Event.objects.count() == events
    assert Agency.history.count() == 3


def test_a_differing_row_is_refused_without_update(tmp_path):
    run(written(tmp_path / "first.csv", [BUREAU, DEPARTMENT]), "--yes")
    path = written(tmp_path / "second.csv", [row("B", kind="bureau", name="新名"), DEPARTMENT, row("I", "D")])

    with pytest.raises(CommandError) as refused:
        run(path, "--yes")

    assert str(refused.value) == (
        "未写入任何内容。\n第 2 行 key：机构“B”已登记且内容不同（名称：机构B → 新名）。更改请加 --update。"
    )
    assert keys() == {"B", "D"}


def test_an_update_changes_moves_and_tells_before_and_after(tmp_path):
    run(written(tmp_path / "first.csv", [BUREAU, DEPARTMENT, row("I", "D")]), "--yes")
    rows = [row("I", "E", name="新名"), row("E", "B", "department")]

    out = run(written(tmp_path / "second.csv", rows), "--update", "--yes")

    institution = Agency.objects.get(key="I")
    assert (institution.name, institution.path) == ("新名", "B/E/I/")
    assert institution.history.count() == 2
    assert (
        Event.objects.order_by("-sequence")[0].detail
        == "机构 新名：名称：机构I → 新名；主管单位：机构D → 机构E"
    )
    assert "新增 1，变更 1，未变 0" in out
    assert "I 新名：名称：机构I → 新名；主管单位：机构D → 机构E" in out


def test_an_update_may_turn_the_tree_round(tmp_path):
    run(
        written(tmp_path / "first.csv", [BUREAU, DEPARTMENT, row("E", "D", "department"), row("I", "E")]),
        "--yes",
    )
    rows = [row("D", "E", "department"), row("E", "B", "department")]

    run(written(tmp_path / "second.csv", rows), "--update", "--yes")

    assert dict(Agency.objects.values_list("key", "path")) == {
        "B": "B/",
        "E": "B/E/",
        "D": "B/E/D/",
        "I": "B/E/I/",
    }


def test_the_person_who_imports_stands_in_trail_and_history(tmp_path):
    manager = user_with(Role.MANAGER, BureauFactory(), username="guanli")

    run(written(tmp_path / "register.csv", [BUREAU]), "--yes", "--by", "guanli")

    assert Event.objects.get(verb=Verb.REGISTER).actor == manager
    assert Agency.objects.get(key="B").history.get().history_user == manager


def test_only_a_manager_imports(tmp_path):
    user_with(Role.REVIEWER, BureauFactory(), username="shenhe")

    with pytest.raises(CommandError, match="不是局管理员"):
        run(written(tmp_path / "register.csv", [BUREAU]), "--yes", "--by", "shenhe")

    assert "B" not in keys()


def test_the_older_check_of_a_code_is_a_reminder_only(tmp_path):
    out = run(
        written(tmp_path / "register.csv", [row("B", kind="bureau", credit_code=ODD_UNIVERSITY)]), "--yes"
    )

    assert (
        f"提醒：第 2 行 credit_code：{ODD_UNIVERSITY} 第9至17位（组织机构代码）校验不符，请核对证书原件。"
        in out
    )
    assert keys() == {"B"}


def test_institutions_may_share_a_code_or_have_none():
    rows = [
        BUREAU,
        row("I-01", "B", credit_code=UNIVERSITY),
        row("I-02", "B", credit_code=UNIVERSITY),
        row("I-03", "B"),
    ]

    assert len(register_file.read(rows).new) == 4


# Kinds of files


def test_a_file_as_excel_writes_it_in_china_is_read(tmp_path):
    path = written(
        tmp_path / "register.csv", [row("B", kind="机关事务管理局", name="区机关事务管理局")], "gb18030"
    )

    run(path, "--yes")

    assert Agency.objects.get().name == "区机关事务管理局"


def test_a_workbook_is_read_with_its_dates_and_lost_zeros(tmp_path):
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(["B", None, "局", "bureau", 1, None, 1, None, date(2020, 1, 31), None])
    book.active.append(["I", None, "校", "公共机构", 21, "B", 0, None, "2021/2/3", None])
    book.save(tmp_path / "register.xlsx")

    run(tmp_path / "register.xlsx", "--yes")

    bureau, school = Agency.objects.order_by("path")
    assert (bureau.type_code, bureau.is_party_government_organ, bureau.registered_from) == (
        "01",
        True,
        date(2020, 1, 31),
    )
    assert (school.type_code, school.kind, school.registered_from) == ("021", "institution", date(2021, 2, 3))


def test_a_formula_is_refused(tmp_path):
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(
        ["B", None, '=CONCATENATE("a","b")', "bureau", "01", None, "否", None, "2020-01-01", None]
    )
    book.save(tmp_path / "register.xlsx")

    with pytest.raises(CommandError, match="第 2 行 name：不能是公式，请粘贴为数值。"):
        run(tmp_path / "register.xlsx")


@pytest.mark.parametrize("name", ["register.xlsx", "register.csv"])
def test_what_is_no_table_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81\x00")

    with pytest.raises(CommandError, match="第 1 行"):
        run(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"没有文件 .*gone\.csv"):
        run(tmp_path / "gone.csv")


def test_a_missing_and_an_unknown_column_are_named(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("key,nmae\nB,局\n", encoding="utf-8")

    with pytest.raises(CommandError) as refused:
        run(path)

    assert "第 1 行 name：缺少此列；应有 key、credit_code、name" in str(refused.value)
    assert "第 1 行 nmae：不认识此列；可用 key、credit_code、name" in str(refused.value)


def test_a_comma_too_many_is_refused(tmp_path):
    path = written(tmp_path / "register.csv", [BUREAU])
    path.write_text(path.read_text(encoding="utf-8").rstrip() + ",更多\n", encoding="utf-8")

    with pytest.raises(CommandError, match="第 2 行 第 11 列：表头只有 10 列，此行多出内容。"):
        run(path)


def test_empty_rows_count_but_say_nothing():
    empty = dict.fromkeys(HEADER, "")

    assert problems([BUREAU, empty, row("I", "B", kind="学校")])[0].startswith("第 4 行 kind：")


# Values


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            {"kind": "学校"},
            "第 3 行 kind：“学校”不在可选值中，应为 bureau（机关事务管理局）、department（主管部门）、"
            "institution（公共机构）。",
        ),
        (
            {"type_code": "04"},
            "第 3 行 type_code：“04”不在可选值中，应为 01（国家机关）、021（教育事业单位）、022（科技事业单位）、"
            "023（文化事业单位）、024（卫生事业单位）、025（体育事业单位）、026（其他事业单位）、03（团体组织）。",
        ),
        (
            {"is_party_government_organ": "也许"},
            "第 3 行 is_party_government_organ：“也许”应为“是”或“否”（也可写 1 或 0）。",
        ),
        ({"registered_from": "2020年"}, "第 3 行 registered_from：“2020年”不是日期，应如 2020-01-31。"),
        (
            {"registered_from": "2020-02-30"},
            "第 3 行 registered_from：“2020-02-30”不是日期，应如 2020-01-31。",
        ),
        ({"registered_from": ""}, "第 3 行 registered_from：“”不是日期，应如 2020-01-31。"),
        ({"registered_to": "2019-12-31"}, "第 3 行 registered_to：2019-12-31 早于纳入名录日期 2020-01-01。"),
        ({"name": ""}, "第 3 行 name：不能为空。"),
        ({"parent": ""}, "第 3 行 parent：不能为空：除机关事务管理局外，每个机构都要写主管单位的机构编码。"),
        ({"parent": "X"}, "第 3 行 parent：文件和名录中都没有机构“X”，应为主管单位的机构编码。"),
        (
            {"credit_code": "12100000400002697D"},
            "第 3 行 credit_code：“12100000400002697D”：统一社会信用代码校验位不符：按前17位应为“C”，现为“D”。"
            "请核对是否抄错或颠倒。",
        ),
        ({"key": "inst-1"}, "第 3 行 key：“inst-1”：机构编码由数字、大写字母和“-”组成。"),
    ],
)
def test_a_rejected_value_is_named_with_what_would_be_accepted(cells, sentence):
    assert problems([BUREAU, row("I", "B") | cells]) == [sentence]


def test_a_text_too_long_is_refused():
    refused = problems([BUREAU, row("I", "B", name="名" * 101)])

    assert len(refused) == 1
    assert refused[0].startswith("第 3 行 name：")
    assert "100" in refused[0]


def test_every_problem_of_a_file_is_told_at_once():
    rows = [BUREAU, row("I", "B", kind="x", type_code="y"), row("I", "B"), row("J", "Q", registered_from="z")]

    assert [problem.split("：")[0] for problem in problems(rows)] == [
        "第 3 行 kind",
        "第 3 行 type_code",
        "第 4 行 key",
        "第 5 行 registered_from",
        "第 5 行 parent",
    ]


def test_one_bad_row_keeps_all_others_out(tmp_path):
    path = written(tmp_path / "register.csv", [BUREAU, row("I", "B"), row("J", "B", type_code="x")])

    with pytest.raises(CommandError, match="未写入任何内容"):
        run(path, "--yes")

    assert keys() == set()


# The tree


def test_a_circle_in_the_file_is_refused():
    refused = problems([BUREAU, row("D", "E", "department"), row("E", "D", "department"), row("I", "E")])

    assert refused == [
        "第 3 行 parent：“机构E”是本机构或其下属，不能作主管单位。",
        "第 4 行 parent：“机构D”是本机构或其下属，不能作主管单位。",
    ]


def test_a_circle_through_the_register_is_refused():
    bureau = BureauFactory(key="B")
    department = DepartmentFactory(key="D", parent=bureau)
    DepartmentFactory(key="E", parent=department)

    assert problems([row("D", "E", "department", name=department.name)], may_change=True)[0].startswith(
        "第 2 行 parent："
    )


def test_an_institution_of_the_file_or_the_register_is_nobodys_parent():
    bureau = BureauFactory(key="B")
    InstitutionFactory(key="OLD", parent=bureau, name="旧校")

    assert problems([row("NEW", "B"), row("I", "NEW"), row("J", "OLD")]) == [
        "第 3 行 parent：“机构NEW”是公共机构，只有主管部门和机关事务管理局可作主管单位。",
        "第 4 行 parent：“旧校”是公共机构，只有主管部门和机关事务管理局可作主管单位。",
    ]


def test_a_department_with_others_below_it_does_not_become_an_institution():
    department = DepartmentFactory(key="D", parent=BureauFactory(key="B"))
    InstitutionFactory(parent=department)

    assert problems([row("D", "B")], may_change=True) == [
        "第 2 行 kind：本机构在名录中有下属机构，不能改为公共机构。"
    ]


def test_a_tree_too_deep_is_refused():
    chain = [row("L0" + "X" * 28, kind="bureau")]
    for level in range(1, 9):
        chain.append(row(f"L{level}" + "X" * 28, chain[-1]["key"], "department"))

    assert problems(chain) == [
        "第 9 行 parent：层级过深，请选择层级较高的主管单位。",
        "第 10 行 parent：层级过深，请选择层级较高的主管单位。",
    ]


def test_reading_costs_the_same_for_one_row_and_for_many(django_assert_num_queries):
    rows = [BUREAU, *(row(f"I-{number}", "B") for number in range(300))]

    with django_assert_num_queries(1):
        register_file.read(rows)
