"""统一社会信用代码: every case of the brief, and what the refusal says."""

import csv
from pathlib import Path

import pytest

from agencies import credit_code

HERE = Path(__file__).parent
OWN_COPY = HERE / "uscc.csv"
# Beside the repository on the machines where the portal is built.
BRIEF = HERE.parents[2] / "shared" / "cases" / "uscc.csv"


def cases(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["code"], row["valid"] == "yes", row["note"]) for row in csv.DictReader(lines)]


@pytest.mark.parametrize(("code", "is_valid", "note"), cases(BRIEF if BRIEF.is_file() else OWN_COPY))
def test_each_case_is_judged_as_the_brief_says(code, is_valid, note):
    assert (credit_code.fault(code) is None) == is_valid, note


def test_our_copy_of_the_cases_is_complete():
    codes = {code for code, _, _ in cases(OWN_COPY)}

    assert len(codes) == 8
    assert codes >= {code for code, _, _ in cases(BRIEF if BRIEF.is_file() else OWN_COPY)}


def test_a_wrong_length_is_named():
    assert credit_code.fault("1210000040000269C") == "统一社会信用代码应为18位，现为17位。"


def test_a_letter_outside_the_alphabet_is_named():
    assert credit_code.fault("I2100000400002697C") == (
        "统一社会信用代码只能用数字和大写字母（不含 I、O、S、V、Z），不能有“I”。"
    )


def test_a_wrong_check_character_says_which_was_expected():
    assert credit_code.fault("12100000400002697D") == (
        "统一社会信用代码校验位不符：按前17位应为“C”，现为“D”。请核对是否抄错或颠倒。"
    )


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("115000000092782446", True),
        ("12100000400002697C", True),
        ("91350100M000100Y43", True),
        ("12100000400000678Y", False),
    ],
)
def test_the_older_check_inside_is_told_apart(code, passes):
    assert credit_code.has_organisation_check(code) == passes
