"""The parameter panel on the right: shows what the open page brings. Makes no form itself."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance

WIDTH = 292


class SidePanel(QFrame):
    """Room for one panel a page.

    Signals:
        fold_asked: The user wants it out of the way.
    """

    fold_asked = Signal()

    def __init__(self, look: Appearance) -> None:
        super().__init__()
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

    def _home(self, panel: QWidget) -> QWidget:
        if isinstance(panel, QScrollArea):
            return panel
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(panel)
        return area

    def _drop(self, key: int) -> None:
        self._homes.pop(key, None)
