"""Which part of a chart is shown. No Qt."""

from __future__ import annotations

from dataclasses import replace

from studio.desktop.plot.chart import Chart, Mark

_LEAST = 1e-4
"""The share of an axis that still fills the view."""
_WHOLE = (0.0, 1.0)


class Zoom:
    """Viewport on a chart, bounded by the full chart.

    Attributes:
        whole: The full chart.
        chart: The chart with its axes limited to the viewport.
    """

    def __init__(self, chart: Chart) -> None:
        self.whole = self.chart = chart
        self._x = self._y = _WHOLE

    @property
    def is_on(self) -> bool:
        """Whether less than all is shown."""
        return (self._x, self._y) != (_WHOLE, _WHOLE)

    def take(self, chart: Chart) -> None:
        """Show the same part of another chart."""
        self.whole = chart
        self._show(self._x, self._y)

    def by(self, factor: float, x: float, y: float) -> None:
        """Scale the viewport by ``factor`` around a fixed point.

        Args:
            factor: Above 1 zooms out.
            x, y: Fixed point as a share of the view, from the left and from the bottom.
        """
        self._show(_scaled(self._x, factor, x), _scaled(self._y, factor, y))

    def to(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Zoom to a part of the viewport, given as shares from the left and from the bottom."""
        self._show(_part(self._x, *x), _part(self._y, *y))

    def reveal(self, mark: Mark) -> None:
        """Move as little as needed to show ``mark``."""
        x, y = self.whole.x.place(mark.x), self.whole.y.place(mark.y)
        self._show(_moved(self._x, x), _moved(self._y, y))

    def off(self) -> None:
        """Show all of it."""
        self._show(_WHOLE, _WHOLE)

    def _show(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._x, self._y = x, y
        whole = self.whole
        self.chart = replace(whole, x=whole.x.part(*x), y=whole.y.part(*y)) if self.is_on else whole


def _scaled(shown: tuple[float, float], factor: float, at: float) -> tuple[float, float]:
    low, high = shown
    size = min(max((high - low) * factor, _LEAST), 1.0)
    if size == 1.0:
        return _WHOLE
    return _inside(low + (high - low) * at - size * at, size)


def _part(shown: tuple[float, float], start: float, end: float) -> tuple[float, float]:
    low, size = shown[0], shown[1] - shown[0]
    return _inside(low + size * start, max(size * (end - start), _LEAST))


def _moved(shown: tuple[float, float], to: float) -> tuple[float, float]:
    low, high = shown
    if low <= to <= high:
        return shown
    size = high - low
    return _inside(to - size * (0.05 if to < low else 0.95), size)


def _inside(low: float, size: float) -> tuple[float, float]:
    if size >= 1.0:
        return _WHOLE
    low = min(max(low, 0.0), 1.0 - size)
    return low, low + size
