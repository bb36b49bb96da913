"""A canvas on which regions of a picture are painted, each in the colour of its prompt."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBitmap, QColor, QImage, QPainter, QRegion

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_image.pages.picture_files import png_of
from studio_image.pages.viewer.mask_canvas import MaskCanvas
from studio_image.pages.viewer.mask_layer import MaskLayer

_SHOWN = 0.7
"""How strongly the colours cover what is below."""


class RegionLayer(MaskLayer):
    """Paint in several colours: a later one replaces an earlier one."""

    FORM = QImage.Format.Format_ARGB32_Premultiplied

    def part(self, color: str) -> QRegion:
        """Return where it has this colour."""
        other = Qt.MaskMode.MaskOutColor  # what a bitmap has black is its region
        mask = self.image.createMaskFromColor(QColor(color).rgb(), other)
        return QRegion(QBitmap.fromImage(mask))

    def recolored(self, moved: Mapping[str, str]) -> bytes:
        """Return the painted picture as a PNG file, with other colours in the places of its own."""
        recolored = QImage(self.image.size(), QImage.Format.Format_ARGB32)
        recolored.fill(QColor(0, 0, 0, 0))
        painter = QPainter(recolored)
        for before, after in moved.items():
            painter.setClipRegion(self.part(before))
            painter.fillRect(recolored.rect(), QColor(after))
        painter.end()
        return png_of(recolored)

    def take(self, marks: QImage) -> None:
        """Show earlier paint; scale it if its size differs."""
        self.begin()
        painter = QPainter(self.image)
        painter.drawImage(self.image.rect(), marks)
        painter.end()
        self._touch(self.image.rect())
        self.end()


class RegionCanvas(MaskCanvas):
    """Shows a picture, or paper, with the regions over it."""

    def __init__(self, ctx: PluginContext, layer: RegionLayer) -> None:
        super().__init__(ctx, layer)
        self.setAccessibleName(tr("Canvas for the regions"))

    def set_color(self, color: str) -> None:
        """Paint in this colour, with the brush if the eraser was at hand."""
        self.layer.color = QColor(color)
        if self.tool == "eraser":
            self.set_tool("brush")

    def _paint_mask(self, painter: QPainter) -> None:
        box = self.view.box()
        painter.save()
        painter.setOpacity(_SHOWN)
        painter.drawImage(box, self.layer.image, QRectF(self.layer.image.rect()))
        painter.restore()
