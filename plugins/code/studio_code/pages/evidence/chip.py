"""Chip that states the verdict on a piece of code, and opens the evidence."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.evidence.evidence import Evidence
from studio_code.pages.evidence.phrases import LEVEL_ICONS, chip_words, level_words
from studio_code.pages.evidence.sheet import EvidenceSheet

_AROUND = 50
"""Pixels beside the words: icon, padding, border."""
_NARROWEST = 130


class VerdictChip(QPushButton):
    """Icon, words and a tint; hidden until it has evidence.

    Attributes:
        evidence: What it speaks of; None while hidden.
        goto: Takes a path and a line that the user wants to see; None where there is no editor.
    """

    def __init__(self, ctx: PluginContext, goto: Callable[[str, int], None] | None = None) -> None:
        super().__init__()
        self._ctx, self.goto = ctx, goto
        self.evidence: Evidence | None = None
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(20, 16))
        self.setAutoDefault(False)
        self.clicked.connect(self.open_sheet)
        end_theme = ctx.ui.on_theme(lambda _tokens: self._dress())
        self.destroyed.connect(lambda: end_theme())
        self.hide()

    def show_evidence(self, evidence: Evidence) -> None:
        """Speak of other evidence."""
        self.evidence = evidence
        words = chip_words(evidence)
        self._words = words
        self._fit()
        self.setToolTip(
            tr("{level}. Click to see the evidence.").format(level=level_words(evidence))
        )
        self.setAccessibleName(f"{level_words(evidence)}: {words}")
        self._dress()
        self.show()

    def clear(self) -> None:
        """Have nothing to say."""
        self.evidence = None
        self.hide()

    def open_sheet(self) -> EvidenceSheet | None:
        """Show the evidence."""
        if self.evidence is None:
            return None
        sheet = EvidenceSheet(self._ctx, self.evidence, self.window(), self.goto)
        sheet.open()
        return sheet

    # --- as wide as its words, narrower where there is no room --------------------------------

    @property
    def words(self) -> str:
        """All that it says, shortened or not."""
        return self._words

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._words) + _AROUND, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(_NARROWEST, self.sizeHint().width()), 26)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(0, self.width() - _AROUND + 2) if self.isVisible() else 10_000
        metrics = self.fontMetrics()
        self.setText(metrics.elidedText(self._words, Qt.TextElideMode.ElideRight, room))
        self.updateGeometry()

    def _dress(self) -> None:
        if self.evidence is None:
            return
        level = self.evidence.level
        self.setIcon(self._ctx.ui.icon(LEVEL_ICONS[level], level))
        colors = self._ctx.ui.tokens.colors
        soft, ink, text = colors[f"{level}-soft"], colors[level], colors["text"]
        self.setStyleSheet(
            f"QPushButton {{ background: {soft}; border: 1px solid transparent; color: {text};"
            " border-radius: 13px; min-height: 24px; padding: 0 12px 0 8px; font-size: 12px; }"
            f"QPushButton:hover, QPushButton:focus {{ border-color: {ink}; }}"
        )
