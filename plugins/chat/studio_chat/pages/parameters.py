"""System prompt and sampling beside the chat, as a form. Keeps nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import PluginContext
from studio_chat.schema import PANEL_FIELDS, Reply

_CHANGED_MS = 600


class Parameters(QObject):
    """What a conversation is set to; what the user changes is told when it has settled.

    Signals:
        changed: The values are to be kept.
    """

    changed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._weights = ctx.weights
        self.form = ctx.ui.form(Reply, only=PANEL_FIELDS)
        self._timer = QTimer(self, singleShot=True, interval=_CHANGED_MS)
        self._timer.timeout.connect(self.changed)
        self.form.on_change(self._timer.start)

    def begin(self, weights: str) -> None:
        """Show what a new conversation with ``weights`` is set to."""
        self.form.reset()
        self.use_defaults("", weights)
        self._timer.stop()

    def show(self, values: Mapping[str, Any]) -> None:
        """Show what is kept already."""
        if values and values != self.form.values():
            self.form.set_values(values)
            self._timer.stop()

    def settle(self) -> None:
        """Tell now of what was just changed."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit()

    def use_defaults(self, before: str, now: str) -> None:
        """Show what the user has set for the weights ``now``; what was changed by hand stays."""
        usual = {field.name: field.default for field in Reply.fields()}
        shown, values = self.form.values(), {}
        for name, value in self._weights.defaults(before).items():
            if shown.get(name) == value:
                values[name] = usual.get(name)
        for name, value in self._weights.defaults(now).items():
            if name in shown and {**shown, **values}[name] == usual.get(name):
                values[name] = value
        if values:
            self.form.set_values({**shown, **values})
