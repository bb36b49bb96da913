"""The line above a thread: its title, which a click renames."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QStackedLayout, QWidget

from studio.api import Role, Ui


class TitleBar(QWidget):
    """Title and, where the list is hidden, the way to it.

    Signals:
        renamed: The title that was written.
        list_asked: The user wants the list of conversations.
        new_asked: The user wants a new conversation.
    """

    renamed = Signal(str)
    list_asked = Signal()
    new_asked = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._title = ""
        self._list = ui.icon_button("panel-left", self.tr("Show or hide conversations (Ctrl+B)"))
        self._list.clicked.connect(self.list_asked)
        self._new = ui.icon_button("square-pen", self.tr("New conversation (Ctrl+N)"))
        self._new.clicked.connect(self.new_asked)
        self._project = ui.label("", Role.BADGE)
        self._project.setToolTip(self.tr("The project of this conversation"))
        self._project.hide()
        self._private = ui.label(self.tr("Private"), Role.BADGE)
        self._private.hide()
        self._label = _Title(self)
        ui.wear(self._label, Role.TITLE)
        self._field = QLineEdit()
        self._field.setAccessibleName(self.tr("Title of the conversation"))
        self._field.setMaxLength(200)
        self._field.editingFinished.connect(self._finish)
        self._stack = QStackedLayout()
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 20, 4)
        row.setSpacing(6)
        row.addWidget(self._list)
        row.addWidget(self._new)
        row.addWidget(self._project, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._private, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(self._stack, 1)
        for shown in (self._label, self._field):
            self._stack.addWidget(shown)
        self.setFixedHeight(54)

    def set_title(self, title: str, project: str = "", *, private: bool = False) -> None:
        """Show a title; empty for a new conversation, which cannot be renamed.

        Args:
            project: Title of the project it lies in; empty for none.
            private: It is one of which nothing is kept: say so instead.
        """
        self._private.setVisible(private)
        self._project.setText(project)
        self._project.setVisible(bool(project))
        self._title = title
        words = self.tr("Nothing of it is written down; it is gone once you leave it")
        self._label.set_text(words if private else title or self.tr("New conversation"))
        self._label.setEnabled(bool(title))

    def show_list_button(self, shown: bool) -> None:
        """Offer the list and a new conversation where the list is hidden."""
        self._list.setVisible(shown)
        self._new.setVisible(shown)

    def edit(self) -> None:
        """Change the title in place."""
        if self._title:
            self._field.setText(self._title)
            self._stack.setCurrentWidget(self._field)
            self._field.selectAll()
            self._field.setFocus()

    def _finish(self) -> None:
        if self._stack.currentWidget() is self._field:
            self._stack.setCurrentWidget(self._label)
            if self._field.text().strip() not in ("", self._title):
                self.renamed.emit(self._field.text().strip())


class _Title(QLabel):
    """The title, cut off with dots where it is too long."""

    def __init__(self, bar: TitleBar) -> None:
        super().__init__()
        self._bar = bar
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setIndent(8)

    def set_text(self, text: str) -> None:
        """Show ``text``."""
        self._whole = text
        self.setToolTip(self._bar.tr("{title}\nDouble-click to rename").format(title=text))
        self._cut()

    def _cut(self) -> None:
        room = max(20, self.width() - 16)
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the title to the new width."""
        super().resizeEvent(event)
        self._cut()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename on a double click."""
        self._bar.edit()
