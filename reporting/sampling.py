"""Which of many are looked at a second time: a draw that anybody can repeat from its seed.

Pure: texts in, texts out.
"""

import hashlib
from collections.abc import Iterable
from fractions import Fraction

# Of what was approved in bulk, and of the institutions of a year (统计调查制度: 每年抽查不少于 5 %).
SHARE = Fraction(5, 100)


def size(population: int, share: Fraction = SHARE) -> int:
    """How many are drawn: the share rounded up, so at least one of any. Raises ValueError for less than nobody."""
    if population < 0:
        raise ValueError(f"Nobody can be drawn from {population}.")
    return -(-population * share.numerator // share.denominator)


def place(seed: str, name: str) -> str:
    """Where a name stands in the order of a draw: SHA-256 of seed, a bar and the name, in hexadecimal."""
    return hashlib.sha256(f"{seed}|{name}".encode()).hexdigest()


def drawn(seed: str, names: Iterable[str], count: int) -> list[str]:
    """The first of the names in the order of `place`; the order in which they come says nothing, nor a repetition."""
    return sorted(set(names), key=lambda name: place(seed, name))[:count]
