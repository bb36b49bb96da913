"""The turns of a conversation, one under the other; an invitation while there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.ask.turn import Turn

_TALK = ("code.ask", "code.explain")


class Thread(QWidget):
    """Follows its end while the user is there, and stays where the user is otherwise.

    Attributes:
        turns: From the oldest.
    """

    def __init__(
        self, ctx: PluginContext, examples: Sequence[tuple[str, str, Callable[[], None]]]
    ) -> None:
        super().__init__()
        self.turns: list[Turn] = []
        self._follows = True
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(18)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        self._area.setAccessibleName(tr("Conversation"))
        self._stack = QStackedLayout(self)
        self._stack.addWidget(_invitation(ctx, examples))
        self._stack.addWidget(self._area)
        bar = self._area.verticalScrollBar()
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high) if self._follows else None)
        bar.valueChanged.connect(lambda _value: self._look())

    def add(self, turn: Turn) -> None:
        """Add a turn at the end and bring it into view."""
        self._follows = True
        self.turns.append(turn)
        self._column.insertWidget(self._column.count() - 1, turn)
        self._stack.setCurrentIndex(1)

    def clear(self) -> None:
        """Forget every turn."""
        for turn in self.turns:
            self._column.removeWidget(turn)
            turn.hide()
            turn.deleteLater()
        self.turns.clear()
        self._stack.setCurrentIndex(0)

    def settle(self) -> None:
        """Bring the end into view if the user was there."""
        bar = self._area.verticalScrollBar()
        if self._follows:
            bar.setValue(bar.maximum())

    def conversation(self) -> list[tuple[str, str]]:
        """Return question and answer of the turns that were talk, from the oldest."""
        return [
            (turn.request.words, turn.text)
            for turn in self.turns
            if turn.request.task in _TALK and turn.answer is not None and turn.text.strip()
        ]

    def _look(self) -> None:
        bar = self._area.verticalScrollBar()
        self._follows = bar.value() >= bar.maximum() - 8


def _invitation(
    ctx: PluginContext, examples: Sequence[tuple[str, str, Callable[[], None]]]
) -> QWidget:
    """Return what stands there before the first turn: a dock is too low for the house's own."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(4, 0, 4, 0)
    column.setSpacing(8)
    title = ctx.ui.label(tr("Ask about your code"), Role.STRONG)
    words = ctx.ui.label(
        tr(
            "Answers take the open files and the selection into account. Changes are "
            "shown before they are made."
        ),
        Role.MUTE,
        wrap=True,
    )
    column.addStretch(1)
    for part in (title, words):
        column.addWidget(part)
    for icon, example, run in examples:
        button = ctx.ui.button(example, icon, dense=True)
        button.clicked.connect(lambda _on=False, run=run: run())
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    column.addStretch(1)
    return box
