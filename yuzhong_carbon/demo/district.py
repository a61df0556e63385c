"""The register of the demo district: a bureau, its departments, and institutions in the type mix of a district."""

from dataclasses import dataclass

import numpy as np

from agencies import credit_code

SEED = 20_230_315
BUREAU_NAME = "演示区机关事务管理局"
STREETS = (
    "七星岗",
    "解放碑",
    "两路口",
    "上清寺",
    "菜园坝",
    "南纪门",
    "朝天门",
    "大溪沟",
    "大坪",
    "化龙桥",
    "石油路",
)


@dataclass(frozen=True)
class Branch:
    """Institutions of one kind under one department: their share of the district, and how their names begin."""

    department: str
    name: str
    type_code: str
    weight: int
    profile: str
    is_organ: bool = False


# Weights add up to the 175 institutions that a district of this size reports.
BRANCHES = (
    Branch("党群系统", "示例党群部门", "01", 14, "office", is_organ=True),
    Branch("政府系统", "示例政府部门", "01", 28, "office", is_organ=True),
    Branch("街道系统", "示例街道办事处", "01", 11, "office", is_organ=True),
    Branch("政法系统", "示例政法单位", "01", 6, "station", is_organ=True),
    Branch("教育系统", "示例小学", "021", 30, "school"),
    Branch("教育系统", "示例中学", "021", 16, "school"),
    Branch("教育系统", "示例幼儿园", "021", 16, "kindergarten"),
    Branch("卫生健康系统", "示例医院", "024", 7, "hospital"),
    Branch("卫生健康系统", "示例社区卫生服务中心", "024", 14, "clinic"),
    Branch("文化旅游系统", "示例文化场馆", "023", 8, "venue"),
    Branch("文化旅游系统", "示例体育场馆", "025", 4, "venue"),
    Branch("政府系统", "示例科技服务中心", "022", 4, "office"),
    Branch("政府系统", "示例事务中心", "026", 12, "office"),
    Branch("党群系统", "示例群团组织", "03", 5, "office"),
)


@dataclass(frozen=True)
class Institution:
    """A row of the register with the profile that shapes its months."""

    row: dict
    profile: str

    @property
    def key(self):
        return self.row["key"]


def code_for(number: int) -> str:
    """A well-formed 统一社会信用代码 that passes both checks and belongs to nobody: its numbers count up from 1."""
    body = f"{number:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    check = "0123456789X0"[
        11 - sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    ]
    if check == "X":  # The new alphabet has it, but a digit reads better.
        return code_for(number + 50_000)
    first_17 = f"11500103{body}{check}"
    return first_17 + credit_code.check_character(first_17)


def register(agencies: int) -> tuple[list[dict], list[Institution]]:
    """All rows of the register file (bureau, departments, institutions), and the institutions with their profile."""
    bureau = _row(1, BUREAU_NAME, "bureau", "01", "")
    departments = {}
    for branch in BRANCHES:
        if branch.department not in departments:
            departments[branch.department] = _row(
                2 + len(departments),
                f"演示{branch.department}",
                "department",
                branch.type_code,
                bureau["key"],
            )
    institutions = _institutions(agencies, departments)
    return [bureau, *departments.values(), *(institution.row for institution in institutions)], institutions


def _institutions(agencies, departments):
    counts = _counts(agencies)
    found = []
    for branch, count in zip(BRANCHES, counts, strict=True):
        for number in range(1, count + 1):
            row = _row(
                100 + len(found),
                f"{branch.name}{number:02d}",
                "institution",
                branch.type_code,
                departments[branch.department]["key"],
            )
            row["is_party_government_organ"] = "1" if branch.is_organ else "0"
            row["street"] = f"{STREETS[len(found) % len(STREETS)]}街道"
            found.append(Institution(row, branch.profile))
    return _with_changes(found)


def _counts(agencies):
    """How many institutions each branch gets: the largest remainders fill up, so that the sum is exact."""
    shares = (
        np.array([branch.weight for branch in BRANCHES])
        * agencies
        / sum(branch.weight for branch in BRANCHES)
    )
    counts = np.floor(shares).astype(int)
    counts[np.argsort(counts - shares, kind="stable")[: agencies - counts.sum()]] += 1
    return counts.tolist()


def _with_changes(institutions):
    """One institution left the register, one joined it: so coverage and comparable sets have something to show."""
    if len(institutions) > 20:
        institutions[9].row["registered_to"] = "2024-06-30"
        institutions[17].row["registered_from"] = "2022-01-01"
    return institutions


def _row(number, name, kind, type_code, parent):
    code = code_for(number)
    return {
        "key": f"{code}-01",
        "credit_code": code,
        "name": name,
        "kind": kind,
        "type_code": type_code,
        "parent": parent,
        "is_party_government_organ": "0",
        "street": "",
        "registered_from": "2015-01-01",
        "registered_to": "",
    }
