"""Documents and pictures of the next message: chosen, dropped, shown, taken off. Reads none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QPushButton, QWidget

from studio.api import PluginContext
from studio_chat.documents import photo
from studio_chat.documents.passages import MAX_DOCUMENTS
from studio_chat.pages.documents.collections import Collections

SUFFIXES = (
    *("", ".txt", ".md", ".markdown", ".rst", ".tex", ".log", ".pdf", ".docx", ".odt", ".xml"),
    *(".html", ".htm", ".xhtml", ".epub", ".pptx", *photo.SUFFIXES),
    *(".csv", ".tsv", ".json", ".yaml", ".yml", ".toml", ".ini", ".py", ".js", ".ts", ".c", ".h"),
    *(".cpp", ".java", ".rs", ".go", ".sh", ".sql"),
)
"""Files that the page takes for documents; others may belong to another page."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MAX_PICTURES = 8


def is_picture(path: str) -> bool:
    """Return whether a file is a picture, by its name."""
    return Path(path).suffix.lower() in PICTURE_SUFFIXES


class Attachments(QWidget):
    """A row with a button for each document; hidden while there is none.

    Signals:
        changed: Documents came or went.
        refused: Why some were not taken, in a sentence.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.collections = Collections(ctx)
        self._paths: list[str] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._row.addStretch(1)
        self._chips: list[QPushButton] = []
        self.hide()

    @property
    def paths(self) -> list[str]:
        """Documents and pictures, in the order in which they came."""
        return list(self._paths)

    @property
    def documents(self) -> list[str]:
        """Those to answer from."""
        return [path for path in self._paths if not is_picture(path)]

    @property
    def pictures(self) -> list[str]:
        """Those to look at."""
        return [path for path in self._paths if is_picture(path)]

    def choose(self) -> None:
        """Let the user pick files."""
        chosen = self._ui.pick_files(self.tr("Attach documents or pictures"), many=True)
        self.add([str(path) for path in chosen])

    def choose_folder(self) -> None:
        """Let the user pick a folder: all documents in it, as they are when it is asked."""
        chosen = self._ui.pick_folder(self.tr("Attach a folder of documents"))
        if chosen is not None:
            self.add([str(chosen)])

    def add(self, paths: Sequence[str]) -> None:
        """Attach files and folders; refuse other paths, and too many, with a message."""
        new = [path for path in dict.fromkeys(paths) if path not in self._paths]
        files = [path for path in new if Path(path).is_file() or Path(path).is_dir()]
        room = MAX_DOCUMENTS - len(self._paths)
        if len(files) < len(new):
            self.refused.emit(self.tr("Only files and folders can be attached."))
        elif len(files) > room:
            words = self.tr("A message takes at most {most} documents; the others were left out.")
            self.refused.emit(words.format(most=MAX_DOCUMENTS))
        self.set_paths([*self._paths, *files[:room]])

    def set_paths(self, paths: Sequence[str]) -> None:
        """Show just these."""
        if list(paths) == self._paths:
            return
        self._paths = list(paths)
        for chip in self._chips:
            self._row.removeWidget(chip)
            chip.deleteLater()
        self._chips = [self._chip(path) for path in self._paths]
        for place, chip in enumerate(self._chips):
            self._row.insertWidget(place, chip)
        self.setVisible(bool(self._paths))
        self.changed.emit()

    def _chip(self, path: str) -> QPushButton:
        words = self.tr("{path}\nThe answer uses it. Click to remove it.")
        icon = "image" if is_picture(path) else "paperclip"
        if Path(path).is_dir():
            words = self.tr("{path}\nThe answer uses the documents in it. Click to remove it.")
            icon = "folder"
        name = f"{self.collections.name(path)}  ×"
        chip: QPushButton = self._ui.button(name, icon, tip=words.format(path=path))
        if Path(path).is_dir():
            chip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            chip.customContextMenuRequested.connect(lambda at: self._chip_menu(chip, path, at))
        chip.clicked.connect(lambda: self.set_paths([p for p in self._paths if p != path]))
        return chip

    def _chip_menu(self, chip: QPushButton, path: str, at: QPoint) -> None:
        menu: QMenu = self._ui.menu()
        icon = self._ui.icon("text-cursor-input")
        menu.addAction(icon, self.tr("Name this collection…"), lambda: self.ask_name(path))
        menu.popup(chip.mapToGlobal(at))

    def ask_name(self, path: str) -> None:
        """Let the user name a folder: it is offered by that name from then on."""
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Name this collection"))
        dialog.setLabelText(self.tr("Name (leave empty for the name of the folder)"))
        dialog.setTextValue(self.collections.name(path))
        dialog.textValueSelected.connect(lambda name: self._name(path, name))
        dialog.open()

    def _name(self, path: str, name: str) -> None:
        self.collections.give(path, name)
        shown, self._paths = self._paths, []
        self.set_paths(shown)

    def fill_menu(self, menu: QMenu) -> None:
        """Offer files, folders, and the folders that have a name."""
        icon = self._ui.icon
        menu.addAction(icon("paperclip"), self.tr("Files…"), self.choose)
        menu.addAction(icon("folder"), self.tr("Folder…"), self.choose_folder)
        for path, name in self.collections.all().items():
            action = menu.addAction(icon("folder"), name)
            action.triggered.connect(lambda _checked=False, path=path: self.add([path]))
