"""The mode Talk: the conversation, its state, the microphone and its light, a field to type in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, TroubleRow
from studio.api.window.language import tr
from studio_voice.pages.talk.dialogue import Dialogue, Line, State

NEEDED: Final = ("speech-to-text", "text-to-speech", "text")
"""What the weights of a conversation must be able to do."""
_MOST_LINES: Final = 200
_WIDEST: Final = 760


class TalkPanel(QWidget):
    """Everything of the page while it talks."""

    def __init__(
        self, ctx: PluginContext, how: Callable[[], Mapping[str, Any]], trouble: TroubleRow
    ) -> None:
        """
        Args:
            how: Returns what the parameter panel is set to.
            trouble: Says what went wrong.
        """
        super().__init__()
        self._ctx, self._how, self._trouble = ctx, how, trouble
        self.dialogue = Dialogue(ctx, how)
        self.lines = _ThreadView(ctx)
        self._lay_out()
        self._connect()
        self._show_thread()
        self.show_weights()
        self._show_state()

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        self.empty = ui.empty_state(
            "mic",
            tr("Talk with a language model"),
            tr(
                "Turn the microphone on and speak; a pause ends your turn, and the answer is "
                "spoken. Speak again to interrupt it. With headphones it hears you best. "
                "All of it stays on this computer; the words are kept in Chat, the sound is not."
            ),
        )
        self.light = ui.label("", Role.BAD)
        self.light.setAccessibleName(tr("Microphone"))
        self.meter = ui.level_meter(tr("How loud the microphone hears"))
        self.word = ui.label("", Role.STRONG)
        self.hint = ui.label("", Role.SMALL)
        self.switch = ui.button("", "mic", dense=True)
        self.switch.setCheckable(True)
        self.hold = ui.button(
            tr("Hold to talk"), "mic", dense=True, tip=tr("Space while it has the keyboard")
        )
        self.halt = ui.button(tr("Stop"), "circle-stop", dense=True, tip=tr("Esc"))
        self.fresh = ui.button(tr("New conversation"), "plus", dense=True)
        status = QHBoxLayout()
        status.setSpacing(10)
        status.addWidget(self.word)
        status.addWidget(self.hint)
        status.addStretch(1)
        status.addWidget(self.light)
        status.addWidget(self.meter.widget)
        keys = QHBoxLayout()
        keys.setSpacing(8)
        for part in (self.switch, self.hold, self.halt):
            keys.addWidget(part)
        keys.addStretch(1)
        keys.addWidget(self.fresh)
        self.field = self._ctx.kit.prompt_field(
            tr("Message"), placeholder=tr("Or type, and it answers aloud"), lines=(1, 4),
            max_chars=20_000,
        )  # fmt: skip
        self.send = ui.button(tr("Send"), "send", primary=True)
        box = QFrame()
        ui.wear(box, Role.COMPOSER)
        inside = QHBoxLayout(box)
        inside.setContentsMargins(14, 8, 8, 8)
        inside.addWidget(self.field.widget, 1)
        inside.addWidget(self.send)
        self._missing = QVBoxLayout()
        self._missing.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._missing)
        column.addWidget(self.empty, 1)
        column.addWidget(self.lines, 1)
        column.addLayout(status)
        column.addLayout(keys)
        column.addWidget(box)

    def _connect(self) -> None:
        dialogue, microphone = self.dialogue, self.dialogue.microphone
        dialogue.changed.connect(self._show_state)
        dialogue.replaced.connect(self._show_thread)
        dialogue.added.connect(self._on_added)
        dialogue.grew.connect(self.lines.grow)
        dialogue.unheard.connect(
            lambda: self._hint(tr("That could not be made out. Say it again."))
        )
        dialogue.failed.connect(self._trouble.tell)
        microphone.heard.connect(self.meter.show_level)
        microphone.began.connect(self._show_state)
        self.switch.clicked.connect(lambda _checked=False: self.toggle_microphone())
        self.hold.pressed.connect(self._press)
        self.hold.released.connect(self._release)
        self.halt.clicked.connect(lambda _checked=False: self.stop())
        self.fresh.clicked.connect(lambda _checked=False: dialogue.renew())
        self.send.clicked.connect(lambda _checked=False: self._send())
        self.field.on_return(self._send)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.stop)

    # --- hands ------------------------------------------------------------------------------------

    def toggle_microphone(self) -> None:
        """Turn it on or off."""
        microphone = self.dialogue.microphone
        self._trouble.hide()
        if microphone.is_on:
            microphone.turn_off()
        else:
            microphone.pause = float(self._how()["pause"])
            microphone.turn_on()
        self._show_state()

    def stop(self) -> None:
        """Stop speaking, writing and transcribing; the microphone stays as it is."""
        self.dialogue.stop()

    def focus(self) -> None:
        """Put the keyboard where Space talks."""
        self.hold.setFocus()

    def _press(self) -> None:
        self._trouble.hide()
        self._was_on = self.dialogue.microphone.is_on
        self.dialogue.interrupt()
        self.dialogue.microphone.hold()
        self._show_state()

    def _release(self) -> None:
        self.dialogue.microphone.release()
        if not self._was_on:
            self.dialogue.microphone.turn_off()

    def _send(self) -> None:
        text = self.field.text.strip()
        if text:
            self._trouble.hide()
            self.field.set_text("")
            self.dialogue.say(text)

    def hideEvent(self, event: QHideEvent) -> None:
        """Turn the microphone off where its light cannot be seen."""
        self.dialogue.microphone.turn_off()
        super().hideEvent(event)

    # --- what is in view --------------------------------------------------------------------------

    def show_weights(self) -> None:
        """Say which models are missing, and offer to get them."""
        while (item := self._missing.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        weights = self._ctx.weights
        missing = [need for need in NEEDED if not weights.for_capability(need)]
        for capability in missing:
            self._missing.addWidget(_offer(self._ctx, capability))
        hears = NEEDED[0] not in missing
        for part in (self.switch, self.hold):
            part.setEnabled(hears)
        self.send.setEnabled(NEEDED[2] not in missing)

    def _on_added(self, line: Line) -> None:
        self.lines.add(line)
        self._show_empty()

    def _show_thread(self) -> None:
        self.lines.show_lines(self.dialogue.conversation.lines)
        self._show_empty()

    def _show_empty(self) -> None:
        has_lines = bool(self.dialogue.conversation.lines)
        self.empty.setVisible(not has_lines)
        self.lines.setVisible(has_lines)
        self.fresh.setVisible(has_lines)

    def _show_state(self) -> None:
        state, microphone = self.dialogue.state, self.dialogue.microphone
        words, hint = {
            State.OFF: (tr("Ready"), tr("Turn the microphone on, hold Space, or type.")),
            State.LISTENING: (tr("Listening"), tr("Speak. A pause ends your turn.")),
            State.THINKING: (tr("Thinking"), tr("Esc stops.")),
            State.SPEAKING: (tr("Speaking"), tr("Speak to interrupt, or press Esc.")),
        }[state]
        if microphone.held:
            words, hint = tr("Listening"), tr("Let go to send.")
        self.word.setText(words)
        self._hint(hint)
        is_on = microphone.is_on
        self.light.setText(tr("● Microphone on") if is_on else "")
        self.meter.widget.setVisible(is_on)
        self.switch.setChecked(is_on)
        self.switch.setText(tr("Turn microphone off") if is_on else tr("Turn microphone on"))
        self.halt.setEnabled(state in (State.THINKING, State.SPEAKING))

    def _hint(self, words: str) -> None:
        self.hint.setText(words)


class _ThreadView(QScrollArea):
    """The messages, oldest first; it follows the end unless the user has scrolled up."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._shown: list[tuple[Line, QLabel]] = []
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 8, 8, 8)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(inside)
        self.setAccessibleName(tr("Conversation"))
        self.verticalScrollBar().rangeChanged.connect(lambda _low, high: self._follow(high))
        self._at_end = True
        self.verticalScrollBar().valueChanged.connect(self._moved)

    def show_lines(self, lines: list[Line]) -> None:
        """Show these instead."""
        while self._column.count() > 1:
            item = self._column.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._shown = []
        for line in lines[-_MOST_LINES:]:
            self.add(line)

    def add(self, line: Line) -> None:
        """Show one more."""
        who = tr("You") if line.role == "user" else tr("Model")
        caption, words = self._ctx.ui.label(who, Role.SMALL), self._ctx.ui.label("", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setMaximumWidth(_WIDEST)
        words.setText(line.text)
        words.setContentsMargins(0, 0, 0, 10)
        for widget in (caption, words):
            self._column.insertWidget(self._column.count() - 1, widget)
        self._shown.append((line, words))

    def grow(self) -> None:
        """The last one is longer."""
        line, words = self._shown[-1]
        words.setText(line.text)

    def _moved(self, value: int) -> None:
        self._at_end = value >= self.verticalScrollBar().maximum() - 8

    def _follow(self, end: int) -> None:
        if self._at_end:
            QTimer.singleShot(0, self, partial(self.verticalScrollBar().setValue, end))


def _offer(ctx: PluginContext, capability: str) -> QWidget:
    """Return a line about weights that are missing, with a button that gets them."""
    offers = ctx.weights.to_get(capability)
    row = QWidget()
    inside = QHBoxLayout(row)
    inside.setContentsMargins(0, 0, 0, 0)
    if not offers:
        words = {
            "speech-to-text": tr("Talking needs a Whisper model. Add one on the Models page."),
            "text-to-speech": tr("Talking needs a voice. Add Kokoro on the Models page."),
            "text": tr("Talking needs a language model. Add one on the Models page."),
        }[capability]
        inside.addWidget(ctx.ui.label(words, Role.SMALL, wrap=True), 1)
        return row
    name, title, size = offers[0]
    text = tr("Needed to talk: {title} ({size} MB).").format(title=title, size=round(size / 1e6))
    get = ctx.ui.button(tr("Download"), "download", dense=True)
    get.clicked.connect(lambda _checked=False: ctx.weights.get_set(name))
    inside.addWidget(ctx.ui.label(text, Role.SMALL, wrap=True), 1)
    inside.addWidget(get)
    return row
