"""Drawn phantoms: ellipses that stand in for sections of a head, with a lesion or without.

After Shepp and Logan (1974): each ellipse adds to the brightness of what it covers. They are
drawings and no pictures of people; what a model learns from them says nothing about patients.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.api import finished
from studio_lab.datasets.dataset import Dataset, Shape, Split

CLASSES = ("with lesion", "without lesion")
LICENCE = "Drawn by the studio; free to use. No patient is behind any of them."
TITLE = "Drawn phantoms, not medical pictures"
_SKULL = ((1.0, 0.69, 0.92, 0.0, 0.0, 0.0), (-0.6, 0.62, 0.85, 0.0, 0.0, 0.0))
_WITHIN = (
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18.0),
    (-0.2, 0.16, 0.41, -0.22, 0.0, 18.0),
    (0.12, 0.21, 0.25, 0.0, 0.35, 0.0),
    (0.1, 0.05, 0.05, 0.0, 0.1, 0.0),
    (0.1, 0.05, 0.05, 0.0, -0.1, 0.0),
    (0.1, 0.05, 0.02, -0.08, -0.6, 0.0),
    (0.1, 0.02, 0.05, 0.06, -0.6, 0.0),
)
"""Brightness, half widths across and down, centre, turn in degrees; from −1 to 1."""


@dataclass(frozen=True)
class Drawing:
    """How phantoms are drawn.

    Attributes:
        side: Pixels.
        share: Of those with a lesion.
        contrast: How much brighter a lesion is than what is around it, from 0 to 1.
        noise: Standard deviation of the noise in both parts of the signal (Rician).
        blur: Standard deviation in thousandths of the side.
    """

    side: int = 32
    share: float = 0.5
    contrast: float = 0.3
    noise: float = 0.05
    blur: float = 15.0


@dataclass(frozen=True)
class Phantoms:
    """Simulated pictures and their lesions.

    Attributes:
        pictures: (n, side, side) uint8.
        lesions: (n, 3) centre, across and down, and radius, from −1 to 1; NaN without one.
    """

    pictures: NDArray[np.uint8]
    lesions: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) places in ``CLASSES``."""
        return np.isnan(self.lesions[:, 0]).astype(np.int64)


def drawn(count: int, how: Drawing, seed: int) -> Generator[int, None, Phantoms]:
    """Draw phantoms, all different: turned, stretched and moved a little.

    Yields how many there are by now; returns all ``count``.
    """
    rng = np.random.default_rng(seed)
    has_lesion = rng.permutation(count) < round(how.share * count)
    pictures, lesions = [], []
    for with_lesion in has_lesion:
        picture, lesion = _phantom(how, bool(with_lesion), rng)
        pictures.append(picture)
        lesions.append(lesion)
        yield len(pictures)
    return Phantoms(np.stack(pictures), np.array(lesions))


def phantoms() -> tuple[Dataset, list[str]]:
    """Return 600 phantoms of 32 × 32 pixels, half of them with a lesion."""
    result = finished(drawn(600, Drawing(), 0))
    shape = Shape("pictures", 1, 32, 32, classes=2)
    split = Split.drawn(len(result.pictures), 0)
    rows = result.pictures[:, None]
    return Dataset(TITLE, shape, rows, split, result.labels, CLASSES, LICENCE), []


def _phantom(
    how: Drawing, with_lesion: bool, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], tuple[float, float, float]]:
    from scipy.ndimage import gaussian_filter

    across, down = _turned(how.side, rng)
    picture = np.zeros((how.side, how.side))
    for ellipse in _SKULL:
        picture += _ellipse(across, down, *ellipse)
    for brightness, wide, high, x, y, turn in _WITHIN:
        wide, high = (size * rng.uniform(0.8, 1.2) for size in (wide, high))
        x, y, turn = x + rng.normal(0, 0.02), y + rng.normal(0, 0.02), turn + rng.normal(0, 5)
        picture += _ellipse(across, down, brightness, wide, high, x, y, turn)
    lesion = (float("nan"),) * 3
    if with_lesion:
        angle, far, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1), rng.uniform(0.08, 0.16)
        lesion = (0.4 * far * np.cos(angle), 0.6 * far * np.sin(angle), radius)
        x, y, size = lesion
        picture += _ellipse(across, down, how.contrast, size, size * rng.uniform(0.7, 1.3), x, y, 0)
    smooth = gaussian_filter(picture, how.blur / 1000 * how.side)
    noise = rng.normal(0, how.noise, (2, how.side, how.side)) if how.noise else np.zeros((2, 1, 1))
    seen = np.sqrt((smooth + noise[0]) ** 2 + noise[1] ** 2)
    return (seen * 255).round().clip(0, 255).astype(np.uint8), lesion


def _turned(side: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Return where each pixel lies in a head that is turned, stretched and moved a little."""
    places = (np.arange(side) + 0.5) / side * 2 - 1
    across, down = np.meshgrid(places, places)
    angle = np.radians(rng.normal(0, 5))
    x, y = across - rng.normal(0, 0.02), down - rng.normal(0, 0.02)
    stretch = rng.uniform(0.95, 1.1, 2)
    return (
        (x * np.cos(angle) + y * np.sin(angle)) * stretch[0],
        (y * np.cos(angle) - x * np.sin(angle)) * stretch[1],
    )


def _ellipse(
    across: NDArray[np.float64],
    down: NDArray[np.float64],
    brightness: float,
    wide: float,
    high: float,
    x: float,
    y: float,
    turn: float,
) -> NDArray[np.float64]:
    angle = np.radians(turn)
    left, up = across - x, down - y
    one = (left * np.cos(angle) + up * np.sin(angle)) / wide
    other = (up * np.cos(angle) - left * np.sin(angle)) / high
    return np.where(one**2 + other**2 <= 1, brightness, 0.0)
