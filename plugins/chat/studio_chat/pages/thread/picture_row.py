"""The pictures that a message shows, small. Reads them beside the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from shiboken6 import isValid

from studio.api import PluginContext
from studio.api.window.language import tr

_SIDE = 160
"""Pixels of the longer side, as the page counts them."""


class PictureRow(QWidget):
    """Small pictures beside each other; hidden without any."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._paths: list[str] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 4, 0, 4)
        self._row.setSpacing(8)
        self.hide()

    def show_pictures(self, paths: Sequence[str]) -> None:
        """Show those at ``paths``; one that cannot be read any more has its name alone."""
        if list(paths) == self._paths:
            return
        self._paths = list(paths)
        while (item := self._row.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for path in self._paths:
            label = QLabel()
            label.setAccessibleName(tr("Picture {name}").format(name=Path(path).name))
            self._row.addWidget(label)
            self._read(path, label)
        self.setVisible(bool(self._paths))

    def _read(self, path: str, label: QLabel) -> None:
        scale = self.devicePixelRatioF()

        def show(image: QImage) -> None:
            if isValid(label) and not image.isNull():
                pixmap = QPixmap.fromImage(image)
                pixmap.setDevicePixelRatio(scale)
                label.setPixmap(pixmap)

        self._ctx.run_later(lambda: _small(path, round(_SIDE * scale)), show)


def _small(path: str, side: int) -> QImage:
    """Return a picture of at most ``side`` pixels; an empty one if it cannot be read."""
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()
