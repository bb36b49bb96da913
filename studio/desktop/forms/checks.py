"""A list of which any number is ticked; it scrolls where there are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from studio.desktop.widgets.contents import clear

_HIGH = 176
"""Pixels at most; it scrolls then."""


class _Box(QCheckBox):
    """A box whose title loses its middle where there is no room: names differ at their ends."""

    def __init__(self, title: str) -> None:
        super().__init__(title.replace("&", "&&"))  # no key of the keyboard
        self._title = title
        self.setAccessibleName(title)
        self.setToolTip(title)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.rect = self.rect()
        part = QStyle.SubElement.SE_CheckBoxContents
        room = self.style().subElementRect(part, option, self).width()
        middle = Qt.TextElideMode.ElideMiddle
        shown = self.fontMetrics().elidedText(self._title, middle, max(0, room))
        self.setText(shown.replace("&", "&&"))


class CheckList(QScrollArea):
    """Boxes, each for an id.

    Args:
        ticked: Called after each change by the user.
    """

    def __init__(self, ticked: Callable[[], None]) -> None:
        super().__init__()
        self._ticked = ticked
        self._boxes: dict[str, _Box] = {}
        self._inside = inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(2, 2, 2, 2)
        self._rows.setSpacing(2)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """Show a box for each (id, title); none is ticked."""
        clear(self._rows)
        self._boxes = {}
        for id, title in choices:
            box = self._boxes[id] = _Box(title)
            box.toggled.connect(lambda _: self._ticked())
            self._rows.addWidget(box)
        self._fit()
        self.setVisible(bool(choices))

    def showEvent(self, event: QShowEvent) -> None:
        """By now the boxes are as high as the theme has them."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        self._rows.activate()
        self.setFixedHeight(min(_HIGH, self._inside.sizeHint().height() + 2 * self.frameWidth()))

    def chosen(self) -> list[str]:
        """Return the ids that are ticked, in the order of the list."""
        return [id for id, box in self._boxes.items() if box.isChecked()]

    def choose(self, wanted: Sequence[str]) -> None:
        """Tick these and no others, without telling anybody."""
        for id, box in self._boxes.items():
            box.blockSignals(True)
            box.setChecked(id in wanted)
            box.blockSignals(False)
