"""A slider of the mixer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QSlider


class Slider(QSlider):
    """A slider that no passing wheel moves."""

    def __init__(self, maximum: int, tip: str, minimum: int = 0) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(minimum, maximum)
        self.setPageStep(10)
        self.setToolTip(tip)
        self.setAccessibleName(tip.partition(":")[0])

    def show_value(self, value: int) -> None:
        """Stand at a value without telling."""
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the list."""
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the middle, where there is one."""
        if self.minimum() < 0:
            self.setValue(0)
