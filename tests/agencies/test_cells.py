"""What somebody typed never becomes a formula in a spreadsheet."""

import pytest

from agencies.cells import harmless


@pytest.mark.parametrize("trigger", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "\0"])
def test_every_trigger_gets_a_quote_before_it(trigger):
    assert harmless(f"{trigger}cmd|' /C calc'!A0") == f"'{trigger}cmd|' /C calc'!A0"


def test_spaces_before_a_trigger_do_not_hide_it():
    assert harmless("  \u3000=1+1") == "'=1+1"


@pytest.mark.parametrize("text", ["", "用电量：1 → 2", "a=b", "2026-10", "渝中区"])
def test_plain_text_stays_as_it_is(text):
    assert harmless(text) == text
