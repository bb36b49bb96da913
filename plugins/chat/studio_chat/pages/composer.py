"""Where a person writes.

A field that grows, the model that answers, how full its context is, Send or Stop.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, Ui, local_files
from studio_chat.pages.attachments import Attachments
from studio_chat.pages.session import MAX_MESSAGE
from studio_chat.pages.tools.switch import ToolSwitch

MAX_LINES = 8
_NARROW = 520
"""Below this width there is no room for all buttons, in whatever language."""
PASTE_AS_BLOCK = 40_000
"""Characters from which pasted text is kept beside the field: laying out so much would hold up the
window.
"""


class Composer(QFrame):
    """The box at the bottom.

    Signals:
        sent: The text to send.
        stopped: The user wants the reply to end.
        changed: The draft is different.
        weights_picked: Id of the weights that answer from now on.
        tools_changed: Which tools the conversation may use from now on.
        edit_last: Up was pressed in an empty field.
        prompts_asked: The user wants the saved prompts.
        comparison_asked: The user wants several answers side by side.
        actions_asked: Ask, at this widget, what to do with what is written.

    Attributes:
        first_keys: Asked before anybody else with each key of the field.
    """

    sent = Signal(str)
    stopped = Signal()
    changed = Signal()
    weights_picked = Signal(str)
    tools_changed = Signal(object)
    edit_last = Signal()
    prompts_asked = Signal()
    comparison_asked = Signal()
    actions_asked = Signal(QWidget)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self.setMinimumWidth(1)  # beside a passage there may be less than all its buttons take
        self._ctx = ctx
        self._ui = ui = ctx.ui
        self._busy = self._waits = False
        self._is_empty = True
        self._block = ""
        self.send_with_ctrl: Callable[[], bool] = lambda: False
        prompt = ctx.kit.prompt_field(
            self.tr("Message"), placeholder=self.tr("Write a message"), lines=(1, MAX_LINES)
        )
        self.first_keys: Callable[[QKeyEvent], bool] = lambda _event: False
        prompt.on_key(lambda event: self.first_keys(event) or self._on_key(event))
        prompt.on_paste(self._take_paste)
        prompt.on_change(self._on_change)
        self.field = prompt.widget
        self._chip = ui.button(
            "",
            "file-text",
            tip=self.tr("Pasted text, sent after your message. Click to remove it."),
        )
        self._chip.clicked.connect(lambda: self._set_block(""))
        self._chip.hide()
        self.attachments = Attachments(ctx)
        self.attachments.refused.connect(self.trouble)
        attach = ui.icon_button(
            "paperclip", self.tr("Attach documents to answer from, or pictures")
        )
        attach.clicked.connect(lambda: self._attach_menu(attach))
        prompts = ui.icon_button("bookmark", self.tr("Saved prompts (type / in an empty message)"))
        prompts.clicked.connect(self.prompts_asked)
        compare = ui.icon_button("columns-2", self.tr("Compare answers (Ctrl+Shift+M)"))
        compare.clicked.connect(self.comparison_asked)
        actions = ui.icon_button("wand-sparkles", self.tr("Draft, rewrite, translate…"))
        actions.clicked.connect(lambda: self.actions_asked.emit(actions))
        self._spared = (prompts, compare)  # they have keys, too
        self._trouble = ui.label("", Role.BAD, wrap=True)
        self._trouble.hide()
        self.picker = ctx.kit.weights_picker("text")
        self.picker.on_choose(self.weights_picked.emit)
        self.meter = ContextMeter(ui)
        self._button = ui.button(self.tr("Send"), "send", primary=True)
        self._button.clicked.connect(self._on_button)
        self._stop = ui.button(
            self.tr("Stop"), "circle-stop", primary=True, tip=self.tr("Stop (Esc)")
        )
        self._stop.clicked.connect(self._on_stop)
        self._stop.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(attach)
        row.addWidget(prompts)
        row.addWidget(compare)
        row.addWidget(actions)
        row.addWidget(self.picker.widget)
        self.tools = ToolSwitch(ctx, self.tools_changed.emit)
        row.addWidget(self.tools.widget)
        row.addStretch(1)
        row.addWidget(self.meter)
        row.addWidget(self._button)
        row.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(13, 9, 9, 9)  # the ring takes one more
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.attachments)
        column.addWidget(self._trouble)
        column.addLayout(row)
        ui.wear(self, Role.COMPOSER)
        self._show()

    # --- what it holds ------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What would be sent: the words, and pasted text below them."""
        return "\n\n".join(filter(None, (self.field.toPlainText().strip(), self._block)))

    @property
    def has_block(self) -> bool:
        """Whether a long pasted text is attached as a block."""
        return bool(self._block)

    def set_text(self, text: str) -> None:
        """Put a draft back."""
        self.trouble("")
        if len(text) > PASTE_AS_BLOCK:
            self.field.setPlainText("")
            self._set_block(text)
        else:
            self._set_block("")
            self.field.setPlainText(text)
            self.field.moveCursor(self.field.textCursor().MoveOperation.End)

    def clear(self) -> None:
        """Empty the field after sending."""
        self.set_text("")
        self.attachments.set_paths(())

    @property
    def weights(self) -> str:
        """Id of the chosen weights."""
        return self.picker.weights

    def set_weights(self, chosen: str) -> None:
        """Choose weights, if there are any; those that are gone give way to the best."""
        self.picker.choose(chosen)
        self.picker.widget.setVisible(bool(self.weights))
        self._show()

    def set_busy(self, busy: bool) -> None:
        """Offer Stop in place of Send."""
        self._busy = busy
        if self._waits and not busy:
            self._waits = False
            self.trouble("")
        self._show()

    def trouble(self, words: str) -> None:
        """Show a problem with the draft; empty for none."""
        self._trouble.setText(words)
        self._trouble.setVisible(bool(words))

    def _attach_menu(self, button: QToolButton) -> None:
        menu: QMenu = self._ui.menu()
        self.attachments.fill_menu(menu)
        menu.popup(button.mapToGlobal(button.rect().topLeft()))

    # --- pasting ------------------------------------------------------------------------------

    def paste(self, text: str) -> bool:
        """Take pasted text; return whether the field should insert it itself."""
        room = MAX_MESSAGE - len(self.text)
        if len(text) > room:
            words = self.tr(
                "The pasted text has {count} characters, but a message can have at most "
                "{most}, so it was not added. Your message is unchanged. Paste part of "
                "it."
            )
            self.trouble(words.format(count=f"{len(text):,}", most=f"{MAX_MESSAGE:,}"))
            return False
        self.trouble("")
        if len(text) < PASTE_AS_BLOCK:
            return True
        self._set_block("\n\n".join(filter(None, (self._block, text))))
        return False

    def _take_paste(self, source: QMimeData) -> bool:
        """Attach pasted files and reject oversized text; leave other text to the field."""
        if files := local_files(source):
            self.attachments.add([str(file) for file in files])
            return True
        return not (source.hasText() and self.paste(source.text()))

    def _set_block(self, text: str) -> None:
        if text == self._block:
            return
        self._block = text
        words = self.tr("Pasted text · {count} characters  ×")
        self._chip.setText(words.format(count=f"{len(text):,}"))
        self._chip.setVisible(bool(text))
        self._on_change()

    # --- sending ------------------------------------------------------------------------------

    def send(self) -> None:
        """Send the draft, if sending is possible now."""
        if self._can_send():
            self.trouble("")
            self.sent.emit(self.text)
        elif self._busy and self.text.strip():
            self.trouble(
                self.tr("An answer is being written. Send this when it is done, or stop it (Esc).")
            )
            self._waits = True

    def _can_send(self) -> bool:
        return not self._busy and bool(self.text.strip()) and bool(self.weights)

    def _on_button(self) -> None:
        self.send()
        self.field.setFocus()

    def _on_stop(self) -> None:
        self.field.setFocus()
        self.stopped.emit()

    def _on_change(self) -> None:
        if len(self.field.toPlainText()) <= MAX_MESSAGE:
            self._trouble.hide()
        self._prepare()
        self._show()
        self.changed.emit()

    def _prepare(self) -> None:
        """Have the model loaded while the first words are typed."""
        is_empty = not self.text
        if self._is_empty and not is_empty and self.weights and not self._busy:
            self._ctx.weights.prepare(self.weights)
        self._is_empty = is_empty

    def _show(self) -> None:
        self._button.setVisible(not self._busy)
        self._button.setEnabled(self._can_send())
        keys = "Ctrl+Enter" if self.send_with_ctrl() else "Enter"
        self._button.setToolTip(self.tr("Send ({keys})").format(keys=keys))
        if self._stop.hasFocus() and not self._busy:
            self.field.setFocus()  # else Qt hands it to the next field: that of the system prompt
        self._stop.setVisible(self._busy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide optional controls where the composer is narrow."""
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        for button in self._spared:
            button.setVisible(not is_narrow)
        self.tools.show_words(not is_narrow)

    def _on_key(self, event: QKeyEvent) -> bool:
        """Handle the keys that send and edit; return whether this was one."""
        held = event.modifiers()
        ctrl = bool(held & Qt.KeyboardModifier.ControlModifier)
        shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if ctrl or (not shift and not self.send_with_ctrl()):
                self.send()
                return True
            return False
        if event.key() == Qt.Key.Key_Up and not held and not self.field.toPlainText():
            self.edit_last.emit()
            return True
        return False


class ContextMeter(QWidget):
    """A ring that fills as the conversation fills the model's context."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._share = 0.0
        self.setFixedSize(QSize(22, 22))
        self.hide()

    def show_use(self, tokens: int, context: int) -> None:
        """Show ``tokens`` of ``context``; nothing while the context is not known."""
        self.setVisible(context > 0)
        if context <= 0:
            return
        self._share = min(1.0, tokens / context)
        words = self.tr("About {used} of {most} tokens of the model's context are used")
        self.setToolTip(words.format(used=f"{tokens:,}", most=f"{context:,}"))
        self.setAccessibleName(self.toolTip())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring; its colour and its arc show how full the context is."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = self._ui.tokens.colors
        ring = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        painter.setPen(QPen(QColor(colors["line-strong"]), 2.5))
        painter.drawEllipse(ring)
        color = "bad" if self._share >= 0.95 else "warn" if self._share >= 0.8 else "accent"
        pen = QPen(QColor(colors[color]), 2.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, 90 * 16, -round(self._share * 360 * 16))
