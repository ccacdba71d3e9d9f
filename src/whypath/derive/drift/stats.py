"""Tells whether two distributions differ: exactly for few, by chi-square for many.

Fisher's exact test; Pearson's chi-square with the incomplete gamma function as in
Abramowitz and Stegun 6.5.29 and 6.5.31; the population stability index as banks use it.
"""

from collections.abc import Mapping
from math import comb, exp, lgamma, log

Counts = Mapping[str, int]

MANY = 30
SURE = 0.01
SHIFTED = 0.2


def differs(before: Counts, now: Counts) -> float | None:
    """The p-value of a difference that is both sure and large; None where it is not.

    With 30 of each, chi-square below 0.01 and a stability index above 0.2. With fewer,
    the exact test of the choice that moved most, corrected for how many there are.
    """
    many = min(sum(before.values()), sum(now.values())) >= MANY
    if many:
        p = chi_square(before, now)
        return p if p < SURE and stability(before, now) > SHIFTED else None
    names = set(before) | set(now)
    if not names:
        return None
    least = min(exact(before, now, name) for name in names) * len(names)
    return least if least < SURE else None


def exact(before: Counts, now: Counts, name: str) -> float:
    """Fisher's exact test, two-sided: this choice against all others."""
    a, b = before.get(name, 0), now.get(name, 0)
    total_a, total_b = sum(before.values()), sum(now.values())
    whole, hits = total_a + total_b, a + b
    ways = comb(whole, hits)

    def chance(x: int) -> float:
        return comb(total_a, x) * comb(total_b, hits - x) / ways

    seen = chance(a)
    low, high = max(0, hits - total_b), min(hits, total_a)
    all_ = (chance(x) for x in range(low, high + 1))
    return min(1.0, sum(p for p in all_ if p <= seen * (1 + 1e-9)))


def chi_square(before: Counts, now: Counts) -> float:
    """The p-value of Pearson's test that both were drawn from the same."""
    names = set(before) | set(now)
    total_a, total_b = sum(before.values()), sum(now.values())
    whole = total_a + total_b
    if len(names) < 2 or not total_a or not total_b:
        return 1.0
    statistic = 0.0
    for name in names:
        both = before.get(name, 0) + now.get(name, 0)
        for count, total in (
            (before.get(name, 0), total_a),
            (now.get(name, 0), total_b),
        ):
            wanted = both * total / whole
            if wanted:
                statistic += (count - wanted) ** 2 / wanted
    return upper_gamma((len(names) - 1) / 2, statistic / 2)


def stability(before: Counts, now: Counts) -> float:
    """The population stability index; above 0.2 is called a shift."""
    total_a, total_b = sum(before.values()) or 1, sum(now.values()) or 1
    index = 0.0
    for name in set(before) | set(now):
        share_a = max(before.get(name, 0) / total_a, 0.5 / total_a)
        share_b = max(now.get(name, 0) / total_b, 0.5 / total_b)
        index += (share_b - share_a) * log(share_b / share_a)
    return index


def upper_gamma(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function Q(a, x)."""
    if x <= 0:
        return 1.0
    scale = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, 500):
            term *= x / (a + n)
            total += term
            if term < total * 1e-12:
                break
        return max(0.0, 1 - scale * total)
    fraction = 0.0
    for n in range(200, 0, -1):
        fraction = n * (n - a) / (x + 2 * n + 1 - a - fraction)
    return scale / (x + 1 - a - fraction)
