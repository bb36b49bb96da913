"""Form editors for local weights and files. Each knows only its own field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from studio.api.intake import local_files
from studio.api.params import Field
from studio.api.weights import WeightsView
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.forms.checks import CheckList
from studio.desktop.forms.editor import Editor
from studio.desktop.widgets.no_wheel import NoWheelComboBox


class PickFiles(Protocol):
    """Asks for existing files or a folder."""

    def __call__(self, title: str, suffixes: Sequence[str], folder: bool) -> Path | None: ...


class Chosen(Protocol):
    """Takes down files that the user named; with ``keep`` also for the next studio."""

    def __call__(self, paths: Iterable[Path | str], /, *, keep: bool = True) -> object: ...


def unwatched(paths: Iterable[Path | str], /, *, keep: bool = True) -> None:
    """Take nothing down: for forms outside a studio."""


class WeightsEditor(Editor):
    """Selects weights suitable for the task; explains how to add some if none are installed."""

    def __init__(
        self, look: Appearance, field: Field, weights: WeightsView, open_models: Callable[[], None]
    ) -> None:
        box = _TellsWhenShown(self.refresh)
        super().__init__(box)
        self._field, self._weights = field, weights
        self._wanted: str | None = ""
        self._combo = NoWheelComboBox()
        self._combo.setAccessibleName(field.title)
        self._combo.activated.connect(self._on_activated)
        self._none = _no_weights(look, open_models)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        layout.addWidget(self._none)
        self.refresh()

    def refresh(self) -> None:
        """Look again at what there is."""
        field = self._field
        options = _told_apart(self._weights.for_capability(field.capability, field.prefer))
        self._combo.clear()
        if options:
            best = self.tr("Automatic ({title})").format(title=options[0][1])
            self._combo.addItem(best, "")
        for weights_id, title in options:
            self._combo.addItem(title, weights_id)
        if options and field.optional:
            self._combo.addItem(self.tr("None"), None)
        self._combo.setVisible(bool(options))
        self._none.setVisible(not options)
        self.set(self._wanted)

    def get(self) -> str | None:
        """Return the weights, empty for the best that fit, None for none."""
        return self._combo.currentData() if self._combo.count() else ""

    def set(self, value: Any) -> None:
        self._wanted = None if value is None and self._field.optional else str(value or "")
        there = [self._combo.itemData(at) for at in range(self._combo.count())]
        self._combo.setCurrentIndex(there.index(self._wanted) if self._wanted in there else 0)
        self._combo.setToolTip(self._combo.currentText())  # there is hardly room for all of it

    def _on_activated(self) -> None:
        self._wanted = self.get()
        self._combo.setToolTip(self._combo.currentText())
        self.edited.emit()


class WeightsListEditor(Editor):
    """Selects several weights suitable for the task with check boxes."""

    def __init__(
        self, look: Appearance, field: Field, weights: WeightsView, open_models: Callable[[], None]
    ) -> None:
        box = _TellsWhenShown(self.refresh)
        super().__init__(box)
        self._field, self._weights = field, weights
        self.checks = CheckList(self.edited.emit)
        self.checks.setAccessibleName(field.title)
        self._none = _no_weights(look, open_models)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.checks)
        layout.addWidget(self._none)
        self._offered: list[tuple[str, str]] = []
        self.refresh()

    def refresh(self) -> None:
        """Reload the available weights; deselect removed ones."""
        field = self._field
        options = _told_apart(self._weights.for_capability(field.capability, field.prefer))
        if options != self._offered:
            chosen, self._offered = self.get(), options
            self.checks.offer(options)
            self.checks.choose(chosen)
        self.checks.setVisible(bool(options))
        self._none.setVisible(not options)

    def get(self) -> list[str]:
        return self.checks.chosen()

    def set(self, value: Any) -> None:
        self.checks.choose([str(item) for item in value or ()])


class _TellsWhenShown(QWidget):
    """Weights come and go while a form is out of sight."""

    def __init__(self, shown: Callable[[], None]) -> None:
        super().__init__()
        self._shown = shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._shown()


class FileEditor(Editor):
    """A path: picked, typed, or dropped here."""

    def __init__(
        self, look: Appearance, field: Field, pick: PickFiles, chosen: Chosen = unwatched
    ) -> None:
        self._field, self._pick, self._chosen = field, pick, chosen
        self._is_typed = False
        self._titles: dict[str, str] = {}
        row = _DropRow(self._on_dropped)
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._edit = QLineEdit()
        self._edit.setPlaceholderText(self._placeholder())
        self._edit.setAccessibleName(field.title)
        self._edit.textEdited.connect(self._on_typed)
        self._edit.editingFinished.connect(self._on_finished)
        layout.addWidget(self._edit, 1)
        for icon, words, folder in self._ways():
            browse = look.icon_button(icon, words)
            browse.clicked.connect(partial(self._browse, folder))
            layout.addWidget(browse)

    def _placeholder(self) -> str:
        if self._field.file.or_file:
            return self.tr("Choose a file or a folder")
        if self._field.file.folder:
            return self.tr("Choose a folder")
        return self.tr("Choose or drop a file")

    def _ways(self) -> list[tuple[str, str, bool]]:
        """Return icon, words, and whether it picks a folder: no dialog picks files and folders."""
        file = self._field.file
        if not file.or_file:
            return [("folder-open", self.tr("Browse…"), file.folder)]
        return [
            ("file", self.tr("Choose a file…"), False),
            ("folder-open", self.tr("Choose a folder…"), True),
        ]

    def call_file(self, path: str, title: str) -> None:
        """Show ``path`` as ``title`` wherever it is the value."""
        self._titles[self.tr("{title} (library)").format(title=title)] = path

    def get(self) -> str:
        shown = self._edit.text()
        if self._is_typed and shown:  # a shortcut may run the task while the field has the focus
            self._chosen([shown], keep=False)
        return self._titles.get(shown, shown)

    def set(self, value: Any) -> None:
        self._is_typed = False
        path = "" if value is None else str(value)
        self._edit.setText(next((t for t, named in self._titles.items() if named == path), path))
        self._edit.setCursorPosition(len(self._edit.text()))

    def mark(self, bad: bool) -> None:
        restyle(self._edit, "bad", bad)

    def _browse(self, folder: bool) -> None:
        path = self._pick(self._field.title, self._field.file.suffixes, folder)
        if path is not None:
            self._on_dropped(path)

    def _on_typed(self) -> None:
        self._is_typed = True
        self.edited.emit()

    def _on_finished(self) -> None:
        if self._is_typed and (shown := self._edit.text()):
            self._chosen([shown])

    def _on_dropped(self, path: Path) -> None:
        self._chosen([path])
        self.set(path)
        self.edited.emit()


class _DropRow(QWidget):
    def __init__(self, dropped: Callable[[Path], None]) -> None:
        super().__init__()
        self._dropped = dropped
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for path in local_files(event.mimeData())[:1]:
            self._dropped(path)


def _told_apart(options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return ids and titles; titles that several have get the end of their ids."""
    often = Counter(title for _, title in options)
    return [
        (id, title if often[title] == 1 else f"{title} ({id.rpartition('-')[2]})")
        for id, title in options
    ]


def _no_weights(look: Appearance, open_models: Callable[[], None]) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    text = box.tr("No installed model can do this. You can add one on the Models page.")
    layout.addWidget(look.label(text, "warn", wrap=True))
    button = look.button(box.tr("Open Models"), "box", small=True)
    button.clicked.connect(lambda: open_models())
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    return box
