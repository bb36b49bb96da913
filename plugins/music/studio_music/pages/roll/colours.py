"""The colours of the roll, made from the theme's: tracks, rows, lines. Paints nothing."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QColor

from studio.api import Tokens

_TRACKS: Final = (
    "accent",
    "kind-score",
    "kind-molecules",
    "kind-code",
    "kind-audio",
    "kind-image",
    "kind-text",
    "syntax-number",
)
BLACK_KEYS: Final = frozenset({1, 3, 6, 8, 10})


class Colours:
    """Colours by purpose."""

    def __init__(self, tokens: Tokens) -> None:
        colors = {name: QColor(value) for name, value in tokens.colors.items()}
        self.dark = tokens.dark
        self.ground, self.paper = colors["bg"], colors["panel"]
        self.text, self.mute, self.faint = colors["text"], colors["mute"], colors["faint"]
        self.line, self.bar_line = colors["line"], colors["line-strong"]
        self.accent, self.soft, self.focus = (
            colors["accent"],
            colors["accent-soft"],
            colors["focus"],
        )
        self.playhead, self.warn, self.ink = colors["bad"], colors["warn"], colors["on-accent"]
        self._tracks = [colors[name] for name in _TRACKS]
        self.scale_row = _mixed(self.paper, self.ground, 0.0)
        self.other_row = _mixed(self.paper, self.ground, 0.75)
        self.tonic_row = _mixed(self.paper, self.accent, 0.10 if tokens.dark else 0.07)
        self.snap_line = _mixed(self.line, self.paper, 0.7)
        self.white_key = _mixed(self.text, self.ground, 0.12) if tokens.dark else self.paper
        self.black_key = self.line if tokens.dark else _mixed(self.text, self.paper, 0.2)
        self.key_name = self.ground if tokens.dark else self.mute
        self.beyond = QColor(colors["scrim"])
        self.beyond.setAlpha(self.beyond.alpha() // 3)
        self._notes: dict[tuple[int, int], QColor] = {}

    def track(self, place: int) -> QColor:
        """Return the colour of a track."""
        return self._tracks[place % len(self._tracks)]

    def note(self, track: int, velocity: int) -> QColor:
        """Return the colour of a note: softer ones lie deeper in the paper."""
        key = (track, velocity)
        if key not in self._notes:
            share = 0.42 + 0.58 * min(127, velocity) / 127
            self._notes[key] = _mixed(self.paper, self.track(track), share)
        return self._notes[key]

    def ghost(self, track: int) -> QColor:
        """Return the colour of a note of another track."""
        return _mixed(self.paper, self.track(track), 0.2)

    def edge(self, track: int) -> QColor:
        """Return the outline of the track's notes."""
        return _mixed(self.track(track), self.ground if self.dark else self.text, 0.35)


def _mixed(first: QColor, second: QColor, share: float) -> QColor:
    """Return ``first`` with so much of ``second`` in it."""
    parts = zip(_parts(first), _parts(second), strict=True)
    return QColor(*(round(a + (b - a) * share) for a, b in parts))


def _parts(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()
