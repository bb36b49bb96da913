"""Colour and size of dots by two more figures, and the legend that says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from studio_molecules.pages.table.columns import Columns, shown
from studio_molecules.pages.table.model import column_title

COLOURS = ("#4b6bd6", "#3f9bd0", "#43b8a0", "#9bc34f", "#e3b53c", "#e2673f")
"""From the least to the greatest value."""
WIDTHS = (4.0, 6.0, 8.5, 11.5)
_STEP, _HIGH = 16, 8


@dataclass
class DotStyle:
    """Which figures colour and size say; empty where they say nothing."""

    colour: str = ""
    size: str = ""

    def is_on(self, columns: Columns) -> bool:
        """Whether colour or size say anything of this table."""
        return self.colour in columns.figures or self.size in columns.figures

    def groups(self, rows: Any, columns: Columns, usual: float) -> list[tuple[Any, str, float]]:
        """Return dots that look alike: which of ``rows`` (bool), colour or "", width."""
        shades = self._places(self.colour, rows, columns, len(COLOURS))
        widths = self._places(self.size, rows, columns, len(WIDTHS))
        result = []
        for size in range(-1, len(WIDTHS)):
            for shade in range(-1, len(COLOURS)):
                here = (shades == shade) & (widths == size)
                if here.any():
                    wide = WIDTHS[size] if size >= 0 else WIDTHS[0] if self.size else usual
                    result.append((here, COLOURS[shade] if shade >= 0 else "", wide))
        return result

    def _places(self, figure: str, rows: Any, columns: Columns, count: int) -> Any:
        """Return the step of each row on a scale, −1 without a value. numpy is loaded by now."""
        import numpy as np

        if figure not in columns.figures:
            return np.full(len(rows), -1)
        values = np.array(columns.values(figure))[rows]
        low, high = columns.bounds(figure)
        steps = (values - low) / ((high - low) or 1.0) * count
        places = np.clip(np.nan_to_num(steps), 0, count - 1).astype(int)
        return np.where(np.isnan(values), -1, places)

    def draw_legend(
        self, painter: QPainter, area: QRectF, columns: Columns, text: QColor, mute: QColor
    ) -> None:
        """Draw what colour and size mean into the upper right corner of the plot."""
        top = area.top() + 4
        for figure, is_colour in ((self.colour, True), (self.size, False)):
            if figure not in columns.figures:
                continue
            low, high = (shown(figure, end) for end in columns.bounds(figure))
            count = len(COLOURS) if is_colour else len(WIDTHS)
            left = area.right() - 210
            flags = Qt.AlignmentFlag
            painter.setPen(text)
            box = QRectF(left, top, 206, 16)
            painter.drawText(box, flags.AlignRight, column_title(figure))
            painter.setPen(mute)
            right = area.right() - 60
            painter.drawText(QRectF(right + 4, top + 16, 54, 16), flags.AlignLeft, high)
            start = right - count * _STEP
            painter.drawText(QRectF(start - 64, top + 16, 60, 16), flags.AlignRight, low)
            painter.setPen(Qt.PenStyle.NoPen)
            for step in range(count):
                x = start + step * _STEP
                painter.setBrush(QColor(COLOURS[step]) if is_colour else mute)
                if is_colour:
                    painter.drawRect(QRectF(x, top + 20, _STEP, _HIGH))
                else:
                    painter.drawEllipse(QPointF(x + _STEP / 2, top + 24), *[WIDTHS[step] / 2] * 2)
            top += 38

    def figure_lines(self, row: int, columns: Columns) -> list[str]:
        """Return the figures of a row that colour and size say, as lines."""
        names = dict.fromkeys(id for id in (self.colour, self.size) if id in columns.figures)
        return [
            f"{column_title(id)} {shown(id, columns.values(id)[row])}"
            for id in names
            if not math.isnan(columns.values(id)[row])
        ]
