"""A shape in space as it is seen: turned, put in perspective, sorted by depth. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

UNTURNED: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_EYE = 6.0
"""Distance of the eye in radii of the molecule: near enough for depth, far enough to be true."""


@dataclass(frozen=True)
class Seen:
    """An atom in view: where (from the middle, in radii), its depth, how much larger it looks."""

    x: float
    y: float
    depth: float
    scale: float


def turned(matrix: Matrix, across: float, down: float) -> Matrix:
    """Return ``matrix`` after a turn to the right and downwards by angles in radians."""
    c, s = math.cos(across), math.sin(across)
    around_y: Matrix = ((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c))
    c, s = math.cos(down), math.sin(down)
    around_x: Matrix = ((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c))
    return product(around_x, product(around_y, matrix))


def product(left: Matrix, right: Matrix) -> Matrix:
    """Return ``left`` after ``right``."""
    rows = [
        tuple(sum(left[i][k] * right[k][j] for k in range(3)) for j in range(3)) for i in range(3)
    ]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]  # three each


def radius(places: Sequence[Sequence[float]]) -> float:
    """Return how far the outermost atom is from the middle; 1 for a single atom."""
    return max((math.sqrt(sum(axis * axis for axis in place)) for place in places), default=1) or 1


def project(places: Sequence[Sequence[float]], matrix: Matrix) -> list[Seen]:
    """Return how each atom is seen from the front; a larger ``depth`` is nearer."""
    reach = radius(places)
    seen = []
    for place in places:
        x, y, z = (sum(row[k] * place[k] for k in range(3)) / reach for row in matrix)
        scale = _EYE / (_EYE - z)
        seen.append(Seen(x * scale, -y * scale, z, scale))
    return seen
