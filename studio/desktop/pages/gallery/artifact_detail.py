"""Details of one artifact beside the grid: preview, recipe, family and actions.

The sections come from ``detail_sections.SECTIONS``, the actions from
``detail_actions.ACTIONS`` and, in a menu, ``MORE``. Viewing changes no state on any page.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api.window.work_queue import outcome
from studio.desktop.pages.gallery import detail_actions
from studio.desktop.pages.gallery.detail_sections import SECTIONS
from studio.desktop.pages.gallery.details import DetailAction, Details
from studio.desktop.pages.page_services import PageServices
from studio.desktop.viewers import artifact as viewers
from studio.library import Artifact, Record
from studio.library.rows import Family
from studio.protocol.errors import StudioError

WIDTH = viewers.ROOM + 48
_IN_A_ROW = 2
"""So many actions lie side by side."""


class ArtifactDetail(QFrame):
    """The panel at the right of the gallery.

    Signals:
        changed: The artifact was renamed, starred, binned or made again: look anew.
        opened: Id of a relative the user wants to see.
        played: What plays was played to its end, or nothing is there to play.
    """

    changed = Signal()
    opened = Signal(str)
    played = Signal()

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self.setObjectName("panel")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Details"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area)
        self.artifact: Artifact | None = None
        self._viewer: Any = None  # a plugin's: the studio does not know its type
        self._plays = False

    def show_artifact(self, artifact: Artifact) -> None:
        """Show ``artifact``; its recipe and family are read beside the window."""
        self.artifact = artifact
        library = self._parts.studio.library

        def read() -> Details:
            problems = []
            record = outcome(lambda: library.record(artifact.record)) if artifact.record else None
            if isinstance(record, StudioError):
                problems.append(str(record))
                record = None
            path = library.payload_path(artifact)
            if not path.exists():
                problems.append(
                    self.tr(
                        "Its file is missing from the library. Restore a backup, or move the entry "
                        "to the bin."
                    )
                )
            family, start = library.family(artifact.id), viewers.head(path)
            return replace(self._details(artifact, record, family, start), problems=tuple(problems))

        self._parts.background.run(read, self._fill, self._details(artifact).tell)

    def toggle(self) -> None:
        """Play or pause the preview if playable."""
        if toggle := getattr(self._viewer, "toggle", None):
            toggle()

    def play_next(self, on: bool) -> None:
        """Set whether the next preview plays as soon as it is loaded."""
        self._plays = on

    def fill_menu(self, menu: QMenu, artifact: Artifact) -> None:
        """Add all that can be done with ``artifact`` from afar."""
        icon, details = self._look.icons.icon, self._details(artifact)
        for title, name, act in detail_actions.uses(details):
            menu.addAction(icon(name), title, act)
        menu.addSeparator()
        star = detail_actions.star(details)
        menu.addAction(icon(star.icon), star.title, lambda: star.run(menu))
        if artifact.binned_at is None:
            away = self.tr("Move to bin")
            menu.addAction(icon("trash-2"), away, lambda: detail_actions.move_to_bin(details))

    # --- building -----------------------------------------------------------------------------

    def _details(
        self,
        artifact: Artifact,
        record: Record | None = None,
        family: Family | None = None,
        start: bytes = b"",
    ) -> Details:
        relatives = family or Family([], [])
        opened, changed = self.opened.emit, self.changed.emit
        return Details(self._parts, artifact, record, relatives, start, opened, changed)

    def _fill(self, details: Details) -> None:
        if self.artifact is not details.artifact:
            return  # another one was chosen meanwhile
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(20, 18, 20, 20)
        column.setSpacing(10)
        column.addLayout(self._head(details))
        maker = details.record.plugin if details.record else ""
        self._viewer = viewer = viewers.show(self._parts, details.artifact, details.start, maker)
        column.addWidget(viewer)
        column.addLayout(self._buttons(details))
        for section in SECTIONS:
            if shown := section(details):
                column.addWidget(shown)
        column.addStretch()
        self._area.setWidget(inner)
        self._follow_player()

    def _follow_player(self) -> None:
        """Hear of the end of what plays; play it, where it is the next one of several."""
        begins, self._plays = self._plays, False
        ended = getattr(self._viewer, "ended", None)
        if ended is not None:
            ended.connect(self.played)
            if begins:
                self._viewer.begin()
        elif begins:
            self.played.emit()

    def _head(self, details: Details) -> QHBoxLayout:
        artifact = details.artifact
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._look.icon_label(*self._look.kinds.icon(artifact.kind), 18))
        title = QLineEdit(artifact.title)
        title.setPlaceholderText(self.tr("Untitled"))
        title.setAccessibleName(self.tr("Title"))
        title.editingFinished.connect(lambda: _rename(details, title.text()))
        row.addWidget(title, 1)
        star = detail_actions.star(details)
        button = self._look.icon_button(star.icon, star.title)
        button.clicked.connect(lambda: star.run(button))
        row.addWidget(button)
        return row

    def _buttons(self, details: Details) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        first = [widget for action in detail_actions.ACTIONS if (widget := action(details))]
        buttons = [*map(self._button, first), self._more(details)]
        for place in range(0, len(buttons), _IN_A_ROW):
            row = QHBoxLayout()
            row.setSpacing(6)
            for button in buttons[place : place + _IN_A_ROW]:
                row.addWidget(button)
            row.addStretch()
            column.addLayout(row)
        return column

    def _more(self, details: Details) -> QPushButton:
        """Return the button of the menu of all else that can be done."""
        icon = self._look.icons.icon
        button = self._look.button(self.tr("More"), "ellipsis", small=True)
        menu = self._parts.ui.menu(button)
        menu.setToolTipsVisible(True)
        for action in detail_actions.MORE:
            if item := action(details):
                entry = menu.addAction(icon(item.icon), item.title, partial(item.run, button))
                entry.setToolTip(item.tip)
                entry.setEnabled(item.enabled)
        menu.addSeparator()
        for title, name, act in detail_actions.uses(details):
            menu.addAction(icon(name), title, act)
        menu.addSeparator()
        away = detail_actions.to_bin_or_back(details)
        menu.addAction(icon(away.icon), away.title, partial(away.run, button))
        button.setMenu(menu)
        return button

    def _button(self, action: DetailAction) -> QPushButton:
        button = self._look.button(action.title, action.icon, small=True)
        button.setEnabled(action.enabled)
        button.setToolTip(action.tip)
        button.clicked.connect(lambda: action.run(button))
        return button


def _rename(details: Details, title: str) -> None:
    id = details.artifact.id
    if title != details.artifact.title:
        details.do(lambda library: library.rename(id, title))
