"""The continuous distributions of W&B sweeps, each as its inverse CDF and its CDF.

Every one is a pair `ppf(u) -> x` and `cdf(x) -> u` with u in [0, 1]; Dimension classes build on them.
scipy.special is used instead of scipy.stats, which takes ten times as long to import.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import betainc, betaincinv, ndtr, ndtri

# The tails beyond are never drawn: ndtri(0) is minus infinity, which JSON cannot carry.
SMALLEST_UNIT = 1e-12


class Curve(Protocol):
    """A continuous distribution on the real line."""

    def ppf(self, unit: float) -> float: ...

    def cdf(self, x: float) -> float: ...


def inside(unit: float) -> float:
    return min(max(unit, SMALLEST_UNIT), 1.0 - SMALLEST_UNIT)


@dataclass(frozen=True)
class Uniform:
    low: float
    high: float

    def ppf(self, unit: float) -> float:
        return min(max(self.low + (self.high - self.low) * unit, self.low), self.high)

    def cdf(self, x: float) -> float:
        return min(max((x - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class LogUniform:
    """log(x) is uniform between log(low) and log(high); 0 < low < high."""

    low: float
    high: float

    def ppf(self, unit: float) -> float:
        x = math.exp(math.log(self.low) + (math.log(self.high) - math.log(self.low)) * unit)
        return min(max(x, self.low), self.high)

    def cdf(self, x: float) -> float:
        if x <= self.low:
            return 0.0
        return min((math.log(x) - math.log(self.low)) / (math.log(self.high) - math.log(self.low)), 1.0)


@dataclass(frozen=True)
class Normal:
    mu: float
    sigma: float

    def ppf(self, unit: float) -> float:
        return self.mu + self.sigma * float(ndtri(inside(unit)))

    def cdf(self, x: float) -> float:
        return float(ndtr((x - self.mu) / self.sigma)) if self.sigma else float(x >= self.mu)


@dataclass(frozen=True)
class LogNormal:
    """log(x) is normal with mean mu and standard deviation sigma."""

    mu: float
    sigma: float

    def ppf(self, unit: float) -> float:
        return math.exp(Normal(self.mu, self.sigma).ppf(unit))

    def cdf(self, x: float) -> float:
        return Normal(self.mu, self.sigma).cdf(math.log(x)) if x > 0 else 0.0


@dataclass(frozen=True)
class Beta:
    a: float
    b: float

    def ppf(self, unit: float) -> float:
        return float(betaincinv(self.a, self.b, unit))

    def cdf(self, x: float) -> float:
        return float(betainc(self.a, self.b, min(max(x, 0.0), 1.0)))
