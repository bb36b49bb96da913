"""Placeholders for pages: empty, loading, broken. Each names the next step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.desktop.appearance.appearance import Appearance


class EmptyState(QWidget):
    """An icon, a title, a sentence, and examples that one click starts."""

    def __init__(
        self,
        look: Appearance,
        icon: str,
        title: str,
        text: str,
        examples: Sequence[tuple[str, str, Callable[[], None]]] = (),
    ) -> None:
        super().__init__()
        column = _column(self, look, icon, "accent", title, text)
        if examples:
            column.addSpacing(10)
            column.addWidget(_Examples(look, examples))


class ErrorState(QWidget):
    """What went wrong, why, and a way on.

    ``actions``: (words, icon, what a click does); the first is the primary one.
    """

    def __init__(
        self,
        look: Appearance,
        title: str,
        text: str,
        actions: Sequence[tuple[str, str, Callable[[], None]]] = (),
    ) -> None:
        super().__init__()
        column = _column(self, look, "triangle-alert", "bad", title, text)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        for place, (words, icon, run) in enumerate(actions):
            button = look.button(words, icon, kind="primary" if place == 0 else "")
            button.clicked.connect(lambda _checked=False, run=run: run())
            row.addWidget(button)
        row.addStretch()
        column.addSpacing(8)
        column.addLayout(row)


class LoadingState(QWidget):
    """Words for a wait that may last longer than a blink."""

    def __init__(self, look: Appearance, text: str) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.addStretch()
        layout.addWidget(look.label(text, "mute"), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()


class _Examples(QWidget):
    def __init__(
        self, look: Appearance, examples: Sequence[tuple[str, str, Callable[[], None]]]
    ) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        columns = 1 if len(examples) == 1 else 2
        for place, (icon, words, run) in enumerate(examples):
            card = ExampleCard(look, icon, words)
            card.clicked.connect(lambda _checked=False, run=run: run())
            grid.addWidget(card, place // columns, place % columns)
            grid.setColumnStretch(place % columns, 1)


class ExampleCard(QPushButton):
    """A button whose words may take two lines."""

    def __init__(self, look: Appearance, icon: str, words: str) -> None:
        super().__init__()
        self.setProperty("kind", "example")
        self.setProperty("radius", 13)
        self.setAccessibleName(words)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(12)
        mark, label = look.icon_label(icon, "accent", 18), look.label(words, wrap=True)
        row.addWidget(mark)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        row.addWidget(label, 1)
        for part in (mark, label):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:
        return self._row.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 46)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max(46, self._row.totalHeightForWidth(width))


def _column(
    widget: QWidget, look: Appearance, icon: str, color: str, title: str, text: str
) -> QVBoxLayout:
    outer = QVBoxLayout(widget)
    outer.setContentsMargins(28, 22, 28, 22)
    outer.addStretch(5)
    inner = QWidget()
    inner.setMaximumWidth(620)
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    center = Qt.AlignmentFlag.AlignHCenter
    column.addWidget(look.icon_label(icon, color, 32), 0, center)
    column.addSpacing(6)
    heading = look.label(title, "title", wrap=True)
    heading.setAlignment(center)
    column.addWidget(heading)
    words = look.label(text, "mute", wrap=True)
    words.setAlignment(center)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    column.addWidget(words)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(inner, 20)
    row.addStretch(1)
    outer.addLayout(row)
    outer.addStretch(7)
    return column
