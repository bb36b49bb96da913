"""Which part of a picture lies where on a canvas: zoom, place and fit. Geometry only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize

MARGIN = 4
MIN_SCALE, MAX_SCALE = 1 / 64, 64.0
LARGEST_FIT = 8.0


class ViewTransform:
    """Lengths are logical pixels of the canvas.

    Attributes:
        picture: Size of the picture, in its own pixels.
    """

    def __init__(self, room: Callable[[], QSize]) -> None:
        """Make the view of a canvas; ``room`` returns how large that is."""
        self._room = room
        self.picture = QSize()
        self._scale: float | None = None
        """None fits the picture into the room there is."""
        self._centre = QPointF(0.5, 0.5)
        """The place of the picture, as a part of it, that lies in the middle of the canvas."""

    @property
    def fitting(self) -> bool:
        """Whether the picture is made to fit."""
        return self._scale is None

    @property
    def middle(self) -> QPointF:
        """The middle of the canvas."""
        room = self._room()
        return QPointF(room.width() / 2, room.height() / 2)

    @property
    def scale(self) -> float:
        """How long a pixel of the picture is."""
        if self._scale is not None:
            return self._scale
        if self.picture.isEmpty():
            return 1.0
        room = self._room()
        across = max(1, room.width() - 2 * MARGIN) / self.picture.width()
        down = max(1, room.height() - 2 * MARGIN) / self.picture.height()
        return min(across, down, LARGEST_FIT)

    def box(self) -> QRectF:
        """Return where the whole picture lies, in and out of view."""
        width, height = self.picture.width() * self.scale, self.picture.height() * self.scale
        left = self.middle.x() - self._centre.x() * width
        top = self.middle.y() - self._centre.y() * height
        return QRectF(left, top, max(width, 1e-6), max(height, 1e-6))

    def fit(self) -> None:
        """Show all of the picture, as large as it goes."""
        self._scale, self._centre = None, QPointF(0.5, 0.5)

    def zoom_to(self, scale: float, at: QPointF) -> None:
        """Zoom; what lies under ``at`` stays there."""
        if self.picture.isEmpty():
            return
        box = self.box()
        part = QPointF((at.x() - box.x()) / box.width(), (at.y() - box.y()) / box.height())
        self._scale = min(MAX_SCALE, max(MIN_SCALE, scale))
        width, height = self.picture.width() * self._scale, self.picture.height() * self._scale
        self._centre = QPointF(
            part.x() + (self.middle.x() - at.x()) / width,
            part.y() + (self.middle.y() - at.y()) / height,
        )

    def pan(self, by: QPointF) -> None:
        """Move the picture; its edges stop at the middle of the canvas."""
        box = self.box()
        x = self._centre.x() - by.x() / box.width()
        y = self._centre.y() - by.y() / box.height()
        self._centre = QPointF(min(1.0, max(0.0, x)), min(1.0, max(0.0, y)))
