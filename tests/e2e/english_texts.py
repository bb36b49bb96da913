"""Opens each mode of each page of a German window and prints the English that is shown there.

    python tests/e2e/english_texts.py

The library is a demo, the runtime a script. Titles of results and names of models are nobody's to
translate.
"""

from __future__ import annotations

import gettext
import re
import sys
from collections.abc import Iterable, Iterator

from studio.app import App, make_application  # isort: skip  first of all, as the window does

from cut_controls import _modes, _unfold
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QPlainTextEdit, QTextEdit

from studio.base.paths import StudioPaths
from studio.desktop.appearance.language import catalogue_path
from studio.desktop.window import window_state
from studio.desktop.window.window_state import WindowState
from studio.library import Library
from studio.testing import demo
from studio.testing.scripted import ScriptedRuntime
from studio.testing.shots import _wait

_PROPERTIES = (
    "text", "toolTip", "placeholderText", "accessibleName", "accessibleDescription", "title",
    "windowTitle", "prefix", "suffix", "specialValueText", "statusTip",
)  # fmt: skip
_ENGLISH = re.compile(
    r"\b(?:the|of|and|to|is|are|with|for|from|this|that|not|no|your|you|it|its|by|or|as|at|be|can|"
    r"cannot|has|have|when|where|which|only|more|than|each|every|all|new|open|show|use|add|delete)\b",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<style.*?</style>|<[^>]+>|\u200b|\u00ad", re.DOTALL)
_SETTLE_S = 0.08


class Words:
    """What is English: a text that German has other words for, or one with such small words.

    Args:
        names: What stands there by names: titles of results, models, plugins' tasks.
    """

    def __init__(self, names: Iterable[str]) -> None:
        with catalogue_path("de").open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        self._german = {
            english: german
            for english, german in catalogue._catalog.items()  # type: ignore[attr-defined]
            if isinstance(english, str) and english
        }
        self._translations = set(self._german.values())
        self._names = tuple(filter(None, names))

    def is_english(self, text: str) -> bool:
        """Whether a text that is shown should have been translated."""
        text = _TAGS.sub("", text).strip()
        if not text or text in self._translations:
            return False
        if self._german.get(text, text) != text:
            return True
        for name in self._names:
            text = text.replace(name, "")
        return bool(_ENGLISH.search(text))


def main() -> int:
    """Open the studio and print a line for each English text."""
    paths = StudioPaths.default()
    with Library.open(paths) as library:
        demo.fill(library)
        names = [row.title for row in library.find(limit=200)]
        names += [row.title for row in library.conversations.list()]
    window_state.save(paths.state, WindowState(language="de"))
    application = make_application()
    scripted = ScriptedRuntime()
    scripted.in_turn = True
    app = App(application, launch=scripted.launch)
    app.look.theme.reduced_motion = True
    app.start()
    _wait(lambda: app.session is not None)
    assert app.session is not None
    app.session.studio.runtime.start()
    _wait(lambda: app.activity.runtime_state == "ready" and bool(app.window.pages.current))
    assert app.look.language.in_force == "de"
    words, texts, reported = Words(names), 0, set[str]()
    for button in app.window.rail.buttons():
        app.window.open_page(button.spec.id)
        for part, text in _of_page(app):
            texts += 1
            if text not in reported and words.is_english(text):
                reported.add(text)
                print(f"{button.spec.id} {part}: {text!r}")
    print(f"{texts} texts seen", file=sys.stderr)
    app.quit()
    app.finish()
    return 0


def _of_page(app: App) -> Iterator[tuple[str, str]]:
    page = app.window.pages.page()
    assert page is not None
    _wait(lambda: False, _SETTLE_S)
    parts = [part for part in (page.widget, page.panel) if part is not None]
    for _, choose in [("", lambda: None), *_modes(parts)]:
        choose()
        for part in parts:
            _unfold(part)
        _wait(lambda: False, _SETTLE_S)
        yield from _texts(app.window)


def _texts(root: QObject) -> Iterator[tuple[str, str]]:
    for child in root.findChildren(QObject):
        if isinstance(child, QTextEdit | QPlainTextEdit):
            continue  # what the user, a model or the guide has written
        kind = type(child).__name__
        for property in _PROPERTIES:
            if isinstance(text := child.property(property), str) and text:
                yield f"{kind}.{property}", text
        if isinstance(child, QComboBox):
            yield from ((kind, child.itemText(row)) for row in range(child.count()))
        elif isinstance(child, QAbstractItemView) and child.model() is not None:
            yield from ((kind, text) for text in _cells(child))
        elif isinstance(child, QAction):
            yield kind, child.text()


def _cells(view: QAbstractItemView) -> Iterator[str]:
    model, roles = view.model(), (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    if isinstance(view, QHeaderView):
        across = view.orientation()
        cells = [model.headerData(n, across, role) for n in range(view.count()) for role in roles]
    else:
        is_list = isinstance(model, QAbstractListModel)
        rows = range(min(30, model.rowCount(QModelIndex())))
        columns = range(1 if is_list else min(20, model.columnCount(QModelIndex())))
        cells = [model.index(r, c).data(role) for r in rows for c in columns for role in roles]
    yield from (cell for cell in cells if isinstance(cell, str))


if __name__ == "__main__":
    sys.exit(main())
