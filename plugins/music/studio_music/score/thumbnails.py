"""Small pictures of music for the cards of the gallery: notes as strokes, sound as a wave. No Qt.

Drawn with Pillow on nothing, in colours that can be seen on light and on dark.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from studio_music.score.piece import Piece

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

WIDTH, HEIGHT = 424, 232
_MARGIN = 20
_INK: Final = ((28, 160, 150), (150, 120, 235), (214, 148, 40), (224, 92, 140))
"""One for the melody, others for what goes with it."""
_WAVE: Final = (52, 168, 96)


def score_png(piece: Piece) -> bytes:
    """Return a picture of the notes: time across, pitch up, a colour a track."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    sounding = [(p, t) for p, t in enumerate(piece.tracks) if t.notes and not t.drums]
    pitches = [note.pitch for _, track in sounding for note in track.notes]
    if not pitches:
        return _png(image)
    low, high = min(pitches) - 2, max(pitches) + 2
    across = (WIDTH - 2 * _MARGIN) / max(1, piece.end)
    row = (HEIGHT - 2 * _MARGIN) / (high - low + 1)
    for place, track in reversed(sounding):
        ink = _INK[place % len(_INK)]
        for note in track.notes:
            x = _MARGIN + note.start * across
            y = _MARGIN + (high - note.pitch) * row
            right = max(x + 2, x + note.length * across - 1)
            opacity = 130 + note.velocity * 125 // 127
            draw.rectangle((x, y, right, y + max(2.0, min(row, 9))), fill=(*ink, opacity))
    return _png(image)


def sound_png(samples: np.ndarray) -> bytes:
    """Return a picture of a wave; ``samples`` is (n,) or (n, channels), −1…1."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    middle, reach = HEIGHT / 2, HEIGHT / 2 - _MARGIN
    columns = (WIDTH - 2 * _MARGIN) // 3
    mono = samples.max(axis=1) if samples.ndim == 2 else samples
    for column in range(columns):
        part = mono[len(mono) * column // columns : len(mono) * (column + 1) // columns]
        level = min(1.0, float(abs(part).max())) if len(part) else 0.0
        x, half = _MARGIN + 3 * column, max(1.0, level * reach)
        draw.rectangle((x, middle - half, x + 1, middle + half), fill=(*_WAVE, 230))
    return _png(image)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
