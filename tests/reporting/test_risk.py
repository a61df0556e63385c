"""The risk of a month and the draw of a sample, worked by hand; no database."""

import hashlib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting import risk, sampling
from reporting.risk import Facts

KNOWN = Facts(earlier_tce=Decimal("12.3"), earlier="上年同月", stated_tce=Decimal("12"), decided=12, asked=2)


def test_the_score_is_the_product_of_its_factors():
    facts = Facts(
        earlier_tce=Decimal("12.3"),
        earlier="上年同月",
        stated_tce=Decimal("9"),
        doubts=2,
        slips=1,
        decided=12,
        returned=3,
        troubled=3,
        asked=4,
        lacking=("110", "120"),
    )
    values = [factor.value for factor in risk.factors(facts)]
    # 0.1 + 1 + 3; 1 + 3/12; 1 + 2/4
    assert values == [Decimal("12.3"), Decimal("4.1"), Decimal("1.25"), Decimal("1.5")]
    # 12.3 × 4.1 = 50.43; × 1.25 = 63.0375; × 1.5 = 94.55625
    assert risk.score(facts) == Decimal("94.55625")


def test_each_factor_says_why():
    facts = Facts(
        earlier_tce=Decimal("12.3"),
        earlier="上年同月",
        stated_tce=Decimal("9"),
        doubts=3,
        slips=1,
        jumps=1,
        decided=10,
        returned=3,
        late=1,
        troubled=3,
        asked=3,
        lacking=("110", "120"),
    )
    assert [factor.words for factor in risk.factors(facts)] == [
        "预计用能 12.30 tce（上年同月）",
        "疑问 3 项，其中量级 1 项、突变 1 项",
        "近 12 月审过 10 月，退回 3 次、逾期 1 次",
        "缺凭证：电、水",
    ]


def test_a_month_of_which_nothing_is_doubtful_keeps_a_tenth_of_its_stake():
    assert risk.score(KNOWN) == Decimal("1.23")
    assert [factor.words for factor in risk.factors(KNOWN)][1:] == [
        "没有疑问",
        "近 12 月审过 12 月，没有退回或逾期",
        "凭证齐全",
    ]


def test_the_larger_of_before_and_now_is_at_stake():
    stake = risk.factors(Facts(Decimal(2), "上年同月", Decimal(20000)))[0]
    assert (stake.value, stake.words) == (Decimal(20000), "填报用能 20,000.00 tce，上年同月 2.00 tce")
    stake = risk.factors(Facts(stated_tce=Decimal(3)))[0]
    assert (stake.value, stake.words) == (Decimal(3), "填报用能 3.00 tce，没有以前的月份可比")


def test_what_is_unknown_is_not_zero():
    assert risk.score(Facts()) is None
    assert risk.factors(Facts())[0].words == "用能未知"
    assert risk.score(Facts(stated_tce=Decimal(0))) == 0


def test_of_a_filer_of_whom_nothing_was_decided_half_is_assumed():
    history = risk.factors(Facts(stated_tce=Decimal(1)))[2]
    assert (history.value, history.words) == (Decimal("1.5"), "近 12 月没有审核记录，按一半计")


def test_a_month_without_metered_or_paid_items_needs_no_document():
    evidence = risk.factors(Facts(stated_tce=Decimal(1)))[3]
    assert (evidence.value, evidence.words) == (Decimal(1), "没有须附凭证的用量")


def test_what_must_have_its_energy_audited_is_never_quiet():
    # 500 tce a year, a twelfth a month, a tenth of it at stake
    assert Decimal("4.17") == risk.QUIET_BELOW
    month = Facts(earlier_tce=Decimal(500) / 12, earlier="上年同月", stated_tce=Decimal(1), decided=12)
    assert risk.score(month) == pytest.approx(risk.QUIET_BELOW, abs=Decimal("0.01"))


def test_energy_of_a_month_counts_what_is_known():
    per_unit = np.array([0.1229, 1.33, 0.0])
    assert risk.energy_tce(np.array([10000.0, 100.0, np.nan]), per_unit) == Decimal("1.3620")
    assert risk.energy_tce(np.array([np.nan, 100.0, 5.0]), per_unit) == Decimal("0.1330")
    assert risk.energy_tce(np.array([np.nan, 0.0, 5.0]), per_unit) is None
    assert risk.energy_tce(np.array([0.0, 0.0, 5.0]), per_unit) == 0
    with pytest.raises(ValueError, match="do not fit"):
        risk.energy_tce(np.array([1.0]), per_unit)


def test_doubts_are_counted_by_kind():
    rules = ["unit-slip", "cost-slip", "data-error", "steady"]
    assert risk.counts(rules) == {"doubts": 4, "jumps": 1, "slips": 2}


counts = st.integers(0, 12)


@given(st.decimals(0, 10**6, places=4), st.integers(0, 20), counts, st.integers(1, 12), st.integers(0, 8))
def test_one_more_doubt_return_or_missing_document_never_lowers_the_risk(tce, doubts, late, decided, lacking):
    codes = tuple(risk.MAIN)[:lacking]
    troubled = min(late, decided)
    facts = Facts(tce, "上年同月", None, doubts, 0, 0, decided, 0, troubled, troubled, 8, codes)
    more = Facts(tce, "上年同月", None, doubts + 1, 0, 0, decided, 0, decided, decided, 8, tuple(risk.MAIN))
    assert risk.score(more) >= risk.score(facts)


# The draw


@given(st.integers(0, 20_000))
def test_a_sample_is_at_least_five_in_a_hundred_and_one_fewer_were_not(population):
    size = sampling.size(population)
    assert Fraction(size) >= Fraction(5, 100) * population
    assert size == 0 or Fraction(size - 1) < Fraction(5, 100) * population
    assert (size >= 1) == (population >= 1)


def test_the_draw_is_the_order_of_sha256_over_seed_and_name():
    names = [f"{number:064x}" for number in range(30)]
    by_hand = sorted(names, key=lambda name: hashlib.sha256(f"seed|{name}".encode()).hexdigest())
    assert sampling.drawn("seed", names, 2) == by_hand[:2]


@given(st.text(max_size=20), st.lists(st.text(max_size=70), max_size=60), st.randoms())
def test_anybody_can_repeat_a_draw_in_whatever_order_the_names_come(seed, names, chance):
    shuffled = [*names]
    chance.shuffle(shuffled)
    count = sampling.size(len(set(names)))
    drawn = sampling.drawn(seed, names, count)
    assert sampling.drawn(seed, shuffled, count) == drawn
    assert len(drawn) == count
    assert set(drawn) <= set(names)


def test_another_seed_draws_others():
    names = [str(number) for number in range(200)]
    assert sampling.drawn("a", names, 10) != sampling.drawn("b", names, 10)


def test_nobody_is_drawn_from_less_than_nobody():
    with pytest.raises(ValueError, match="-1"):
        sampling.size(-1)
