"""The spectrogram of a sound: time across, pitch up (logarithmic), level as colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

if TYPE_CHECKING:
    import numpy as np

_HEIGHT, _MARGIN = 132, 12
_LOW, _HIGH = 40.0, 18_000.0
_ROWS, _COLUMNS = 160, 900
_DEEP_DB = 75.0
_LINES: Final = ((100, "100"), (1000, "1k"), (10_000, "10k"))


def levels_by_pitch(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return (rows, columns) uint8: the level of each pitch, high ones first, at each time.

    Slow: beside the window. 255 is the loudest, 0 is 75 dB less.
    """
    import numpy as np

    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    size = 2048
    if len(mono) > size:  # its ends are mirrored, lest they look like clicks
        wide = np.pad(mono, size // 2, mode="reflect")
    else:
        wide = np.pad(mono, size)
    count = max(2, min(_COLUMNS, len(mono) // 64))
    starts = np.linspace(0, len(wide) - size, count).astype(int)
    window = np.hanning(size)
    edges = np.geomspace(_LOW, min(_HIGH, rate / 2.2), _ROWS + 1)
    bins = edges * size / rate
    rows = np.zeros((_ROWS, count))
    first = np.floor(bins[:-1]).astype(int)
    last = np.maximum(first + 1, np.ceil(bins[1:]).astype(int))
    for begin in range(0, count, 64):
        taken = np.stack([wide[at : at + size] for at in starts[begin : begin + 64]])
        power = np.abs(np.fft.rfft(taken * window)) ** 2
        for row in range(_ROWS):
            rows[row, begin : begin + 64] = power[:, first[row] : last[row] + 1].max(axis=1)
    decibel = 10 * np.log10(rows + 1e-12)
    shown = np.clip(1 + (decibel - decibel.max()) / _DEEP_DB, 0, 1)
    return np.ascontiguousarray((shown[::-1] * 255).astype(np.uint8))


class Spectrogram(QWidget):
    """The picture, in the colours of the theme."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._levels: np.ndarray | None = None
        self._top = _HIGH
        self._place = 0.0
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Spectrogram"))

    def sizeHint(self) -> QSize:
        """Return its size."""
        return QSize(300, self.maximumHeight())

    def grow(self, most: int) -> None:
        """Take more room where there is some, up to ``most`` pixels."""
        self.setMinimumHeight(_HEIGHT)
        self.setMaximumHeight(most)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def show_levels(self, levels: np.ndarray, rate: int) -> None:
        """Show what ``levels_by_pitch`` returned."""
        self._levels, self._top = levels, min(_HIGH, rate / 2.2)
        self.update()

    def set_place(self, place: float) -> None:
        """Move the playhead, 0…1."""
        self._place = place
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, three pitches beside it, and the playhead."""
        import math

        colors = self._ui.tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colors["line"]))
        painter.setBrush(QColor(colors["bg"]))
        painter.drawRoundedRect(frame, 8, 8)
        room = QRectF(self.rect()).adjusted(_MARGIN, 8, -_MARGIN, -8)
        if self._levels is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(room, self._image())
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.75))
        painter.setFont(font)
        for hertz, words in _LINES:
            share = math.log(hertz / _LOW) / math.log(self._top / _LOW)
            y = room.bottom() - share * room.height()
            place = QRectF(room.right() - 28, y - 7, 26, 14)
            ground = QColor(colors["bg"])
            ground.setAlpha(190)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(place, 4, 4)
            painter.setPen(QColor(colors["text"]))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
        if self._place:
            x = room.left() + room.width() * self._place
            painter.setPen(QPen(QColor(colors["bad"]), 1.5))
            painter.drawLine(round(x), 6, round(x), self.height() - 6)

    def _image(self) -> QImage:
        assert self._levels is not None
        rows, columns = self._levels.shape
        data = self._levels.tobytes()
        image = QImage(data, columns, rows, columns, QImage.Format.Format_Indexed8)
        image.setColorTable(self._palette())
        return image.copy()  # the bytes are gone with this function

    def _palette(self) -> list[int]:
        """Return 256 colours: from the ground over the colour of sounds to that of text."""
        colors = self._ui.tokens.colors
        stops = [QColor(colors[name]) for name in ("bg", "kind-audio", "text")]
        table = []
        for level in range(256):
            place = (level / 255) ** 1.2 * 2
            low, high = (stops[0], stops[1]) if place < 1 else (stops[1], stops[2])
            part = place if place < 1 else place - 1
            mixed = [
                round(a + (b - a) * part)
                for a, b in zip(low.getRgb()[:3], high.getRgb()[:3])  # type: ignore[index]
            ]
            table.append(QColor(*mixed).rgb())
        return table
