"""System prompt and sampling beside the chat, as a form."""

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
        self.use_defaults(weights)
        self.form.reset()
        self._timer.stop()

    def show(self, values: Mapping[str, Any], weights: str) -> None:
        """Show what is kept already, for a conversation with ``weights``."""
        self.form.set_defaults(self._weights.defaults(weights))
        if values and values != self.form.values():
            self.form.set_values(values)
            self._timer.stop()

    def settle(self) -> None:
        """Tell now of what was just changed."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit()

    def use_defaults(self, weights: str) -> None:
        """Show what is set for ``weights``, or comes with them; what was changed stays."""
        self.form.set_defaults(self._weights.defaults(weights))
