"""What a job is doing, in words and as a bar; and what went wrong, with a way on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from studio.api import PluginContext, StudioError
from studio_image.pages.wording import time_left, tr

_FINE = 1000


class ProgressRow(QWidget):
    """Hidden unless a job is at work."""

    def __init__(self, ctx: PluginContext) -> None:
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
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(5)
        column.addLayout(line)
        column.addWidget(self.bar)
        self.hide()

    def begin(self, words: str) -> None:
        """A job was asked for."""
        self.say(words)
        self.show()

    def say(self, words: str) -> None:
        """Say what it waits for; how long that takes nobody knows."""
        self.bar.setRange(0, 0)
        self.words.setText(words)
        self._left.clear()

    def stopping(self) -> None:
        """It was asked to stop."""
        self.words.setText(tr("Stopping…"))
        self._left.clear()

    def step(self, done: float, total: float, message: str, left: float | None) -> None:
        """Show how far it is."""
        self.bar.setRange(0, _FINE)
        self.bar.setValue(round(_FINE * done / total) if total > 0 else 0)
        percent = round(100 * done / total) if total > 0 else 0
        self.words.setText(message or tr("{percent} % done").format(percent=percent))
        self._left.setText(time_left(left))


class TroubleRow(QWidget):
    """One sentence about what failed, what to do about it, and a button that tries again."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._again: Callable[[], None] | None = None
        sign = QLabel()
        sign.setPixmap(ctx.ui.icon("triangle-alert", "bad").pixmap(16, 16))
        self.words = QLabel()
        self.words.setProperty("role", "bad")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry = ctx.ui.button(tr("Try again"), "refresh-cw")
        self.retry.setProperty("density", "small")
        self.retry.clicked.connect(self._on_retry)
        close = ctx.ui.icon_button("x", tr("Close this message"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(10)
        row.addWidget(sign)
        row.addWidget(self.words, 1)
        row.addWidget(self.retry)
        row.addWidget(close)
        self.hide()

    def tell(self, error: StudioError | str, again: Callable[[], None] | None = None) -> None:
        """Say it; ``again`` is what the button does."""
        self.words.setText(str(error))
        self.words.setAccessibleName(str(error))
        self._again = again
        self.retry.setVisible(again is not None)
        self.show()

    def _on_retry(self) -> None:
        self.hide()
        if self._again is not None:
            self._again()
