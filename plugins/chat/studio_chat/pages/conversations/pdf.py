"""A conversation as PDF, by Qt's own writer. Slow: beside the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QUrl
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from studio.api import BadInput
from studio.api.window.language import tr

_STYLE = "pre, code { font-family: monospace; } td, th { padding: 4px; } h2 { color: #555; }"


class _Closed(QTextDocument):
    """A document that loads nothing from anywhere."""

    def loadResource(self, type: int, name: QUrl | str) -> None:
        """Refuse: there is nothing outside of it."""


def write(html: str, title: str, path: Path) -> None:
    """Write a page of HTML as PDF.

    Raises:
        BadInput: The file cannot be written.
    """
    document = _Closed()
    document.setDefaultStyleSheet(_STYLE)
    document.setHtml(html)
    writer = QPdfWriter(str(path))
    writer.setTitle(title)
    margins = QMarginsF(18, 18, 18, 18)
    layout = QPageLayout(
        QPageSize(QPageSize.PageSizeId.A4),
        QPageLayout.Orientation.Portrait,
        margins,
        QPageLayout.Unit.Millimeter,
    )
    writer.setPageLayout(layout)
    document.print_(writer)
    if not path.is_file() or not path.stat().st_size:
        words = tr("{name} cannot be written.").format(name=path.name)
        raise BadInput(words, tr("Choose another place."))
