"""The middle of the page: tabs, and below them a text, a review, a difference, or a welcome.

Each file has an editor of its own, made when it is first shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.code_edit import LARGEST, SMALLEST, CodeEdit
from studio_code.pages.editor.file_banner import FileBanner
from studio_code.pages.editor.find_bar import FindBar
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.editor.status_line import StatusLine
from studio_code.pages.editor.tabs import Tabs
from studio_code.pages.git.difference_view import DifferenceView
from studio_code.pages.review.proposal import Proposal
from studio_code.pages.review.review import Review
from studio_code.pages.welcome import welcome
from studio_code.pages.workspace import Workspace
from studio_code.pages.write.controller import WritingView
from studio_code.schema import CodeSettings

_LIGATURES: Final = ("liga", "calt")
"""Features of OpenType that draw several signs as one."""


class EditorArea(QWidget):
    """Stack of the editor and its alternatives.

    Attributes:
        wrap: Whether long lines wrap.
        zoom: Points added to the font size.

    Signals:
        edit_changed: Another editor is current, or none.
    """

    edit_changed = Signal()

    def __init__(
        self, ctx: PluginContext, workspace: Workspace, do: Mapping[str, Callable[..., None]]
    ) -> None:
        super().__init__()
        self._ctx, self._workspace, self._do = ctx, workspace, do
        self._edits: dict[int, CodeEdit] = {}
        self._writing = self._reviewing = False
        self._empty: QWidget | None = None
        self._empty_for: bool | None = None
        self.wrap, self.zoom = False, 0.0
        self.tabs = Tabs(ctx, workspace)
        self.banner = FileBanner(ctx, workspace)
        self.find_bar = FindBar(ctx)
        self.review = Review(ctx, workspace)
        self.writing = WritingView(ctx)
        self.difference = DifferenceView(ctx)
        self.status = StatusLine(ctx)
        self.waiting: QPushButton = ctx.ui.button(tr("Review"), "git-compare")
        self._texts = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.show_current()

    def _lay_out(self) -> None:
        self._ctx.ui.wear(self.waiting, Role.DENSE)
        self.waiting.hide()
        self._bar = QWidget()
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(12, 2, 8, 0)
        bar.addWidget(self.tabs, 1)
        bar.addWidget(self.waiting)
        self._column = QWidget()
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part, stretch in (
            (self.banner, 0),
            (self.find_bar, 0),
            (self._texts, 1),
            (self.status, 0),
        ):
            column.addWidget(part, stretch)
        for view in (self._column, self.review, self.writing, self.difference):
            self._stack.addWidget(view)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._bar)
        whole.addWidget(self._stack, 1)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.current_changed.connect(self._on_current)
        workspace.closed.connect(self._on_closed)
        workspace.proposed.connect(self._on_proposed)
        workspace.proposal_ended.connect(self._on_proposal_ended)
        workspace.goto_asked.connect(self._on_goto)
        workspace.root_changed.connect(self.show_current)
        self.writing.hide_asked.connect(lambda: self.show_writing(False))
        self.difference.closed.connect(self._end_difference)
        self.find_bar.closed.connect(self.take_focus)
        self.waiting.clicked.connect(lambda _checked=False: self._back_to_review())
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self._restyle())
        self.destroyed.connect(lambda: end_theme())

    def _restyle(self) -> None:
        for edit in self._edits.values():
            edit.restyle()
        self._empty_for = None
        self.show_current()

    # --- what is in view ----------------------------------------------------------------------

    @property
    def edit(self) -> CodeEdit | None:
        """The editor of the file in view."""
        file = self._workspace.current
        return self._edits.get(id(file)) if file is not None else None

    @property
    def in_review(self) -> bool:
        """Whether a review is in view."""
        return self._stack.currentWidget() is self.review

    def show_current(self) -> None:
        """Show what belongs here now."""
        proposal = self._workspace.proposal
        self._bar.setVisible(bool(self._workspace.files))
        self.waiting.setVisible(proposal is not None and not self._reviewing)
        if proposal is not None:
            name = proposal.path.rpartition("/")[2]
            self.waiting.setText(tr("Review {name}").format(name=name))
        if self._writing:
            self._stack.setCurrentWidget(self.writing)
        elif proposal is not None and self._reviewing:
            self._stack.setCurrentWidget(self.review)
        elif self._workspace.current is not None:
            self._show_edit(self._workspace.current)
            self._stack.setCurrentWidget(self._column)
        else:
            self._show_empty()

    def _show_edit(self, file: OpenFile) -> None:
        edit = self._edits.get(id(file))
        if edit is None:
            edit = self._edits[id(file)] = CodeEdit(self._ctx.ui, file)
            edit.zoomed.connect(self.zoom_by)
            edit.set_wrap(self.wrap)
            edit.set_font(self._font())
            self._texts.addWidget(edit)
        if self._texts.currentWidget() is not edit or self.status.edit is not edit:
            self._texts.setCurrentWidget(edit)
            self.status.set_edit(edit)
            self.find_bar.set_edit(edit)
            self.edit_changed.emit()

    def _show_empty(self) -> None:
        folder = self._workspace.root is not None
        if self._empty is None or self._empty_for != folder:
            if self._empty is not None:
                self._stack.removeWidget(self._empty)
                self._empty.deleteLater()
            self._empty = welcome(self._ctx, self._do, folder=folder)
            self._empty_for = folder
            self._stack.addWidget(self._empty)
        self.status.set_edit(None)
        self.find_bar.set_edit(None)
        self._stack.setCurrentWidget(self._empty)

    def show_writing(self, shown: bool) -> None:
        """Show the code being written, or the view before it."""
        self._writing = shown
        self.show_current()

    def show_difference(self, path: str, text: str) -> None:
        """Show the diff of a file to the last commit, until it is closed."""
        self.difference.show_text(path, text)
        self._stack.setCurrentWidget(self.difference)

    def drop_difference(self) -> None:
        """Show the text again: the difference is none any more."""
        if self._stack.currentWidget() is self.difference:
            self.show_current()

    def _end_difference(self) -> None:
        self.show_current()
        self.take_focus()

    def take_focus(self) -> None:
        """Give the focus to the current view."""
        shown = self._stack.currentWidget()
        if shown is self._column and self.edit is not None:
            self.edit.setFocus()
        elif shown is self.review:
            self.review.setFocus()

    # --- following ----------------------------------------------------------------------------

    def _on_current(self) -> None:
        file, proposal = self._workspace.current, self._workspace.proposal
        self._writing = False
        self._reviewing = proposal is not None and file is not None and file.path == proposal.path
        self.show_current()

    def _on_closed(self, file: OpenFile) -> None:
        edit = self._edits.pop(id(file), None)
        if edit is not None:
            if self.status.edit is edit:
                self.status.set_edit(None)
                self.find_bar.set_edit(None)
            self.edit_changed.emit()
            self._texts.removeWidget(edit)
            edit.deleteLater()
        self.show_current()

    def _on_proposed(self, _proposal: Proposal) -> None:
        self._writing, self._reviewing = False, True
        self.show_current()
        self.review.setFocus()

    def _on_proposal_ended(self) -> None:
        self._reviewing = False
        self.show_current()
        self.take_focus()

    def _back_to_review(self) -> None:
        proposal = self._workspace.proposal
        file = self._workspace.find(proposal.path) if proposal is not None else None
        self._workspace.set_current(file or self._workspace.current)
        self._reviewing = True
        self.show_current()

    def _on_goto(self, path: str, line: int) -> None:
        self._writing = self._reviewing = False
        self.show_current()
        if self.edit is not None and self.edit.file.path == path:
            self.edit.go_to(line)
            self.edit.setFocus()

    # --- looks --------------------------------------------------------------------------------

    def _font(self) -> QFont:
        font = QFont(self._ctx.ui.mono())
        size = font.pointSizeF() if font.pointSizeF() > 0 else float(font.pixelSize())
        wanted = min(LARGEST, max(SMALLEST, size + self.zoom))
        if font.pointSizeF() > 0:
            font.setPointSizeF(wanted)
        else:
            font.setPixelSize(round(wanted))
        if not self._ctx.settings.get("ligatures", CodeSettings().ligatures):
            for feature in _LIGATURES:
                font.setFeature(QFont.Tag(feature), 0)
        return font

    def zoom_by(self, steps: int) -> None:
        """Make the letters larger or smaller; 0 makes them as they were."""
        self.set_zoom(self.zoom + steps if steps else 0.0)

    def set_zoom(self, zoom: float) -> None:
        """Add so many points to the size of the letters."""
        self.zoom = min(20.0, max(-6.0, zoom))
        for edit in self._edits.values():
            edit.set_font(self._font())

    def set_wrap(self, wrap: bool) -> None:
        """Break long lines at the edge, or not."""
        self.wrap = wrap
        for edit in self._edits.values():
            edit.set_wrap(wrap)
