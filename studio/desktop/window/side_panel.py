"""The parameter panel on the right: shows the form of the open page. Builds no form itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance

WIDTH = 292
"""Pixels, unless what is in it needs more: words of another language, a row of more controls."""
_WIDEST = 380


class SidePanel(QFrame):
    """Room for one panel a page, as wide as that needs.

    Signals:
        fold_asked: The user wants it out of the way.
        help_asked: The user wants these parameters explained.
        resized: It has another width now.
    """

    fold_asked = Signal()
    help_asked = Signal()
    resized = Signal()

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Parameters"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(20, 14, 12, 6)
        head.addWidget(look.label(self.tr("Parameters"), "heading"))
        head.addStretch()
        self.help = look.icon_button(
            "circle-question-mark", self.tr("Help on these parameters  F1")
        )
        self.help.clicked.connect(self.help_asked)
        head.addWidget(self.help)
        fold = look.icon_button("panel-right-close", self.tr("Hide parameters  Ctrl+\\"))
        fold.clicked.connect(self.fold_asked)
        head.addWidget(fold)
        layout.addLayout(head)
        self._stack = QStackedWidget()
        layout.addWidget(self._stack, 1)
        self._homes: dict[int, QWidget] = {}

    def show_panel(self, panel: QWidget | None) -> None:
        """Bring a page's panel into view; None empties the room."""
        if panel is None:
            return
        key = id(panel)
        if key not in self._homes:
            self._homes[key] = self._home(panel)
            panel.destroyed.connect(lambda: self._drop(key))
            self._stack.addWidget(self._homes[key])
        self._stack.setCurrentWidget(self._homes[key])
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return False

    def _fit(self) -> None:
        """Take the width that the panel in view needs, its scroll bar included."""
        area = self._stack.currentWidget()
        panel = area.widget() if isinstance(area, QScrollArea) else None
        if not isinstance(area, QScrollArea) or panel is None:
            return
        bar = area.verticalScrollBar().sizeHint().width()
        needed = panel.minimumSizeHint().width() + bar + 2 * area.frameWidth() + 1
        width = min(max(WIDTH, needed), _WIDEST)
        if width != self.width():
            self.setFixedWidth(width)
            self.resized.emit()

    def _home(self, panel: QWidget) -> QWidget:
        if isinstance(panel, QScrollArea):
            if (inside := panel.widget()) is not None:
                inside.installEventFilter(self)
            return panel
        panel.installEventFilter(self)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(panel)
        return area

    def _drop(self, key: int) -> None:
        self._homes.pop(key, None)
