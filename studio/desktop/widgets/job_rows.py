"""Rows about jobs that any page may show: how far one is, and what went wrong. They run nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.jobs import JobHandle
from studio.api.window.figures import localised
from studio.api.window.language import tr_filled
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.widgets.elided import ElidedLabel
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState

_FINE = 1000


class ProgressRow(QWidget):
    """Status text, progress bar and time left of a job. Hidden unless a job is running.

    Attributes:
        words: Current activity.
        left: Time left.
        bar: Progress.
        stop_button: Stops the job; hidden on pages with their own.
    """

    def __init__(
        self, look: Appearance, *, stop: bool = True, words: Callable[[str], str] = str
    ) -> None:
        super().__init__()
        self._in_words = words
        self._job: JobHandle | None = None
        self._stopping = False
        self._waits, self._share, self._writing = True, 0.0, (0.0, 0)
        self.words = ElidedLabel(role="small")
        self.left = look.label("", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.stop_button = look.button(self.tr("Stop"), "circle-stop", small=True)
        self.stop_button.clicked.connect(self.stop)
        self._lay_out(stop)
        self.hide()

    def _lay_out(self, stop: bool) -> None:
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.left)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(column, 1)
        row.addWidget(self.stop_button)
        self.stop_button.setVisible(stop)

    @property
    def widget(self) -> QWidget:
        """The row itself."""
        return self

    def follow(self, job: JobHandle) -> None:
        """Show the progress of ``job`` until it ends, replacing the previous job."""
        self._job, self._stopping = job, False
        self._share, self._writing = 0.0, (0.0, 0)  # since when, from how many tokens on
        self.stop_button.setEnabled(True)
        self._say(self.tr("Queued…"))
        self.show()
        job.on_state(lambda state, reason: self._on_state(job, state, reason))
        job.on_progress(
            lambda done, total, message, left: self._on_step(job, done, total, message, left)
        )
        job.on_text(lambda _text, tokens, _channel: self._on_tokens(job, tokens))

    def stop(self) -> None:
        """Stop the job at its next step, and say so until then."""
        job = self._job
        if job is None:
            return
        self._stopping = True
        self.stop_button.setEnabled(False)
        self.words.set_text(self.tr("Stopping…"))
        self.left.clear()
        job.cancel()

    def _shows(self, job: JobHandle) -> bool:
        """Whether this is about ``job``; a job may outlive the page that asked for it."""
        return job is self._job and isValid(self)

    def _on_state(self, job: JobHandle, state: JobState, reason: str) -> None:
        if not self._shows(job):
            return
        if state.is_terminal:
            self._job = None
            self.hide()
        elif not self._stopping and (waits_for := phrases.waits_for(state, reason)):
            self._say(waits_for)

    def _say(self, text: str) -> None:
        """Show the reason for waiting, with indeterminate progress."""
        self._waits, self._share = True, 0.0
        self.bar.setRange(0, 0)
        self.words.set_text(text)
        self.left.clear()

    def _on_step(
        self, job: JobHandle, done: float, total: float, message: str, left: float | None
    ) -> None:
        if not self._shows(job) or self._stopping:
            return
        self._waits = False
        self._share = share = done / total if total > 0 else 0.0
        # Until the first step is done nobody knows how long one takes; there may be but one. After
        # the last one nobody knows what is left.
        self.bar.setRange(0, _FINE if 0 < share < 1 else 0)
        self.bar.setValue(round(_FINE * share))
        percent = self.tr("{percent}% done").format(percent=round(100 * share))
        self.words.set_text(self._in_words(message) if message else percent)
        self.left.setText(phrases.time_left(left if share < 1 else None))

    def _on_tokens(self, job: JobHandle, tokens: int) -> None:
        """Say how much is written, where nobody knows how much there will be."""
        if not tokens or self._stopping or not self._shows(job) or 0 < self._share < 1:
            return
        now, (began, before) = time.monotonic(), self._writing
        if not began or tokens < before:
            self._writing = began, before = now, tokens
            self.bar.setRange(0, 0)
            if self._waits:
                self._waits = False
                self.words.set_text(self.tr("Writing"))
        self.left.setText(_written(tokens, tokens - before, now - began))


def _written(tokens: int, new: int, seconds: float) -> str:
    """Return ``128 tokens · 12.5 tokens/s · 10 s``; the rate only once measurable."""
    tr = QCoreApplication.translate
    words = tr("job", "1 token") if tokens == 1 else tr("job", "{count} tokens")
    parts = [words.format(count=localised(f"{tokens:,}"))]
    if new > 0 and seconds >= 1:
        rate = tr("job", "{rate} tokens/s").format(rate=localised(f"{new / seconds:.1f}"))
        parts += [rate, phrases.duration(seconds)]
    return " · ".join(parts)


class TroubleRow(QWidget):
    """Error or notice, remedy, and one button for the next step.

    Attributes:
        words: The sentence.
        button: The next step; hidden if there is none.
    """

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self._go_on: Callable[[], object] | None = None
        self._stays = False
        self._sign = look.icon_label("triangle-alert", "bad")
        self.words = look.label("", "bad", wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = look.button(self.tr("Try again"), "refresh-cw", small=True)
        self.button.clicked.connect(self._on_button)
        close = look.icon_button("x", self.tr("Dismiss"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._sign)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        row.addWidget(close)
        self.hide()

    @property
    def widget(self) -> QWidget:
        """The row itself."""
        return self

    def tell(self, error: StudioError | str, again: Callable[[], None] | None = None) -> None:
        """Say what failed; ``again`` is what "Try again" does."""
        self._show(tr_filled(error), "bad", self.tr("Try again"), "refresh-cw", again)

    def remark(
        self, text: str, button: str, icon: str, run: Callable[[], object], *, stays: bool = False
    ) -> None:
        """Show a deviation from the request, with one button."""
        self._show(text, "warn", button, icon, run, stays=stays)

    def _show(
        self,
        text: str,
        level: str,
        button: str,
        icon: str,
        run: Callable[[], object] | None,
        *,
        stays: bool = False,
    ) -> None:
        self._go_on, self._stays = run, stays
        self._sign.set_icon("triangle-alert", level)
        restyle(self.words, "role", level)
        self.words.setText(text)
        self.words.setAccessibleName(text)
        self.button.setText(button)
        self.button.setAccessibleName(button)
        self.button.setIcon(self._look.icons.icon(icon))
        self.button.setVisible(run is not None)
        self.show()

    def _on_button(self) -> None:
        self.setVisible(self._stays)
        if self._go_on is not None:
            self._go_on()
