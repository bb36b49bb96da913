"""Lucide icons in the theme's colours, crisp at any scale. Draws nothing before it is painted."""

from __future__ import annotations

import logging

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from studio.desktop.appearance.resources import folder
from studio.desktop.appearance.theme import Theme

_log = logging.getLogger("studio.desktop.appearance.icons")
_FALLBACK = "circle-help"


class Icons:
    """Makes icons that follow the theme by themselves: their colour is looked up at each paint."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._sources: dict[str, bytes] = {}
        self._pixmaps: dict[tuple[str, int, int, float], QPixmap] = {}
        theme.changed.connect(self._pixmaps.clear)

    def icon(self, name: str, color: str = "text", on: str = "") -> QIcon:
        """Return the icon in a token's colour; ``on`` is the colour while its button is checked."""
        return QIcon(_Engine(self, name, color, on or color))

    def pixmap(self, name: str, color: str, size: int, ratio: float) -> QPixmap:
        """Return the icon ``size`` logical pixels wide for a screen with ``ratio`` pixels each."""
        rgba = self._theme.color(color)
        key = (name, rgba.rgba(), size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._draw(name, rgba.name(), size, ratio, rgba.alphaF())
        return self._pixmaps[key]

    def badge(self, name: str, side: int) -> QPixmap:
        """Return the icon on a rounded square of the accent colour: the face of the application."""
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent"))
        painter.drawRoundedRect(pixmap.rect(), side * 0.22, side * 0.22)
        inner = side * 5 // 8
        spot = (side - inner) // 2
        painter.drawPixmap(spot, spot, self.pixmap(name, "on-accent", inner, 1.0))
        painter.end()
        return pixmap

    def _draw(self, name: str, color: str, size: int, ratio: float, opacity: float) -> QPixmap:
        side = round(size * ratio)
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setOpacity(opacity)
        svg = self._source(name).replace(b"currentColor", color.encode())
        QSvgRenderer(QByteArray(svg)).render(painter, QRectF(0, 0, side, side))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _source(self, name: str) -> bytes:
        if name not in self._sources:
            path = folder("icons") / f"{name}.svg"
            try:
                self._sources[name] = path.read_bytes()
            except OSError:
                _log.warning("There is no icon %r; drawing %r instead.", name, _FALLBACK)
                self._sources[name] = _PLAIN if name == _FALLBACK else self._source(_FALLBACK)
        return self._sources[name]


_PLAIN = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
    b'stroke="currentColor" stroke-width="2"><circle cx="12" cy="12" r="9"/></svg>'
)


class _Engine(QIconEngine):
    """One icon; Qt asks it for pixels whenever something that shows it is painted."""

    def __init__(self, icons: Icons, name: str, color: str, on: str) -> None:
        super().__init__()
        self._args = (icons, name, color, on)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(_spot(rect, side).topLeft(), self._pixmap(side, mode, state, ratio))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        side = min(size.width(), size.height())
        if side <= 0:  # a button that is squeezed to nothing while a layout changes
            return QPixmap()
        drawn = self._pixmap(side, mode, state, scale)
        if size.width() == size.height():
            return drawn
        # Wider than high: the icon stands on the left, and the rest keeps the text at a distance.
        wide = QPixmap(size * scale)
        wide.fill(Qt.GlobalColor.transparent)
        wide.setDevicePixelRatio(scale)
        painter = QPainter(wide)
        painter.drawPixmap(0, 0, drawn)
        painter.end()
        return wide

    def clone(self) -> QIconEngine:
        return _Engine(*self._args)

    def key(self) -> str:
        return "studio"

    def _pixmap(self, side: int, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        icons, name, color, on = self._args
        if mode is QIcon.Mode.Disabled:
            color = "faint"
        elif state is QIcon.State.On:
            color = on
        return icons.pixmap(name, color, side, scale)


def _spot(rect: QRect, side: int) -> QRect:
    """Return the square an icon takes: the left end of a wide rect, the middle of a high one."""
    return QRect(rect.left(), rect.top() + (rect.height() - side) // 2, side, side)
