"""The review of a proposed text: what would change, hunk by hunk. Writes nothing unless asked."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.languages import language_of
from studio_code.pages.review.hunks import MAX_LINES, Change, Choice, compare, rebase
from studio_code.pages.review.phrases import (
    conflict_words,
    rebased_words,
    summary_words,
    write_words,
)
from studio_code.pages.review.proposal import Proposal
from studio_code.pages.review.rows import Colors, Run, Table, lay_out
from studio_code.pages.review.view import ReviewView
from studio_code.pages.workspace import Workspace

_SETTLE_MS = 250
"""After a change from outside: more may follow."""


@dataclass(frozen=True)
class _Sheet:
    """A change with all that is needed to show it."""

    change: Change
    colors: Colors
    table: Table


class Review(QWidget):
    """Follows ``workspace.proposal``; the page shows it while there is one.

    Signals:
        shown: The comparison is in view.

    Attributes:
        change: What is in view.
        view: The hunks.
    """

    shown = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._proposal: Proposal | None = None
        self._turn = 0
        self._opened: set[int] = set()
        self._colors = Colors()
        self.change = Change((), ())
        self.setAccessibleName(tr("Review of a proposed change"))
        self.view = ReviewView(ctx)
        self.view.chosen.connect(self.choose)
        self.view.fold_opened.connect(self._open_fold)
        self.notice = ctx.ui.trouble_row()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._rebase)
        self._build()
        workspace.proposed.connect(self.show_proposal)
        workspace.proposal_ended.connect(self._end)
        workspace.file_changed.connect(self._on_file_changed)
        end_theme = ctx.ui.on_theme(lambda _tokens: self._show_counts())
        self.destroyed.connect(lambda: end_theme())
        if workspace.proposal is not None:
            self.show_proposal(workspace.proposal)

    # --- what it is made of -------------------------------------------------------------------

    def _build(self) -> None:
        button = self._ctx.ui.button
        self._title = self._ctx.ui.label("", Role.STRONG)
        self._counts = self._ctx.ui.label("", Role.SMALL)
        self._counts.setTextFormat(Qt.TextFormat.RichText)
        self._why = self._ctx.ui.label("", Role.SMALL)
        self.reject_all = button(tr("Reject all"), "x", tip=tr("Discard all changes (Escape)"))
        self.accept_all = button(
            tr("Accept all"), "check-check", tip=tr("Apply all changes (Ctrl+Shift+Enter)")
        )
        self.write = button(tr("Write"), "save", primary=True, tip=tr("Ctrl+Enter"))
        for widget in (self.reject_all, self.accept_all, self.write):
            self._ctx.ui.wear(widget, Role.DENSE)
        self.reject_all.clicked.connect(self._workspace.decline)
        self.accept_all.clicked.connect(self.take_all)
        self.write.clicked.connect(self.write_accepted)
        for widget in (self._title, self._why):  # they give way: both are told whole by their tips
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title, 1)
        head.addWidget(self._counts)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self._why, 1)
        for button in (self.reject_all, self.accept_all, self.write):
            buttons.addWidget(button)
        top = QVBoxLayout()
        top.setContentsMargins(14, 8, 10, 8)
        top.setSpacing(4)
        top.addLayout(head)
        top.addLayout(buttons)
        top.addWidget(self.notice.widget)
        self._hint = QLabel(
            tr(
                "J K or arrows move · A accept · R reject · B both · U undecided · Ctrl+Enter "
                "apply · Esc discard"
            )
        )
        self._ctx.ui.wear(self._hint, Role.SMALL)
        self._hint.setContentsMargins(14, 5, 10, 6)
        self._hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        column.addWidget(self._hint)
        self.setFocusProxy(self.view)

    # --- a proposal comes and goes ------------------------------------------------------------

    def show_proposal(self, proposal: Proposal) -> None:
        """Compare beside the window, then show what would change."""
        self._proposal = proposal
        self._opened.clear()
        self.notice.hide()
        self._title.setText(proposal.path)
        self._title.setToolTip(proposal.path)
        self._why.setText(" ".join(proposal.why.split()))
        self._why.setToolTip(proposal.why)
        self._counts.setText(tr("Comparing…"))
        self._enable(False)
        self.view.current = -1
        self.view.show_table(Change((), ()), Table())
        path = proposal.path
        waiting: list[Change] = []

        def prepare() -> _Sheet:
            base = proposal.old if proposal.base is None else proposal.base
            waiting.append(compare(base, proposal.new))
            late = proposal.is_late
            return self._prepared(rebase(waiting[0], proposal.old) if late else waiting[0], path)

        def show(sheet: _Sheet) -> None:
            self._show(sheet)
            if proposal.is_late and sheet.change.hunks:
                self._say(rebased_words(waiting[0], sheet.change))

        self._later(prepare, show)

    def _prepared(self, change: Change, path: str) -> _Sheet:
        """Return a change with its colours and rows; beside the window, for it takes a moment."""
        after = change.choose_all(Choice.ACCEPTED).text()
        colors = Colors(self._runs("".join(change.lines), path), self._runs(after, path))
        return _Sheet(change, colors, lay_out(change, colors))

    def _runs(self, text: str, path: str) -> list[list[Run]]:
        lexer = language_of(path).lexer
        return self._ctx.ui.highlight(text.split("\n"), lexer) if lexer else []

    def _later(self, call: object, then: object) -> None:
        """Compute for the proposal that is in view; what comes after another one is dropped."""
        self._turn += 1
        turn = self._turn

        def arrived(result: object) -> None:
            if turn == self._turn:
                then(result)  # type: ignore[operator]

        self._ctx.run_later(call, arrived)  # type: ignore[arg-type]

    def _show(self, sheet: _Sheet) -> None:
        self._colors = sheet.colors
        self.view.show_table(sheet.change, sheet.table)
        self._take(sheet.change)
        if not sheet.change.hunks:
            self.notice.remark(
                tr("The file already has this text; nothing to change."),
                tr("Close"),
                "x",
                self._workspace.decline,
            )
        elif sheet.change.whole:
            words = tr(
                "The file is too long to compare line by line (over {count} lines), so "
                "it is replaced as a whole or not at all."
            )
            self._say(words.format(count=f"{MAX_LINES:,}"))
        else:
            self.view.go(0)
        if self.isVisible():
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.shown.emit()

    def _end(self) -> None:
        self._turn += 1
        self._settle.stop()
        self._proposal = None
        self.change = Change((), ())
        self.view.show_table(self.change, Table())

    def showEvent(self, event: QShowEvent) -> None:
        """Take the keyboard: every key decides something here."""
        super().showEvent(event)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- deciding -----------------------------------------------------------------------------

    def choose(self, index: int, choice: Choice) -> None:
        """Decide a hunk."""
        self._take(self.change.choose(index, choice))

    def take_all(self) -> None:
        """Accept every hunk and write; conflicts need a choice first."""
        self._take(self.change.choose_all(Choice.ACCEPTED))
        if not self.change.conflicts:
            self.write_accepted()
            return
        self.view.go(next(n for n, hunk in enumerate(self.change.hunks) if hunk.conflict))
        self._say(conflict_words(self.change))

    def write_accepted(self) -> None:
        """Write the accepted hunks, if the file is as it was when they were shown."""
        proposal = self._proposal
        if proposal is None or not self.change.taken:
            return
        if self._present() != "".join(self.change.lines):
            self._rebase()
            return
        self._workspace.accept(
            proposal.path, self.change.text(), proposal.why, proposal.artifact_id, proposal.run
        )

    def _take(self, change: Change) -> None:
        self.change = change
        self.view.set_change(change)
        self._show_counts()
        self._enable(bool(change.hunks))
        self.write.setText(write_words(change))
        self.write.setAccessibleName(self.write.text())
        self.write.setEnabled(change.taken > 0)

    def _show_counts(self) -> None:
        if self._proposal is None:
            return
        colors = self._ctx.ui.tokens.colors
        self._counts.setText(
            f"{summary_words(self.change)} &nbsp; "
            f"<span style='color:{colors['good']}'>+{self.change.added}</span> &nbsp;"
            f"<span style='color:{colors['bad']}'>−{self.change.removed}</span>"
        )

    def _enable(self, there: bool) -> None:
        fits = any(hunk.fits and not hunk.conflict for hunk in self.change.hunks)
        self.accept_all.setEnabled(there and fits)
        self.write.setEnabled(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Write accepted hunks on Ctrl+Enter, all on Ctrl+Shift+Enter; end on Escape."""
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() == Qt.Key.Key_Escape:
            self._workspace.decline()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and control:
            if shift:
                self.take_all()
            else:
                self.write_accepted()
        else:
            super().keyPressEvent(event)

    # --- the file changes meanwhile -----------------------------------------------------------

    def _present(self) -> str:
        """Return the current text of the file; empty if it does not exist yet."""
        file = self._workspace.find(self._proposal.path) if self._proposal else None
        return file.text() if file is not None else ""

    def _on_file_changed(self, path: str) -> None:
        if self._proposal is not None and path == self._proposal.path:
            self._settle.start()

    def _rebase(self) -> None:
        proposal, before, present = self._proposal, self.change, self._present()
        if proposal is None or present == "".join(before.lines):
            return

        def show(sheet: _Sheet) -> None:
            self._opened.clear()
            self._show(sheet)
            after = sheet.change
            if after.hunks:
                self._say(rebased_words(before, after))

        self._later(lambda: self._prepared(rebase(before, present), proposal.path), show)

    def _say(self, words: str) -> None:
        """Say something that is good to know, with a button that takes it away."""
        self.notice.remark(words, tr("OK"), "check", lambda: None)

    def _open_fold(self, first: int) -> None:
        self._opened.add(first)
        self.view.show_table(self.change, lay_out(self.change, self._colors, self._opened))
