"""How tension runs through a piece: 0 (at rest) … 1 (at its height), chosen by name or drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from studio.api import BadInput

Curve = tuple[float, ...]
"""Heights at equal distances, from the start to the end."""

ARCS: Final[dict[str, Curve]] = {
    "rise": (0.1, 0.25, 0.45, 0.7, 1.0),
    "fall": (1.0, 0.7, 0.45, 0.25, 0.1),
    "arch": (0.15, 0.4, 0.75, 1.0, 0.8, 0.4, 0.15),
    "battle": (0.55, 0.9, 0.75, 1.0, 0.35, 0.85, 1.0, 1.0),
    "relief": (0.8, 1.0, 0.95, 0.5, 0.2, 0.15, 0.1),
    "waves": (0.2, 0.7, 0.25, 0.85, 0.3, 1.0, 0.3),
}
"""The arcs that can be chosen."""

MOST_POINTS: Final = 64


def drawn(text: str) -> Curve:
    """Return the curve that was drawn, as numbers from 0 to 1 or 0 % to 100 %; () for none.

    Raises:
        BadInput: It is anything else.
    """
    words = re.findall(r"[^\s,;]+", text)
    try:
        points = [float(w.removesuffix("%")) / (100 if w.endswith("%") else 1) for w in words]
    except ValueError:
        points = [-1.0]
    if len(points) > MOST_POINTS or any(not 0 <= point <= 1 for point in points):
        raise BadInput(
            "This is not a tension curve.",
            f"Use up to {MOST_POINTS} numbers from 0 to 1, for example “0.2 0.5 1 0.3”.",
        )
    return tuple(points)


def by_bar(curve: Sequence[float], bars: int) -> Curve:
    """Return the height in the middle of each bar; () where there is no curve."""
    if not curve:
        return ()
    values = []
    for bar in range(bars):
        at = (bar + 0.5) / bars * (len(curve) - 1)
        left = min(int(at), len(curve) - 1)
        right = min(left + 1, len(curve) - 1)
        values.append(curve[left] + (at - left) * (curve[right] - curve[left]))
    return tuple(values)
