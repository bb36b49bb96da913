"""The changes of a model that were accepted in this folder, each with Undo. Changes none itself."""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.api import BadInput, PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.files import disk_files
from studio_code.pages.files.file_save import Saved
from studio_code.pages.files.text_format import digest, encode
from studio_code.pages.history.checkpoints import Checkpoint
from studio_code.pages.history.journal import Entry
from studio_code.pages.history.run_undo import undo_run
from studio_code.pages.phrases import count_words
from studio_code.pages.workspace import Workspace

_SHOWN = 60


class Timeline(QWidget):
    """Newest first.

    Signals:
        artifact_asked: Its evidence is wanted (the id of the result).
    """

    artifact_asked = Signal(str)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.rows: list[Row | RunRow] = []
        self._empty = QLabel(
            tr("Accepted changes by the model are listed here; each can be undone.")
        )
        ctx.ui.wear(self._empty, Role.MUTE)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._empty.setContentsMargins(12, 8, 12, 8)
        inside = QWidget()
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(8, 4, 8, 8)
        self._list.setSpacing(4)
        self._list.addWidget(self._empty)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        workspace.journal.changed.connect(self.show_entries)
        workspace.checkpoints.changed.connect(self.show_entries)
        self.show_entries()

    def show_entries(self) -> None:
        """List the entries there are."""
        entries = self._workspace.journal.entries[:_SHOWN]
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        runs = [RunRow(self._ctx, run) for run in self._workspace.checkpoints.runs]
        for run_row in runs:
            run_row.undone.connect(lambda run: undo_run(self._workspace, run))
        rows = [Row(self._ctx, entry) for entry in entries]
        for row in rows:
            row.turned.connect(self._turn)
            row.asked.connect(self._workspace.open)
            row.artifact_asked.connect(self.artifact_asked)
        self.rows = sorted([*runs, *rows], key=lambda row: -row.when)
        for at, widget in enumerate(self.rows):
            self._list.insertWidget(at, widget)
        self._empty.setVisible(not self.rows)

    def _turn(self, entry: Entry) -> None:
        turn(self._workspace, entry, undone=not entry.undone)


class RunRow(QFrame):
    """A run over several files.

    Signals:
        undone: All its files are to be as they were before (the ``Checkpoint``).
    """

    undone = Signal(object)

    def __init__(self, ctx: PluginContext, run: Checkpoint) -> None:
        super().__init__()
        self.when = run.when
        ctx.ui.wear(self, Role.RAISED)
        title = _label(ctx, " ".join(run.why.split()) or tr("Change"), Role.STRONG)
        title.setToolTip("\n".join(run.files))
        self.setAccessibleName(title.text())
        files = count_words(len(run.files), tr("1 file"), tr("{count} files"))
        self.undo = ctx.ui.button(tr("Undo the run"), "undo-2", dense=True)
        self.undo.clicked.connect(lambda _checked=False: self.undone.emit(run))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 6)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(_label(ctx, f"{files} · {when_words(run.when)}", Role.SMALL))
        column.addLayout(_in_line(self.undo))


class Row(QFrame):
    """One change.

    Signals:
        turned: It is to be taken back, or made again (the entry).
        asked: Its file is to be shown (the path).
        artifact_asked: Its evidence is wanted (the id of the result).
    """

    turned = Signal(object)
    asked = Signal(str)
    artifact_asked = Signal(str)

    def __init__(self, ctx: PluginContext, entry: Entry) -> None:
        super().__init__()
        self.entry, self.when = entry, entry.when
        ctx.ui.wear(self, Role.RAISED)
        why = " ".join(entry.why.split()) or tr("Change")
        title = _label(ctx, why, Role.MUTE if entry.undone else Role.STRONG)
        title.setToolTip(entry.why)
        self.setAccessibleName(why)
        words = tr("{path} · {when}").format(path=entry.path, when=when_words(entry.when))
        words += f" · git {entry.commit}" if entry.commit else ""
        words += " · " + tr("undone") if entry.undone else ""
        place = QPushButton(words)
        ctx.ui.wear(place, Role.LINK)
        place.setStyleSheet("font-size: 12px;")
        place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        place.setToolTip(tr("Show {path}").format(path=entry.path))
        place.clicked.connect(lambda _checked=False: self.asked.emit(entry.path))
        icon = "redo-2" if entry.undone else "undo-2"
        verb = tr("Redo") if entry.undone else tr("Undo")
        self.turn: QPushButton = ctx.ui.button(verb, icon, dense=True)
        self.turn.clicked.connect(lambda _checked=False: self.turned.emit(entry))
        buttons: list[QWidget] = [self.turn]
        if entry.artifact:
            button = ctx.ui.icon_button("list-checks", tr("Evidence"))
            button.clicked.connect(lambda _checked=False: self.artifact_asked.emit(entry.artifact))
            buttons.append(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 6)
        column.setSpacing(2)
        column.addWidget(title)
        column.addWidget(place)
        if entry.verdict:
            column.addWidget(_label(ctx, entry.verdict, Role.SMALL))
        column.addLayout(_in_line(*buttons))


