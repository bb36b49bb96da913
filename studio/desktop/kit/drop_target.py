"""How things come to a page: dropped anywhere on it, pasted, picked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from studio.api.intake import local_files
from studio.api.window.ui import TroubleRow, Ui
from studio.desktop.appearance.appearance import Appearance
from studio.library.provenance.side_file import described


@dataclass(frozen=True)
class Accepted:
    """Accepted drop formats and their handlers; see ``studio.api.kit.Kit.drop_target``."""

    files: Callable[[list[Path]], None]
    suffixes: Sequence[str] = ()
    folders: bool = False
    many: bool = True
    image: Callable[[QImage], None] | None = None
    text: Callable[[str], None] | None = None

    def paths(self, data: QMimeData | None) -> list[Path]:
        """Return the files and folders that the page takes; a side file goes with its file."""
        paths = [path for path in local_files(data) if self._takes(path)]
        return [path for path in paths if described(path) == path or described(path) not in paths]

    def _takes(self, path: Path) -> bool:
        if path.is_dir():
            return self.folders
        return not self.suffixes or path.suffix.lower() in self.suffixes


class DropTarget(QObject):
    """Implements ``studio.api.intake.DropTarget``; watches the events of the page."""

    def __init__(
        self,
        ui: Ui,
        look: Appearance,
        page: QWidget,
        title: str,
        accepted: Accepted,
        trouble: TroubleRow | None,
        nothing: str,
    ) -> None:
        super().__init__(page)
        self._ui, self._page, self._title = ui, page, title
        self._accepted, self._trouble, self._nothing = accepted, trouble, nothing
        self._overlay = DropOverlay(look, page, title)
        page.setAcceptDrops(True)
        page.installEventFilter(self)

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged or copied has anything for the page."""
        accepted = self._accepted
        if accepted.paths(data) or (accepted.image is not None and data.hasImage()):
            return True
        return accepted.text is not None and data.hasText() and not data.hasUrls()

    def drop(self, data: QMimeData) -> None:
        """Pass the accepted parts of the data to the page."""
        accepted, paths = self._accepted, self._accepted.paths(data)
        if paths:
            accepted.files(paths)
        elif accepted.image is not None and data.hasImage():
            accepted.image(QImage(data.imageData()))
        elif accepted.text is not None and data.hasText():
            accepted.text(data.text())

    def paste(self) -> None:
        """Pass the clipboard to the page, or report that it holds nothing usable."""
        data = QGuiApplication.clipboard().mimeData()
        if data is not None and self.takes(data):
            self.drop(data)
        elif self._nothing and self._trouble is not None:
            self._trouble.tell(self._nothing)

    def pick(self) -> None:
        """Ask for files and hand them to the page."""
        accepted = self._accepted
        paths = self._ui.pick_files(self._title, accepted.suffixes, many=accepted.many)
        if paths:
            accepted.files(paths)

    # --- dragging over the page ---------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what fits; show that it will be taken."""
        if watched is not self._page:
            return False
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._overlay.hide()
            self.drop(event.mimeData())
            event.acceptProposedAction()
            return True
        if isinstance(event, QDragEnterEvent):
            return self._on_enter(event)
        if event.type() == QEvent.Type.DragLeave:
            self._overlay.hide()
        return False

    def _on_enter(self, event: QDragEnterEvent) -> bool:
        source = event.source()
        own = isinstance(source, QWidget) and self._page.isAncestorOf(source)
        if own or not self.takes(event.mimeData()):
            return False
        event.acceptProposedAction()
        self._overlay.cover()
        return True


class DropOverlay(QWidget):
    """Lies over the whole page while something that it takes is dragged over it."""

    def __init__(self, look: Appearance, page: QWidget, words: str) -> None:
        super().__init__(page)
        self._look, self._page, self._words = look, page, words
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(words)
        self.hide()

    def cover(self) -> None:
        """Lie over the page as large as it is now."""
        self.setGeometry(self._page.rect())
        self.raise_()
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a veil, a dashed frame, and what will happen."""
        color = self._look.theme.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(color("bg"))
        veil.setAlphaF(0.8)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(color("accent"), 2, Qt.PenStyle.DashLine))
        frame = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        painter.drawRoundedRect(frame, 14, 14)
        painter.setPen(color("text"))
        painter.setFont(self._look.fonts.body(15, 600))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
