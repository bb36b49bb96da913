"""Dictation: transcribe microphone input into the focused text field.

F9 starts and stops it; held down, it stops on release. The plugin *Voice* transcribes in a
private job; neither audio nor text is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from studio.api.jobs import JobRequest
from studio.api.roles import Role
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.sound.wave_file import to_wav
from studio.protocol.errors import StudioError

PLUGIN: Final = "voice"
TASK: Final = "voice.transcribe"
CAPABILITY: Final = "speech-to-text"
KEY: Final = Qt.Key.Key_F9
_HELD: Final = 0.4
"""Seconds from which on the key was held, not tapped."""
_LONGEST: Final = 300
_WIDE: Final = 420
_ABOVE: Final = 48
"""Pixels below the row: there the status bar and fields at the bottom of a page are."""

TextField = QLineEdit | QPlainTextEdit | QTextEdit


class Dictation(QObject):
    """Transcribes speech into text fields.

    Attributes:
        bar: The row shown while recording; None before the first use.
    """

    def __init__(self, window: QWidget, context: Callable[[str], PluginContext]) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self._field: TextField | None = None
        self._pressed = 0.0
        self._card: QFrame | None = None
        self.bar: Any = None

    def toggle(self) -> None:
        """Start recording for the focused field, or stop and transcribe."""
        if self.bar is not None and self.bar.recording:
            self.bar.finish()
            return
        ctx, field = self._context(PLUGIN), _text_field(QApplication.focusWidget())
        if field is None:
            ctx.notices.info(tr("Click into a text field first, then dictate."), key="dictation")
        elif not ctx.weights.for_capability(CAPABILITY):
            self._offer(ctx)
        else:
            self._begin(ctx, field)

    def _begin(self, ctx: PluginContext, field: TextField) -> None:
        if self._card is None:
            self.bar = ctx.kit.record_bar(tr("Insert"), "check", longest=_LONGEST)
            self.bar.on_recorded(self._write_down)
            self.bar.on_failed(lambda error: ctx.notices.error(error, key="dictation"))
            self._card = QFrame(self._window)
            ctx.ui.wear(self._card, Role.SHEET)
            row = QHBoxLayout(self._card)
            row.setContentsMargins(14, 8, 8, 8)
            row.addWidget(self.bar.widget)
            self.bar.widget.installEventFilter(self)
        self._field, self._pressed = field, time.monotonic()
        field.installEventFilter(self)
        self.bar.toggle()
        self._show_card()

    def _show_card(self) -> None:
        assert self._card is not None
        high, wide = self._card.sizeHint().height(), max(_WIDE, self._card.sizeHint().width())
        left, top = (self._window.width() - wide) // 2, self._window.height() - high - _ABOVE
        self._card.setGeometry(left, top, wide, high)
        self._card.show()
        self._card.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hide the card with its row; end when the key that was held is let go."""
        if self.bar is not None and watched is self.bar.widget:
            if event.type() == QEvent.Type.HideToParent and self._card is not None:
                self._card.hide()
            return False
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            held = time.monotonic() - self._pressed > _HELD
            if event.key() == KEY and not event.isAutoRepeat() and held and self.bar.recording:
                self.bar.finish()
        return False

    def _write_down(self, samples: Any, rate: int) -> None:
        ctx, field = self._context(PLUGIN), self._field
        request = JobRequest(
            TASK,
            {},
            title=tr("Dictation"),
            inputs={"sound": to_wav(samples, rate)},
            keep=False,
            private=True,
        )
        try:
            job = ctx.tasks.submit(request)
        except StudioError as error:
            ctx.notices.error(error, key="dictation")
            return
        job.on_done(lambda result: self._insert(field, result))
        job.on_failed(lambda error: ctx.notices.error(error, key="dictation"))

    def _insert(self, field: TextField | None, result: Mapping[str, Any]) -> None:
        text = " ".join(str(result.get("text", "")).split())
        if field is None or not shiboken6.isValid(field):
            QApplication.clipboard().setText(text)
            words = tr("The field is gone; what you said is on the clipboard.")
            self._context(PLUGIN).notices.info(words, key="dictation")
            return
        field.removeEventFilter(self)
        if isinstance(field, QLineEdit):
            field.insert(_joined(field.text()[: field.cursorPosition()], text))
        else:
            cursor = field.textCursor()
            before = field.toPlainText()[: cursor.selectionStart()]
            cursor.insertText(_joined(before, text))

    def _offer(self, ctx: PluginContext) -> None:
        """Report missing weights or plugins and offer to install them."""
        offers = ctx.weights.to_get(CAPABILITY)
        if not offers:
            ctx.notices.info(tr("Dictation needs a Whisper model."), key="dictation")
            return
        name, title, _size = offers[0]
        words = tr("Dictation needs {title}.").format(title=title)
        get = partial(ctx.weights.get_set, name)
        ctx.notices.offer(words, tr("Download"), get, key="dictation")


def _text_field(widget: QWidget | None) -> TextField | None:
    """Return the field if something may be written into it, and it is no password."""
    if not isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit) or widget.isReadOnly():
        return None
    if isinstance(widget, QLineEdit) and widget.echoMode() is not QLineEdit.EchoMode.Normal:
        return None
    return widget


def _joined(before: str, text: str) -> str:
    """Return ``text`` with a space before it where a word stands there."""
    return f" {text}" if before[-1:].strip() else text