def _in_line(*buttons: QWidget) -> QHBoxLayout:
    """Return buttons below the words: the column may be narrow."""
    row = QHBoxLayout()
    row.setSpacing(4)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row


def _label(ctx: PluginContext, text: str, role: Role) -> QLabel:
    label = ctx.ui.label(text, role)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def when_words(when: float, now: float | None = None) -> str:
    """Return "14:05" for today, else "3 May, 14:05"."""
    then, today = time.localtime(when), time.localtime(now)
    clock = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return clock
    return f"{then.tm_mday} {time.strftime('%B', then)}, {clock}"


def turn(workspace: Workspace, entry: Entry, *, undone: bool) -> None:
    """Undo or redo ``entry``; a file that the change made is removed, or made again."""

    def with_texts(texts: tuple[str | None, str]) -> None:
        before, after = texts
        old, new = (after, before) if undone else (before, after)
        if old is None:
            _make(workspace, entry, new or "")
        else:
            workspace.bring(entry.path, partial(_swap, workspace, entry, old, new, undone))

    workspace.journal.texts(entry, with_texts, workspace.failed.emit)


def _swap(
    workspace: Workspace, entry: Entry, old: str, new: str | None, undone: bool, file: OpenFile
) -> None:
    if file.text() != old:
        _refuse(workspace, entry, new or "", undone, file)
    elif new is None:
        _remove(workspace, entry, file)
    else:
        file.set_text(new)
        workspace.set_current(file)
        message = entry.turned_words(undone=undone) if entry.commit else ""
        workspace.write(file, file.path, partial(_done, workspace, entry, undone), commit=message)


def _done(workspace: Workspace, entry: Entry, undone: bool, saved: Saved) -> None:
    workspace.journal.turn(entry, undone=undone, commit=saved.commit)


def _refuse(workspace: Workspace, entry: Entry, new: str, undone: bool, file: OpenFile) -> None:
    words = (
        tr("{name} has changed since, so this can't be undone in one step.")
        if undone
        else tr("{name} has changed since, so this can't be redone in one step.")
    )
    hint = (
        tr("Review the differences and undo them one by one.")
        if undone
        else tr("Review the differences and redo them one by one.")
    )
    workspace.failed.emit(BadInput(words.format(name=file.name), hint))
    workspace.propose(file.path, new, entry.turned_words(undone=undone), entry.artifact)


def _remove(workspace: Workspace, entry: Entry, file: OpenFile) -> None:
    """Remove the file that the change made; its text stays in the journal, for Redo."""
    path, expected = file.path, digest(encode(file.text(), file.format))
    where = workspace.locate(path)

    def done(_nothing: None) -> None:
        workspace.close(file)
        workspace.disk_changed.emit(path)
        workspace.journal.turn(entry, undone=True)

    workspace.work_queue.do(lambda: disk_files.remove(where, expected), done, workspace.failed.emit)


def _make(workspace: Workspace, entry: Entry, text: str) -> None:
    file = workspace.new(text, path=entry.path)
    message = entry.turned_words(undone=False) if entry.commit else ""
    workspace.write(file, file.path, partial(_done, workspace, entry, False), commit=message)
