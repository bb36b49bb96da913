"""A sheet that shows a text file of ours: a model card, a licence. Fetches nothing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QTextBrowser, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.sheet import Sheet
from studio.protocol.regular_file import read_regular

MAX_CHARS = 400_000


def show_document(look: Appearance, window: QWidget, title: str, path: Path) -> None:
    """Show ``path`` (Markdown or plain text) over ``window``."""
    try:
        text = read_regular(path).decode("utf-8", "replace")[:MAX_CHARS]
    except OSError as error:
        text = f"{path} cannot be read ({error.strerror})."
    sheet = Sheet(look, window, title, 720)
    view = Document()
    view.setAccessibleName(title)
    view.setMinimumHeight(420)
    if path.suffix == ".md":
        view.setMarkdown(text)
    else:
        view.setPlainText(text)
    sheet.body.addWidget(view, 1)
    sheet.show_sheet(view)


class Document(QTextBrowser):
    """Text that loads nothing and follows no link."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)

    def loadResource(self, kind: int, name: QUrl | str) -> None:
        """Refuse to load resources: only the text of a document is shown."""
