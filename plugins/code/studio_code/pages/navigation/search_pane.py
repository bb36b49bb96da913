"""Find in the folder, and the definitions and references of a name. Searches beside the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.editor.text_search import LONGEST, Query
from studio_code.pages.navigation import places
from studio_code.pages.navigation.place_list import PlaceList
from studio_code.pages.navigation.places import Found
from studio_code.pages.phrases import count_words
from studio_code.pages.workspace import Workspace


class SearchPane(QWidget):
    """A field, ways to look, and the places.

    Signals:
        shown: There are places to be seen.

    Attributes:
        field: What to look for.
        list: The places.
        words: How many there are.
    """

    shown = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._turn = 0
        self.field = QLineEdit()
        self.field.setMaxLength(LONGEST)
        self.field.setPlaceholderText(tr("Find in the folder"))
        self.field.setAccessibleName(tr("Find in the folder"))
        self.field.setClearButtonEnabled(True)
        self.case = self._toggle("Aa", tr("Match case"))
        self.whole = self._toggle("W", tr("Whole words"))
        self.pattern = self._toggle(".*", tr("Regular expression"))
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.list = PlaceList(ctx, tr("Places found"))
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for button in (self.case, self.whole, self.pattern):
            tools.addWidget(button)
        tools.addStretch(1)
        head = QVBoxLayout()
        head.setContentsMargins(10, 8, 10, 0)
        head.addWidget(self.field)
        head.addLayout(tools)
        head.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        self.field.returnPressed.connect(self.search)
        self.list.asked.connect(workspace.goto)
        workspace.root_changed.connect(self._on_root)
        self.setFocusProxy(self.field)

    def _toggle(self, words: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.toggled.connect(lambda _on: self.search())
        return button

    # --- looking ------------------------------------------------------------------------------

    def begin(self, words: str = "") -> None:
        """Take the keyboard; ``words`` are looked for at once."""
        if words:
            self.field.setText(words)
            self.search()
        self.field.setFocus()
        self.field.selectAll()

    def search(self) -> None:
        """Search for the text in the field."""
        query = Query(
            self.field.text(), self.case.isChecked(), self.whole.isChecked(),
            self.pattern.isChecked(),
        )  # fmt: skip
        self._look(lambda root, opened: places.search(root, query, opened), self._show)

    def definition(self, name: str) -> None:
        """Go to the definition of a name, or list them where there are several."""

        def show(result: Found) -> None:
            if len(result.places) == 1:
                self._workspace.goto(result.places[0].path, result.places[0].line)
            elif not result.places:
                words = tr("No definition of “{name}” was found in this folder.")
                self._ctx.notices.info(words.format(name=name), key="code.definition")
            else:
                many = tr("{count} definitions of {name}")
                self._title(result, "", many, name)

        here = self._here()
        self._look(lambda root, opened: places.definitions(root, name, opened, here), show)

    def references(self, name: str) -> None:
        """List where a name stands in code."""
        one, many = tr("“{name}” once, by its name"), tr("“{name}” {count} times, by its name")
        here = self._here()
        self._look(
            lambda root, opened: places.references(root, name, opened, here),
            lambda result: self._title(result, one, many, name),
        )

    def _here(self) -> str:
        return self._workspace.current.path if self._workspace.current is not None else ""

    def _look(self, find: Callable[..., Found], show: Callable[[Found], None]) -> None:
        root = self._workspace.root
        if root is None:
            return
        self._turn += 1
        turn, opened = self._turn, opened_texts(self._workspace)
        self.words.setText(tr("Searching…"))

        def arrived(result: Any) -> None:
            if turn != self._turn:
                return  # something else is looked for meanwhile
            self.words.setText("")
            if isinstance(result, StudioError):
                self.list.clear()
                self.words.setText(f"{result.message} {result.hint}")
            else:
                show(result)

        self._ctx.run_later(lambda: outcome(lambda: find(root, opened)), arrived)

    def _show(self, result: Found) -> None:
        one, many = tr("1 place"), tr("{count} places")
        self._title(result, one, many, "")
        if not self.field.text():
            self.words.setText("")
        elif not result.places:
            self.words.setText(tr("Nothing found."))

    def _title(self, result: Found, one: str, many: str, name: str) -> None:
        self.list.show_places(result.places)
        words = count_words(len(result.places), one, many.replace("{name}", name))
        more = tr("There are more.") if result.cut else ""
        self.words.setText(" ".join(filter(None, (words.replace("{name}", name), more))))
        self.shown.emit()

    def _on_root(self) -> None:
        self._turn += 1
        self.list.clear()
        self.words.setText("")


def opened_texts(workspace: Workspace) -> dict[str, str]:
    """Return path → text of the open files of the folder, as they are in the editor."""
    inside = [file for file in workspace.files if not file.path.startswith("/")]
    return {file.path: file.text() for file in inside if file.dirty and not file.untitled}
