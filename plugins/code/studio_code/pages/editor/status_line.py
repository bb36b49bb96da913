"""The line under the text: place, language, indentation, encoding. Tells; changes the language."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.code_edit import CodeEdit
from studio_code.pages.editor.languages import LANGUAGES


class StatusLine(QWidget):
    """Says where the cursor is and how the file is written."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.edit: CodeEdit | None = None
        self.place, self.format = QLabel(), QLabel()
        self.suggesting = QLabel(tr("Suggesting…"))
        self.suggesting.hide()
        for label in (self.place, self.suggesting, self.format):
            ctx.ui.wear(label, Role.SMALL)
        self.language = QToolButton()
        ctx.ui.wear(self.language, Role.STATUS)
        self.language.setToolTip(tr("Language"))
        self.language.clicked.connect(lambda _checked=False: self._show_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 1, 8, 1)
        row.setSpacing(14)
        row.addWidget(self.place)
        row.addWidget(self.suggesting)
        row.addStretch(1)
        row.addWidget(self.format)
        row.addWidget(self.language)

    def set_edit(self, edit: CodeEdit | None) -> None:
        """Tell of another text."""
        if self.edit is not None:
            self.edit.cursorPositionChanged.disconnect(self.show_state)
            self.edit.selectionChanged.disconnect(self.show_state)
            self.edit.file.state_changed.disconnect(self.show_state)
        self.edit = edit
        if edit is not None:
            edit.cursorPositionChanged.connect(self.show_state)
            edit.selectionChanged.connect(self.show_state)
            edit.file.state_changed.connect(self.show_state)
            self.show_state()

    def show_state(self) -> None:
        """Tell what holds now."""
        if self.edit is None:
            return
        cursor, file = self.edit.textCursor(), self.edit.file
        words = tr("Line {line}, column {column}").format(
            line=f"{cursor.blockNumber() + 1:,}", column=cursor.positionInBlock() + 1
        )
        chosen = cursor.selectionEnd() - cursor.selectionStart()
        if chosen:
            words += " · " + tr("{count} selected").format(count=f"{chosen:,}")
        self.place.setText(words)
        mixed = " · " + tr("mixed line endings, saved as one") if file.format.mixed else ""
        self.format.setText(f"{self.edit.indent_words} · {file.format.words}{mixed}")
        self.language.setText(file.kind.title)
        self.language.setAccessibleName(tr("Language: {name}").format(name=file.kind.title))

    def _show_menu(self) -> None:
        if self.edit is None:
            return
        menu, file = self._ctx.ui.menu(), self.edit.file
        for language in sorted(LANGUAGES, key=lambda item: item.title.casefold()):
            action = menu.addAction(language.title, partial(file.set_language, language.id))
            action.setCheckable(True)
            action.setChecked(language is file.kind)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        corner = self.language.mapToGlobal(self.language.rect().topRight())
        corner.setX(corner.x() - menu.sizeHint().width())
        corner.setY(corner.y() - menu.sizeHint().height())
        menu.popup(corner)
