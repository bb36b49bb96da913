"""Tunes, sounds and molecules as something to look at on the page. Made beside the window."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

_WIDTH, _HEIGHT, _MARGIN = 1200, 480, 12
_MOST_NOTES = 600
_MOST_MOLECULES = 40


def roll(notes: Iterable[tuple[int, int, int]], color: QColor) -> QImage:
    """Return a piano roll: time to the right, pitch upwards.

    Args:
        notes: Start and length in sixteenths, and MIDI pitch; the first 600 are drawn.
    """
    some = list(notes)[:_MOST_NOTES]
    image, painter = _canvas()
    if some:
        first, last = min(n[0] for n in some), max(n[0] + n[1] for n in some)
        low, high = min(n[2] for n in some) - 1, max(n[2] for n in some) + 2
        across = (_WIDTH - 2 * _MARGIN) / max(1, last - first)
        up = (_HEIGHT - 2 * _MARGIN) / (high - low)
        painter.setBrush(color)
        painter.setPen(Qt.PenStyle.NoPen)
        for start, length, pitch in some:
            x, y = _MARGIN + (start - first) * across, _HEIGHT - _MARGIN - (pitch - low + 1) * up
            painter.drawRoundedRect(QRectF(x, y, max(2.0, length * across - 1.5), up * 0.9), 2, 2)
    painter.end()
    return image


def waveform(data: bytes, color: QColor) -> QImage:
    """Return how loud a WAV file of 16 bits is over time; nothing of any other."""
    import numpy as np

    image, painter = _canvas()
    try:
        with wave.open(io.BytesIO(data)) as file:
            raw = file.readframes(file.getnframes())
            channels, width = file.getnchannels(), file.getsampwidth()
    except (wave.Error, EOFError):
        raw, channels, width = b"", 1, 2
    if raw and width == 2:
        samples = np.frombuffer(raw, "<i2").reshape(-1, channels).mean(1) / 32768
        columns = np.array_split(samples, min(len(samples), _WIDTH - 2 * _MARGIN))
        painter.setPen(QPen(color, 1))
        middle = _HEIGHT / 2
        for x, part in enumerate(columns, _MARGIN):
            top, bottom = float(part.max()), float(part.min())
            painter.drawLine(
                QPointF(x, middle - top * (middle - _MARGIN)),
                QPointF(x, middle - bottom * (middle - _MARGIN) + 1),
            )
    painter.end()
    return image


def molecules(text: str) -> str:
    """Return the first SMILES of a list as Markdown."""
    some = [line.split(",")[0].strip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"{n}. `{molecule}`" for n, molecule in enumerate(some[:_MOST_MOLECULES], 1))


def _canvas() -> tuple[QImage, QPainter]:
    image = QImage(_WIDTH, _HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return image, painter
