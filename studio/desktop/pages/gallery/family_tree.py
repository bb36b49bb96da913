"""Family tree of a result in a sheet over the window, for navigating to related artifacts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.api.artifacts import SavedArtifact
from studio.base.background import in_words
from studio.desktop.appearance.language import declared
from studio.desktop.pages.gallery.family_canvas import FamilyCanvas
from studio.desktop.pages.gallery.grid.thumbnails import Thumbnails
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.sheet import Sheet
from studio.library.family import SHOWN, Tree
from studio.protocol.errors import StudioError

_WIDER = 48
"""So many more children are shown at a press."""


class FamilyTree(QWidget):
    """The graph with a way back.

    Args:
        open: Opens the member with that id.
    """

    def __init__(self, parts: PageServices, open: Callable[[str], None]) -> None:
        super().__init__()
        self._parts, self._open = parts, open
        look = parts.ui.look
        self._before: list[str] = []
        self._children = SHOWN
        thumbnails = Thumbnails(look, parts.studio.library, parts.background, self._on_picture)
        self.canvas = FamilyCanvas(look, thumbnails.of, self._task_title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(self.canvas)
        column.addWidget(self._area, 1)
        foot = QHBoxLayout()
        self.back = look.button(self.tr("Back"), "arrow-left", small=True)
        self.back.clicked.connect(self.go_back)
        foot.addWidget(self.back)
        self.more = look.button(self.tr("Show more"), "plus", small=True)
        self.more.clicked.connect(self._widen)
        foot.addWidget(self.more)
        hint = self.tr("Arrow keys: move · Click or Space: centre · Double-click or Enter: open")
        foot.addWidget(look.label(hint, "small"), 1)
        column.addLayout(foot)
        self.canvas.centred.connect(self._on_centred)
        self.canvas.opened.connect(self._on_opened)
        self.canvas.widened.connect(self._widen)
        self.canvas.pointed.connect(self._follow)
        self._show_buttons()

    def show_around(self, id: str) -> None:
        """Show the family around an artifact or a message; it is read beside the window."""
        families, children = self._parts.studio.library.families, self._children
        self._parts.background.run(
            lambda: families.around(id, children),
            self._fill,
            lambda error: self._parts.studio.notices.error(in_words(error), key="family"),
        )

    def go_back(self) -> None:
        """Show the one that was in the centre before."""
        if self._before:
            self._children = SHOWN
            self.show_around(self._before.pop())

    def _fill(self, tree: Tree) -> None:
        if not isValid(self):
            return
        self.canvas.show_tree(tree)
        self._show_buttons()
        QTimer.singleShot(0, self.canvas, self._centre)  # once it has its new size

    def _on_picture(self, id: str) -> None:
        if isValid(self):
            self.canvas.update()

    def _show_buttons(self) -> None:
        centre = self.canvas.tree.members.get(self.canvas.tree.centre)
        self.back.setEnabled(bool(self._before))
        self.more.setVisible(centre is not None and centre.more_children > 0)

    def _on_centred(self, id: str) -> None:
        if id != self.canvas.tree.centre:
            self._before.append(self.canvas.tree.centre)
            self._children = SHOWN
            self.show_around(id)

    def _widen(self) -> None:
        self._children += _WIDER
        self.show_around(self.canvas.tree.centre)

    def _on_opened(self, id: str) -> None:
        if not self.canvas.tree.members[id].is_erased:
            self._open(id)

    def _follow(self) -> None:
        if self.canvas.current in self.canvas.places:
            at = self.canvas.place(self.canvas.current)
            self._area.ensureVisible(
                round(at.center().x()),
                round(at.center().y()),
                round(at.width()),
                round(at.height()),
            )

    def _centre(self) -> None:
        if self.canvas.tree.centre in self.canvas.places:
            at, room = self.canvas.place(self.canvas.tree.centre).center(), self._area.viewport()
            self._area.horizontalScrollBar().setValue(round(at.x() - room.width() / 2))
            self._area.verticalScrollBar().setValue(round(at.y() - room.height() / 2))

    def _task_title(self, task: str) -> str:
        try:
            return declared(self._parts.studio.plugins.task(task)[1].title)
        except StudioError:  # its plugin is gone
            return task


def show_family_tree(
    parts: PageServices, id: str, opener: QWidget, show: Callable[[str], None]
) -> FamilyTree:
    """Show the family around ``id`` in a sheet over the window of ``opener``.

    Args:
        show: Shows an artifact in the library; a message is shown where it was said.
    """
    window = opener.window()
    title = QCoreApplication.translate("FamilyTree", "Family tree")
    sheet = Sheet(parts.ui.look, window, title, max(520, window.width() - 96))

    def open(id: str) -> None:
        message = tree.canvas.tree.members[id].message
        sheet.dismiss()
        if message is None:
            show(id)
            return
        talk = SavedArtifact(message.conversation, "conversation", "", "", Path())
        for _, send in parts.ui.send_to(talk)[:1]:
            send()

    tree = FamilyTree(parts, open)
    tree.setMinimumHeight(max(320, window.height() - 200))
    sheet.body.addWidget(tree)
    sheet.show_sheet(tree.canvas)
    tree.show_around(id)
    return tree
