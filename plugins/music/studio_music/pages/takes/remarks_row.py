"""Remarks on words not understood or requests changed, beside the piece while it is in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from studio.api import PluginContext, Role, TaskResult
from studio.api.window.language import tr
from studio_music.pages.modes import words_of

_MOST = 3


class RemarksRow(QWidget):
    """One line over the piece, and a button to ask again in other words.

    Args:
        again: Called with the take whose description is to be changed.
    """

    def __init__(self, ctx: PluginContext, again: Callable[[TaskResult], None]) -> None:
        super().__init__()
        self._take: TaskResult | None = None
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = ctx.ui.button(tr("Change the description"), "pencil", dense=True)
        self._again = again
        self.button.clicked.connect(lambda _checked=False: self._ask_again())
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.hide()

    def _ask_again(self) -> None:
        if self._take is not None:
            self._again(self._take)

    def show_take(self, take: TaskResult | None) -> None:
        """Show what its record says; nothing where it says nothing."""
        self._take = take
        remarks: Any = take.artifact.meta.get("remarks", ()) if take else ()
        texts = [str(remark) for remark in remarks] if isinstance(remarks, Sequence) else []
        self.words.setText(" ".join(texts[:_MOST]))
        self.words.setToolTip("\n".join(texts))
        self.button.setVisible(take is not None and bool(words_of(take.params)))
        self.setVisible(bool(texts))
