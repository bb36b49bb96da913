"""A small picture of the SMILES or SMARTS in a field, drawn while it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from studio.api import PluginContext, StudioError
from studio.api.window.language import tr, tr_filled
from studio_molecules.pages.sketcher.conversion import Conversion
from studio_molecules.pages.sketcher.painter import StructurePainter, fitting
from studio_molecules.pages.sketcher.sketcher import Sketcher
from studio_molecules.sketch import molfile
from studio_molecules.sketch.structure import Structure

_SIZE = QSize(132, 72)
_MOST_CHARS = 2000


class StructurePreview(QAbstractButton):
    """Structure drawn from a text; opens the sketcher on it. Hidden without a text.

    Signals:
        drawn: Text of the structure accepted in the sketcher.
    """

    drawn = Signal(str)

    def __init__(self, ctx: PluginContext, verb: str, *, query: bool) -> None:
        super().__init__()
        self._ctx, self._verb, self._query, self._text = ctx, verb, query, ""
        self._sketcher: Sketcher | None = None
        self._draft: Any = ""
        self.structure, self.trouble = Structure(), ""
        self.conversion = Conversion(ctx, query=query)
        self.conversion.converted.connect(self._on_converted)
        self.conversion.failed.connect(self._on_failed)
        self.clicked.connect(lambda _on=False: self.edit())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(_SIZE.height())
        self.setMinimumWidth(_SIZE.width())
        self.setAccessibleName(tr("Edit the drawing"))
        self.setToolTip(tr("Edit the drawing"))
        end_theme = ctx.ui.on_theme(lambda _tokens: self.update())
        self.destroyed.connect(lambda: end_theme())
        self.hide()

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return _SIZE

    def show_text(self, text: str) -> None:
        """Draw the structure of a text after a pause."""
        text = text.strip()
        if text == self._text:
            return
        self._text = text
        self.setVisible(bool(text))
        if text and len(text) <= _MOST_CHARS:
            self.conversion.ask(text)
        else:
            self.conversion.forget()
            self._hold(Structure(), "")

    @property
    def sketcher(self) -> Sketcher:
        """Where it is drawn; made when it is first wanted."""
        if self._sketcher is None:
            self._sketcher = Sketcher(self._ctx, self.window(), self._verb, query=self._query)
            self._sketcher.restore_state(self._draft)
            self._sketcher.used.connect(self.drawn)
        return self._sketcher

    def edit(self) -> None:
        """Open the sketcher on the text, or on the last drawing."""
        self.sketcher.begin(self._text)

    def save_state(self) -> Any:
        """Return the drawing as plain data."""
        return self._sketcher.save_state() if self._sketcher is not None else self._draft

    def restore_state(self, state: Any) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self._draft = state if isinstance(state, str) else ""

    def _on_converted(self, result: Mapping[str, Any]) -> None:
        self._hold(molfile.read(str(result["molfile"])), str(result["problem"]))

    def _on_failed(self, error: StudioError) -> None:
        self._hold(Structure(), tr_filled(error))

    def _hold(self, structure: Structure, trouble: str) -> None:
        self.structure, self.trouble = structure, trouble
        self.setToolTip(trouble or tr("Edit the drawing"))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the structure, or that there is none."""
        tokens = self._ctx.ui.tokens
        colours = tokens.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = "focus" if self.hasFocus() else "accent" if self.underMouse() else "line"
        painter.setPen(QPen(QColor(colours[ring]), 1))
        painter.setBrush(QColor(colours["field"]))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self.structure.atoms:
            box = QRectF(self.rect()).adjusted(6, 6, -6, -6)
            view = fitting(self.structure, box, most=18)
            StructurePainter(painter, view, tokens).paint(self.structure)
        else:
            painter.setPen(QColor(colours["bad" if self.trouble else "mute"]))
            words = tr("Not valid") if self.trouble else "…"
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
