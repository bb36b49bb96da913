"""The menu of filters: what plugins, models, verdicts, dates, tags and collections there are.

Each entry writes into the search line; those that it says already have a tick.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from studio.desktop.pages.page_services import PageServices
from studio.library.search_line import has

_MOST = 30
_FIELDS = ("plugin", "model", "verdict", "after", "tag", "in")


class FilterMenu(QObject):
    """A button and its menu, made when it is opened.

    Attributes:
        button: Opens it.

    Signals:
        toggled: A field, its value, whether it is wanted, and whether it alone.
    """

    toggled = Signal(str, str, bool, bool)

    def __init__(self, parts: PageServices, line: Callable[[], str]) -> None:
        """``line`` returns the search line."""
        super().__init__()
        self._parts, self._line = parts, line
        self.button = parts.ui.look.button(self.tr("Filter"), "chevron-down", small=True)
        self.button.clicked.connect(self._ask)

    def _ask(self) -> None:
        search = self._parts.studio.library.search
        self._parts.background.run(
            lambda: {field: search.values(field) for field in _FIELDS},
            self._open,
            lambda error: self._parts.studio.notices.error(str(error), key="gallery"),
        )

    def _open(self, values: dict[str, list[str]]) -> None:
        menu = self._parts.ui.menu(self.button)
        menu.aboutToHide.connect(menu.deleteLater)
        titles = {
            "plugin": self.tr("Plugin"),
            "model": self.tr("Model"),
            "verdict": self.tr("Verdict"),
            "after": self.tr("Date"),
            "tag": self.tr("Tag"),
            "in": self.tr("Collection"),
        }
        for field, title in titles.items():
            self._fill(menu, field, title, values[field][:_MOST])
        menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def _fill(self, menu: QMenu, field: str, title: str, values: list[str]) -> None:
        inner = menu.addMenu(title)
        inner.setEnabled(bool(values))
        for value in values:
            entry = inner.addAction(self._said(field, value))
            entry.setCheckable(True)
            entry.setChecked(has(self._line(), field, value))
            entry.toggled.connect(partial(self._write, field, value))

    def _write(self, field: str, value: str, on: bool) -> None:
        self.toggled.emit(field, value, on, field == "after")

    def _said(self, field: str, value: str) -> str:
        words = {
            "passed": self.tr("Passed"),
            "failed": self.tr("Failed"),
            "none": self.tr("Not checked"),
            "today": self.tr("Today"),
            "yesterday": self.tr("Since yesterday"),
            "7d": self.tr("Last 7 days"),
            "30d": self.tr("Last 30 days"),
        }
        return words.get(value, value) if field in ("verdict", "after") else value
