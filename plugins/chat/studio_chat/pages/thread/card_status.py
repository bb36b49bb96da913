"""Status of a reply: waiting, stopped or failed, and the action to continue."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from studio.api import ErrorCode, PluginContext, Role
from studio.api.window.language import tr_filled
from studio_chat.pages.phrases import doing, how_it_ended, left_out, was_cut_short
from studio_chat.pages.thread.turns import Deeds, Reply, Turn
from studio_chat.tools.calls import RUNNING


class CardStatus(QWidget):
    """A line below the text; hidden when there is nothing to say."""

    def __init__(
        self,
        ctx: PluginContext,
        deeds: Deeds,
        is_last: Callable[[], bool],
        attach: Callable[[Turn], None],
    ) -> None:
        """Make the line.

        Args:
            is_last: Says whether nothing follows the turn.
            attach: Makes a document of a message that is too long.
        """
        super().__init__()
        self._ctx, self._deeds, self._is_last = ctx, deeds, is_last
        self._turn: Turn | None = None
        self._icon, self._words = QLabel(), QLabel()
        self._icon.setFixedSize(16, 18)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximum(1000)
        self.retry = ctx.ui.button(self.tr("Try again"), "refresh-cw")
        self.retry.clicked.connect(lambda: self._ask(deeds.regenerate))
        self._go_on = ctx.ui.button(self.tr("Continue"), "corner-down-right")
        self._go_on.clicked.connect(lambda: self._ask(deeds.go_on))
        self.attach = ctx.ui.button(self.tr("Attach as document"), "paperclip")
        self.attach.setToolTip(
            self.tr("Answers then draw on the passages that fit, instead of the whole text.")
        )
        self.attach.clicked.connect(lambda: self._ask(attach))
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._words, 1)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addWidget(self.retry)
        self._buttons.addWidget(self._go_on)
        self._buttons.addWidget(self.attach)
        self._buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(line)
        column.addWidget(self._bar)
        column.addLayout(self._buttons)

    @property
    def words(self) -> str:
        """The shown text; empty while hidden."""
        return "" if self.isHidden() else self._words.text()

    def show_state(self, turn: Turn, reply: Reply | None) -> None:
        """Say how the reply stands."""
        self._turn = turn
        if reply is not None:
            self._show_waiting(reply)
        else:
            self._show_end(turn)

    def _ask(self, deed: Callable[[Turn], None]) -> None:
        if self._turn is not None:
            deed(self._turn)

    def _show_waiting(self, reply: Reply) -> None:
        waits_for_user = reply.waits_for_plan or reply.asks
        under_way = bool(reply.calls) and reply.calls[-1].state == RUNNING and not reply.stopping
        waiting = (not reply.pieces or reply.stopping) and not (waits_for_user or under_way)
        self.setVisible(waiting)
        self._show_buttons(retry=False, go_on=False)
        self._bar.setVisible(waiting and reply.share is not None)
        if waiting:
            self._bar.setValue(round(1000 * (reply.share or 0)))
            self._say("loader-circle", Role.MUTE, doing(self._ctx, reply))

    def _show_end(self, turn: Turn) -> None:
        self._bar.hide()
        error, ended, dropped = turn.error, how_it_ended(turn), left_out(turn)
        text = " ".join(filter(None, (ended, dropped)))
        self.setVisible(bool(error or text))
        if error is not None:
            self._say("triangle-alert", Role.BAD, tr_filled(error))
        elif text:
            self._say("info", Role.MUTE, text)
        nothing = not turn.content.strip() and not turn.calls
        self._show_buttons(
            retry=error is not None or (bool(ended) and nothing),
            go_on=was_cut_short(turn) and not nothing and self._is_last(),
            attach=error is not None and error.code == ErrorCode.CONTEXT_TOO_LONG,
        )

    def _show_buttons(self, *, retry: bool, go_on: bool, attach: bool = False) -> None:
        busy = self._deeds.busy
        self.retry.setEnabled(not busy)
        self._go_on.setEnabled(not busy)
        self.retry.setVisible(retry)
        self._go_on.setVisible(go_on)
        self.attach.setEnabled(not busy)
        self.attach.setVisible(attach)

    def _say(self, icon: str, role: Role, words: str) -> None:
        _role, color = role.value
        self._icon.setPixmap(self._ctx.ui.icon(icon, color).pixmap(QSize(16, 16)))
        self._ctx.ui.wear(self._words, role)
        self._words.setText(words)
