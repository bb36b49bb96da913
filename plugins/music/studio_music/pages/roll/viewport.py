"""Which part of the music is in view, and where a tick or a pitch stands on the screen. No widget.

Ruler, keyboard, notes and velocities share one camera, so they cannot disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal

from studio_music.score.piece import TICKS

FINEST, COARSEST = 640.0 / TICKS, 4.0 / TICKS
"""Most and fewest pixels of a tick."""
LOWEST, HIGHEST = 5.0, 28.0
"""Height of a row in pixels."""
PITCHES: Final = 128


class Viewport(QObject):
    """Zoom and place.

    Attributes:
        scale: Pixels of a tick.
        row: Height of a pitch in pixels.
        left, top: Pixels scrolled away.
        length: Ticks that can be scrolled to.
        lanes: The pitches that have a row, from low to high.

    Signals:
        moved: Something stands elsewhere.
        resized: The window onto the notes has another size.
    """

    moved = Signal()
    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scale = 60.0 / TICKS
        self.row = 12.0
        self.left = self.top = 0.0
        self.width = self.height = 1
        self.length = 0
        self.lanes: Sequence[int] = range(PITCHES)

    def set_lanes(self, lanes: Sequence[int]) -> None:
        """Give these pitches a row each, and no others."""
        if list(lanes) != list(self.lanes):
            self.lanes = lanes
            self.scroll_to(self.left, self.top)

    # --- where things stand -------------------------------------------------------------------

    def x(self, tick: float) -> float:
        """Return where a tick is."""
        return tick * self.scale - self.left

    def y(self, pitch: int) -> float:
        """Return where the row of a pitch begins; of one without a row, that of the next above."""
        return self._depth(pitch) * self.row - self.top

    def _depth(self, pitch: int) -> int:
        """Return how many rows lie over that of a pitch."""
        return len(self.lanes) - 1 - min(bisect_left(self.lanes, pitch), len(self.lanes) - 1)

    def tick(self, x: float) -> float:
        """Return the tick at a place; before the start where that is left of it."""
        return (x + self.left) / self.scale

    def pitch(self, y: float) -> int:
        """Return the pitch at a place."""
        depth = max(0, min(len(self.lanes) - 1, int((y + self.top) // self.row)))
        return self.lanes[len(self.lanes) - 1 - depth]

    @property
    def span(self) -> tuple[float, float]:
        """The first and the last tick in view."""
        return max(0.0, self.tick(0)), self.tick(self.width)

    @property
    def rows(self) -> tuple[int, int]:
        """The lowest and the highest pitch in view."""
        return self.pitch(self.height), self.pitch(0)

    def pitches(self) -> Iterator[int]:
        """Yield the pitches in view that have a row, from low to high."""
        low, high = self.rows
        yield from (pitch for pitch in self.lanes if low <= pitch <= high)

    @property
    def reach(self) -> tuple[int, int]:
        """How far right and down there is something to scroll to, in pixels."""
        across = max(0.0, self.length * self.scale - self.width)
        down = max(0.0, len(self.lanes) * self.row - self.height)
        return int(across), int(down)

    # --- moving -------------------------------------------------------------------------------

    def resize(self, width: int, height: int) -> None:
        """The window onto the notes has another size."""
        self.width, self.height = max(1, width), max(1, height)
        self.resized.emit()
        self.scroll_to(self.left, self.top)

    def scroll_to(self, left: float, top: float) -> None:
        """Scroll, as far as there is something."""
        across, down = self.reach
        self.left, self.top = max(0.0, min(left, across)), max(0.0, min(top, down))
        self.moved.emit()

    def zoom_time(self, factor: float, x: float) -> None:
        """Zoom so that the tick at ``x`` stays there."""
        held = self.tick(x)
        self.scale = max(COARSEST, min(FINEST, self.scale * factor))
        self.scroll_to(held * self.scale - x, self.top)

    def zoom_pitch(self, factor: float, y: float) -> None:
        """Zoom so that the pitch at ``y`` stays there."""
        held = (y + self.top) / self.row
        self.row = max(LOWEST, min(HIGHEST, self.row * factor))
        self.scroll_to(self.left, held * self.row - y)

    def fit(self, ticks: int, low: int, high: int) -> None:
        """Show all ticks, and the pitches ``low`` … ``high`` in rows that can be read."""
        self.scale = max(COARSEST, min(FINEST / 4, (self.width - 12) / max(1, ticks)))
        if len(self.lanes) < PITCHES:  # all of them, as high as they can be read at a glance
            self.row = max(9.0, min(HIGHEST, self.height / len(self.lanes)))
            self.scroll_to(0, 0)
            return
        rows = max(8, high - low + 5)
        self.row = max(9.0, min(16.0, self.height / rows))
        self.scroll_to(0, self._middle(low, high))

    def _middle(self, low: int, high: int) -> float:
        """Return how far down two pitches lie evenly around the middle of the view."""
        middle = (self._depth(low) + self._depth(high) + 1) / 2 * self.row
        return middle - self.height / 2

    def show_pitches(self, low: int, high: int) -> None:
        """Scroll up or down where not all of the pitches are in view."""
        lowest, highest = self.rows
        if low <= lowest or high >= highest:
            self.scroll_to(self.left, self._middle(low, high))

    def show_tick(self, tick: float) -> None:
        """Turn the page where a tick is out of view."""
        x = self.x(tick)
        if not 0 <= x <= self.width - 8:
            self.scroll_to(tick * self.scale - 0.1 * self.width, self.top)

    def show_note(self, start: float, end: float, pitch: int) -> None:
        """Scroll just so far that a note is in view."""
        left, top = self.left, self.top
        if self.x(start) < 0 or self.x(min(end, start + self.width / self.scale)) > self.width:
            left = start * self.scale - 0.2 * self.width
        if self.y(pitch) < 0:
            top += self.y(pitch) - 2 * self.row
        elif self.y(pitch) + self.row > self.height:
            top += self.y(pitch) + 3 * self.row - self.height
        if (left, top) != (self.left, self.top):
            self.scroll_to(left, top)
