"""Student's t distribution for whole degrees of freedom, in closed form; SciPy is not worth its size here.

Pure. Source: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# P(T > 1e6) is below 1e-6 even with one degree of freedom.
FARTHEST = 1e6
HALVINGS = 100


def cdf(t: Floats, degrees: int) -> Floats:
    """P(T ≤ t) for any shape of t, ±inf included; NaN stays NaN. Raises ValueError below one degree of freedom.

    With θ = arctan(t/√ν), P(|T| ≤ t) is sin θ · (1 + cos²θ/2 + 1·3/(2·4) cos⁴θ + …) for even ν and
    2/π · (θ + sin θ · (cos θ + 2/3 cos³θ + …)) for odd ν, both up to cos^(ν−2).
    """
    if degrees < 1:
        raise ValueError(f"{degrees} degrees of freedom are less than 1.")
    theta = np.arctan(t / math.sqrt(degrees))
    term = np.cos(theta) if degrees % 2 else np.ones_like(theta)
    series = np.zeros_like(theta)
    for power in range(degrees % 2, degrees - 1, 2):
        series = series + term
        term = term * np.cos(theta) ** 2 * (power + 1) / (power + 2)
    inside = np.sin(theta) * series
    return (1.0 + (2.0 / math.pi * (theta + inside) if degrees % 2 else inside)) / 2.0


def two_sided_quantile(level: float, degrees: int) -> float:
    """The t with P(|T| ≤ t) = level, by bisection. Raises ValueError unless 0 < level < 1 and degrees ≥ 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"A level of {level} does not lie between 0 and 1.")
    below, above = 0.0, FARTHEST
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        is_short = 2 * float(cdf(np.array(middle), degrees)) - 1 < level
        below, above = (middle, above) if is_short else (below, middle)
    return above
