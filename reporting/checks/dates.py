"""Months that cannot be filed: not over yet, or after the institution left the register."""

from collections.abc import Iterator
from datetime import date, timedelta

from .month import Month
from .repeats import WHOLE_MONTH
from .rule import LimitOf, Said


def future(month: Month, _limit: LimitOf) -> Iterator[Said]:
    last = last_day(month.day)
    if month.today < last:
        words = f"{_name(month.day)}尚未结束，{last.month}月{last.day}日起才能提交。"
        yield Said(WHOLE_MONTH, words, f"不早于{_name(month.day)}{last.day}日")


def after_closing(month: Month, _limit: LimitOf) -> Iterator[Said]:
    if month.closed_on and month.day > month.closed_on:
        left = f"{month.closed_on.year}年{month.closed_on.month}月{month.closed_on.day}日"
        words = f"本机构已于{left}退出名录，不应再有{_name(month.day)}的数据。"
        yield Said(WHOLE_MONTH, words, f"不晚于{_name(month.closed_on)}")


def last_day(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _name(day: date) -> str:
    return f"{day.year}年{day.month}月"
