"""Typesets TeX beside the window: ziamath turns each formula into outlines once. No widgets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from PySide6.QtCore import QByteArray, QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgRenderer

MAX_CHARACTERS = 2000
"""Longer formulas stay TeX."""
_REMEMBERED = 2000
_BATCH_SECONDS = 0.1
_EM = 24.0
_LOCK = Lock()
"""The library keeps its fonts and their glyphs in tables of its own."""


class Formula(NamedTuple):
    """TeX with its marks, and whether it stands on a line of its own."""

    source: str
    display: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """A formula that was set, in heights of its font; ``svg`` draws it in black."""

    svg: str
    width: float
    ascent: float
    descent: float

    def draw(self, painter: QPainter, left: QPointF, size: float, color: str) -> None:
        """Draw with the start of the baseline at ``left``, in a font of ``size`` pixels."""
        box = QRectF(
            left.x(),
            left.y() - self.ascent * size,
            self.width * size,
            (self.ascent + self.descent) * size,
        )
        _renderer(self.svg, color).render(painter, box)


@lru_cache(maxsize=300)
def _renderer(svg: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(svg.replace('"black"', f'"{color}"').encode()))


class Formulas(QObject):
    """The outlines of all texts of a window; those that cannot be drawn are remembered too.

    Args:
        run: Runs a call beside the window and hands its result on there.
    """

    drawn = Signal(object)
    """A frozenset of formulas whose outlines are there now."""

    def __init__(self, run: Callable[[Callable[[], Any], Callable[[Any], None]], None]) -> None:
        super().__init__()
        self._run = run
        self._outlines: dict[Formula, Outline | None] = {}
        self._waiting: dict[Formula, None] = {}
        self._busy = False

    def outline(self, formula: Formula) -> Outline | None:
        """Return a formula's outline; None where there is none, or none yet: then it is drawn."""
        if formula not in self._outlines and formula not in self._waiting:
            self._waiting[formula] = None
            self._start()
        return self._outlines.get(formula)

    def _start(self) -> None:
        if self._waiting and not self._busy:
            self._busy = True
            self._run(lambda: _typeset(tuple(self._waiting)), self._on_typeset)

    def _on_typeset(self, outlines: dict[Formula, Outline | None]) -> None:
        self._busy = False
        for formula, outline in outlines.items():
            self._waiting.pop(formula, None)
            self._outlines[formula] = outline
        while len(self._outlines) > _REMEMBERED:
            del self._outlines[next(iter(self._outlines))]
        self._start()
        drawn = frozenset(formula for formula, outline in outlines.items() if outline)
        if drawn:
            self.drawn.emit(drawn)


def _typeset(formulas: Sequence[Formula]) -> dict[Formula, Outline | None]:
    """Set formulas until a batch's time is over."""
    until = time.monotonic() + _BATCH_SECONDS
    outlines: dict[Formula, Outline | None] = {}
    for formula in formulas:
        outlines[formula] = typeset(formula)
        if time.monotonic() > until:
            break
    return outlines


def typeset(formula: Formula) -> Outline | None:
    """Set one formula; None for TeX that the library does not know or its font has no glyphs for.

    Takes about 15 ms; the first one 0.3 s more for the import.
    """
    if len(formula.source) > MAX_CHARACTERS:
        return None
    from ziamath.config import config  # heavy
    from ziamath.zmath import Latex

    with _LOCK:
        config.svg2 = False  # Qt draws SVG Tiny 1.2
        try:
            math = Latex(_body(formula.source), size=_EM, inline=not formula.display, margin=0)
            if not _is_complete("".join(math.mathml.itertext()), math.font.glyphindex):
                return None
            svg, (width, height), below = math.svg(), math.getsize(), math.getyofst()
        except Exception:  # noqa: BLE001  TeX of anyone: whatever it breaks in the library
            return None
    if not 0 < width < 400 * _EM or not 0 < height < 100 * _EM:
        return None
    return Outline(svg, width / _EM, (height + below) / _EM, -below / _EM)


def _is_complete(text: str, glyph: Callable[[str], int]) -> bool:
    """Whether no unknown command was set as its own name and each character has a glyph."""
    return not re.search(r"\\[A-Za-z]", text) and all(map(glyph, _visible(text)))


def _visible(text: str) -> Iterable[str]:
    return (char for char in text if char.isprintable() and not char.isspace())


_MARKS = re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$|\$(.*)\$", re.DOTALL)
_NUMBERED = re.compile(r"(\\(?:begin|end)\{)(?:align|alignat|eqnarray)\*?(\})")
_MATRIX = re.compile(r"(\\begin\{[bBpvV]matrix\})|(\\end\{[bBpvV]matrix\})")
_UNSHOWN = re.compile(
    r"\\(?:begin|end)\{(?:equation|gather|multline)\*?\}|\\label\{[^}]*\}|\\no(?:number|tag)\b"
)


def _body(source: str) -> str:
    """Return the TeX between its marks, without numbers of equations.

    A matrix becomes a group: the library gives its exponent to the last bracket alone, and fails.
    """
    source = source.strip().rstrip(".,;")
    match = _MARKS.fullmatch(source)
    body = next(filter(None, match.groups()), "") if match else source
    body = _UNSHOWN.sub("", _NUMBERED.sub(r"\1align*\2", body))
    body = _MATRIX.sub(lambda match: f"{{{match[0]}" if match[1] else f"{match[0]}}}", body)
    return body.replace("\u2028", "\n").strip()
