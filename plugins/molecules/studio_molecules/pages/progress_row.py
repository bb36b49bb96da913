"""What a job is doing, in words and as a bar; and what went wrong, with a way on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from studio.api import PluginContext, StudioError
from studio_molecules.pages.wording import time_left, tr

_FINE = 1000


class ProgressRow(QWidget):
    """Hidden unless a job is at work."""

    def __init__(self) -> None:
        super().__init__()
        self.words = QLabel()
        self.words.setProperty("role", "small")
        self._left = QLabel()
        self._left.setProperty("role", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self._left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.bar)
        self.hide()

    def say(self, words: str) -> None:
        """Say what it waits for; how long that takes nobody knows."""
        self.bar.setRange(0, 0)
        self.words.setText(words)
        self._left.clear()
        self.show()

    def step(self, done: float, total: float, message: str, left: float | None) -> None:
        """Show how far it is."""
        self.bar.setRange(0, _FINE if total > 0 else 0)
        if total > 0:
            self.bar.setValue(round(_FINE * done / total))
        percent = round(100 * done / total) if total > 0 else 0
        self.words.setText(message or tr("{percent} % done").format(percent=percent))
        self._left.setText(time_left(left))


class TroubleRow(QWidget):
    """One sentence about what failed or was left out, and one button that goes on from there."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._go_on: Callable[[], None] | None = None
        self._level = "bad"
        self._sign = QLabel()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = ctx.ui.button("", "")
        self.button.setProperty("density", "small")
        self.button.clicked.connect(self._on_button)
        close = ctx.ui.icon_button("x", tr("Close this message"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        row.addWidget(close)
        self.hide()
        end_theme = ctx.ui.on_theme(lambda _tokens: self._show_sign())
        self.destroyed.connect(lambda: end_theme())

    def tell(self, error: StudioError | str, again: Callable[[], None] | None = None) -> None:
        """Say what failed; ``again`` is what "Try again" does."""
        self._show(str(error), "bad", tr("Try again"), "refresh-cw", again)

    def remark(self, words: str, button: str, icon: str, run: Callable[[], None]) -> None:
        """Say what is different from what was asked, with one button."""
        self._show(words, "warn", button, icon, run)

    def _show(
        self, words: str, level: str, button: str, icon: str, run: Callable[[], None] | None
    ) -> None:
        self._go_on, self._level = run, level
        self._show_sign()
        self.words.setProperty("role", level)
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self.button.setText(button)
        self.button.setAccessibleName(button)
        self.button.setIcon(self._ctx.ui.icon(icon))
        self.button.setVisible(run is not None)
        self.show()

    def _show_sign(self) -> None:
        icon = self._ctx.ui.icon("triangle-alert", self._level)
        self._sign.setPixmap(icon.pixmap(16, 16))

    def _on_button(self) -> None:
        self.hide()
        if self._go_on is not None:
            self._go_on()
