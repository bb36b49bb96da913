"""Points in the plane: which are best for two objectives at once; round numbers for axes. No Qt."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence


def ranking(xs: Sequence[float], ys: Sequence[float], more_x: bool, more_y: bool) -> list[int]:
    """Return the rows that have both values, the best x first, of equal ones the best y.

    Args:
        more_x, more_y: Whether more is better; else less is.
    """
    sign_x, sign_y = (-1 if more_x else 1), (-1 if more_y else 1)
    rows = [row for row in range(len(xs)) if not (math.isnan(xs[row]) or math.isnan(ys[row]))]
    rows.sort(key=lambda row: (sign_x * xs[row], sign_y * ys[row]))
    return rows


def front(
    ranked: Sequence[int], ys: Sequence[float], rows: Collection[int], more_y: bool
) -> list[int]:
    """Return the rows of ``rows`` that no other of them beats in both objectives (Pareto).

    Args:
        ranked: As ``ranking`` returned them; a filter does not change it.
    """
    wanted, sign = frozenset(rows), 1 if more_y else -1
    best, result = -math.inf, []
    for row in ranked:
        if sign * ys[row] > best and row in wanted:
            best = sign * ys[row]
            result.append(row)
    return result


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from ``low`` to ``high``, at most about ``most`` of them."""
    width = high - low
    if not (width > 0 and math.isfinite(width)):
        return [low]
    rough = width / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
