"""The chip for check results: as stored, or fresh for an edited piece. Checks nothing."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget, QWidgetAction

from studio.api import PageResults, PluginContext, Role, Verdict, outcome
from studio.api.window.language import tr
from studio_music.pages.editor.document import Document
from studio_music.pages.playback.transport import Transport
from studio_music.score.piece import Piece

_AFTER_MS = 400


class ChecksChip(QObject):
    """Keeps the chip true.

    Signals:
        said: Words for the chip, and whether all is well.
    """

    said = Signal(str, bool)

    def __init__(
        self, ctx: PluginContext, document: Document, takes: PageResults, transport: Transport
    ) -> None:
        super().__init__()
        self._ctx, self._document, self._takes = ctx, document, takes
        self._transport = transport
        self.verdict: Verdict | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._check)
        document.edited.connect(self._timer.start)
        document.opened.connect(self.look)
        transport.checks_asked.connect(self.show_checks)
        self.said.connect(transport.show_verdict)

    def look(self) -> None:
        """Show the stored checks of the opened piece; run them where there are none."""
        self._timer.stop()
        take = self._takes.find(self._document.source)
        stored = take.artifact.verdict if take is not None else None
        if stored is not None and stored.checks and not self._document.dirty:
            self._show(stored)
        else:
            self._show(None)
            self._timer.start()

    def _check(self) -> None:
        piece = self._document.settled
        if not any(track.notes for track in piece.tracks):
            self._show(None)  # nothing is written yet: that is no fault
        else:
            self._ctx.run_later(lambda: outcome(lambda: _checked(piece)), self._got)

    def _got(self, answer: Any) -> None:
        piece, verdict = answer
        if piece is self._document.settled:
            self._show(verdict)

    def _show(self, verdict: Verdict | None) -> None:
        self.verdict = verdict
        if verdict is None or not verdict.checks:
            self.said.emit("", True)
            return
        failed = sum(not check.passed for check in verdict.checks)
        count = len(verdict.checks)
        passed = tr("{count} checks passed") if count > 1 else tr("1 check passed")
        words = tr("{n} of {count} failed") if failed else passed
        self.said.emit(words.format(n=failed, count=count), not failed)

    def show_checks(self) -> None:
        """Open the list of checks, with the evidence."""
        if self.verdict is None:
            return
        menu = self._ctx.ui.menu()
        action = QWidgetAction(menu)
        action.setDefaultWidget(self._list(self.verdict))
        menu.addAction(action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chip = self._transport.verdict
        corner = chip.mapToGlobal(chip.rect().bottomRight())
        corner.setX(corner.x() - menu.sizeHint().width())
        menu.popup(corner)

    def _list(self, verdict: Verdict) -> QWidget:
        widget = QWidget()
        column = QVBoxLayout(widget)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(8)
        for check in verdict.checks:
            row = QHBoxLayout()
            row.setSpacing(8)
            sign, name = QLabel(), QLabel(check.name)
            icon, color = ("circle-check", "good") if check.passed else ("circle-x", "bad")
            sign.setPixmap(self._ctx.ui.icon(icon, color).pixmap(16, 16))
            sign.setAccessibleName(tr("passed") if check.passed else tr("failed"))
            row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
            name.setFixedWidth(96)
            row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            evidence = self._ctx.ui.label(check.evidence, Role.SMALL, wrap=True)
            evidence.setFixedWidth(240)
            row.addWidget(evidence)
            column.addLayout(row)
        return widget


def _checked(piece: Piece) -> tuple[Piece, Verdict]:
    from studio_music.compose.piece_checks import check_piece

    return piece, check_piece(piece)
