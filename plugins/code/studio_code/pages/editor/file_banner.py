"""Banner above the text: conflicts and limits of the file, with buttons to resolve them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.workspace import Workspace


class FileBanner(QFrame):
    """Hidden while nothing is odd."""

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._sign = QLabel()
        self._sign.setFixedSize(QSize(16, 16))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(14, 6, 10, 6)
        self._row.setSpacing(8)
        self._row.addWidget(self._sign)
        self._row.addWidget(self.words, 1)
        self.setObjectName("fileBanner")
        workspace.current_changed.connect(self.show_state)
        workspace.state_changed.connect(lambda _path: self.show_state())
        ctx_end = ctx.ui.on_theme(lambda _tokens: self._dress())
        self.destroyed.connect(lambda: ctx_end())
        self._dress()
        self.hide()

    def _dress(self) -> None:
        colors = self._ctx.ui.tokens.colors
        self.setStyleSheet(
            f"#fileBanner {{ background: {_rgba(colors['warn-soft'])}; border: none;"
            f" border-bottom: 1px solid {colors['line']}; }}"
        )

    def show_state(self) -> None:
        """Show the conflict or limit of the current file."""
        file = self._workspace.current
        if file is None:
            self.hide()
        elif file.outside is not None:
            self._say(
                tr("{name} was changed by another program, and you changed it too."),
                file,
                (tr("Compare"), lambda: self._compare(file)),
                (tr("Use theirs"), lambda: self._take_theirs(file)),
                (tr("Keep mine"), file.keep_mine),
            )
        elif file.gone:
            self._say(
                tr("{name} was deleted on disk. The text is still here, unsaved."),
                file,
                (tr("Save it again"), lambda: self._workspace.save(file)),
                (tr("Close"), lambda: self._workspace.close(file)),
            )
        elif file.locked:
            self._say(file.locked.replace("{", "").replace("}", ""), file)
        else:
            self.hide()

    def _say(self, words: str, file: OpenFile, *ways: tuple[str, Callable[[], None]]) -> None:
        message = words.format(name=file.name)
        if self.isVisible() and self.words.text() == message:
            return
        self.words.setText(message)
        locked = bool(file.locked) and not ways
        icon = self._ctx.ui.icon("lock" if locked else "triangle-alert", "warn")
        self._sign.setPixmap(icon.pixmap(16, 16))
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = []
        for title, run in ways:
            button = self._ctx.ui.button(title, dense=True)
            button.clicked.connect(lambda _checked=False, run=run: run())
            self._row.addWidget(button)
            self.buttons.append(button)
        self.show()

    def _compare(self, file: OpenFile) -> None:
        if file.outside is not None:
            self._workspace.propose(
                file.path, file.outside.text, tr("On disk"), theirs=True, base=file.base
            )

    def _take_theirs(self, file: OpenFile) -> None:
        if file.outside is not None:
            file.reloaded(file.outside)  # Ctrl+Z brings back what was here


def _rgba(color: str) -> str:
    """Return ``#aarrggbb`` as a style sheet reads it."""
    if len(color) != 9:
        return color
    red, green, blue = (int(color[n : n + 2], 16) for n in (3, 5, 7))
    return f"rgba({red}, {green}, {blue}, {int(color[1:3], 16)})"
