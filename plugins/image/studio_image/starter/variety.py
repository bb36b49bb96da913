"""How the variations of a picture differ: another style, or mirrored. Draws nothing.

The generator has learned each drawing by heart: other noise alone changes little of it. What a
variation is depends on its number and not on how many others there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from studio_image.starter.network import STYLES

_DIRECTED = re.compile(
    r"\b(left|right|button|arrows?|clock|keycap|letter|input|sign|symbol|abc|mark|one|two|three|four|"
    r"five|six|seven|eight|nine|ten|\d+\w*|\w+ thirty|question|speech|medal|place|flag|calendar|"
    r"abacus|writing|japanese|up|down|back|end|on|soon|top|atm|zzz|latin|numbers|cool|free|new|ng|ok|sos|vs|"
    r"clef|score|notes?|east|west|o clock|hash|registered|copyright|trade)\b"
)
_FROM = (1.1, 0.75, 0.25, 0.5)
"""From this variety on, the variation of this number, modulo four, has another style."""
_OTHERS = {
    "3d": ("noto", "fx", "noto-v1"),
    "flat": ("noto", "fx", "noto-v1"),
    "colour": ("noto", "fx", "noto-v1"),
    "noto": ("3d", "fx", "noto-v1"),
    "noto-v1": ("3d", "noto", "fx"),
    "fx": ("3d", "noto", "noto-v1"),
}
"""Those whose drawings are others: 3d, flat and colour are editions of the same."""


_FREEDOM = 0.55
"""How much of the guidance is given up at a variety of 1."""


def reach(variety: float) -> float:
    """Return how far drawings are moved at most, in the generator's measure: 1 is 4 pixels of 64.

    That is as far as training moved them. Such a shift alone makes the mean distance of two seeds
    0.23 for six captions, in place of 0.03, and the probe finds all of them; to the eye the drawing
    stays the same one.
    """
    return variety


def guidance(usual: float, variety: float) -> float:
    """Return the guidance for a variety: less of it lets the noise say more."""
    return usual * (1 - _FREEDOM * variety)


def may_mirror(caption: str) -> bool:
    """Whether a mirrored picture still shows what ``caption`` says (no letters, arrows, clocks)."""
    return _DIRECTED.search(caption) is None


def style_of(number: int, style: str, variety: float, known: Collection[str] = STYLES) -> str:
    """Return the style of a variation, counted from 0, where ``style`` was asked for.

    Args:
        known: Those in which the thing was trained: they come first.
    """
    if variety < _FROM[number % 4]:
        return style
    others = sorted(_OTHERS[style], key=lambda other: other not in known)
    return others[(number + 1) % len(others)]


def is_mirrored(number: int, caption: str, variety: float) -> bool:
    """Whether a variation, counted from 0, is shown mirrored: every second one, if it may be."""
    return variety > 0 and number % 2 == 1 and may_mirror(caption)
