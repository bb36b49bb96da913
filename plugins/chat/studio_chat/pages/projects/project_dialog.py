"""One project: its title, instructions, files, and artifacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, SavedArtifact, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages.attachments import Attachments
from studio_chat.pages.projects.project import MAX_INSTRUCTIONS, MAX_TITLE, Project

_SIZE = QSize(620, 600)


class ProjectDialog(QDialog):
    """Edits a project; ``save`` is called with it when the user agrees."""

    def __init__(
        self,
        ctx: PluginContext,
        work_queue: WorkQueue,
        project: Project,
        save: Callable[[Project], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._project, self._save = ctx, project, save
        self.setWindowTitle(tr("Project"))
        self.resize(_SIZE.boundedTo(parent.size()).expandedTo(QSize(480, 440)))
        self.title = QLineEdit(project.title)
        self.title.setMaxLength(MAX_TITLE)
        self.title.setAccessibleName(tr("Title"))
        self.title.selectAll()
        self.instructions = QPlainTextEdit(project.instructions)
        self.instructions.setAccessibleName(tr("Instructions"))
        self.instructions.setTabChangesFocus(True)
        self.instructions.setPlaceholderText(
            tr("What the model should know and do in every conversation of this project.")
        )
        self.files = Attachments(ctx)
        self.files.set_paths(project.files)
        self.results = QListWidget()
        self.results.setAccessibleName(tr("Results"))
        self.results.itemActivated.connect(self._open)
        self._nothing = ctx.ui.label(tr("Nothing was made in its conversations yet."), Role.MUTE)
        self.trouble = ctx.ui.trouble_row()
        self.files.refused.connect(self.trouble.tell)
        self._lay_out()
        self.results.hide()
        work_queue.do(self._made, self._show)

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        add = ui.button(tr("Add files…"), "paperclip")
        add.clicked.connect(self.files.choose)
        folder = ui.button(tr("Add folder…"), "folder")
        folder.clicked.connect(self.files.choose_folder)
        sources = QHBoxLayout()
        sources.addWidget(add)
        sources.addWidget(folder)
        sources.addStretch(1)
        cancel = ui.button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        save = ui.button(tr("Save"), "check", primary=True)
        save.clicked.connect(self._on_save)
        save.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        for label, widget, stretch in (
            (tr("Title"), self.title, 0),
            (tr("Instructions"), self.instructions, 3),
        ):
            column.addWidget(ui.label(label, Role.SECTION))
            column.addWidget(widget, stretch)
        column.addWidget(ui.label(tr("Files and folders that its conversations use"), Role.SECTION))
        column.addWidget(self.files)
        column.addLayout(sources)
        column.addWidget(ui.label(tr("Results"), Role.SECTION))
        column.addWidget(self._nothing)
        column.addWidget(self.results, 2)
        column.addWidget(self.trouble.widget)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(save)
        column.addLayout(row)

    def _made(self) -> list[SavedArtifact]:
        return made_in(self._ctx, self._project)

    def _show(self, artifacts: list[SavedArtifact]) -> None:
        self._nothing.setVisible(not artifacts)
        self.results.setVisible(bool(artifacts))
        for artifact in artifacts:
            item = QListWidgetItem(self._ctx.ui.icon("file", "mute"), artifact.title)
            item.setData(Qt.ItemDataRole.UserRole, artifact)
            self.results.addItem(item)

    def _open(self, item: QListWidgetItem) -> None:
        """Offer the pages that take a result."""
        menu: Any = self._ctx.ui.menu()
        menu.triggered.connect(lambda _action: self.reject())
        for title, call in self._ctx.send_to(item.data(Qt.ItemDataRole.UserRole)):
            menu.addAction(title, call)
        if not menu.isEmpty():
            menu.popup(self.results.mapToGlobal(self.results.visualItemRect(item).bottomLeft()))

    def _on_save(self) -> None:
        title, text = " ".join(self.title.text().split()), self.instructions.toPlainText().strip()
        if not title:
            self.trouble.tell(tr("The project needs a title."))
        elif len(text) > MAX_INSTRUCTIONS:
            words = tr("Instructions can have at most {most} characters.")
            self.trouble.tell(words.format(most=f"{MAX_INSTRUCTIONS:,}"))
        else:
            files = tuple(self.files.paths)
            self._save(replace(self._project, title=title, instructions=text, files=files))
            self.accept()


def made_in(ctx: PluginContext, project: Project) -> list[SavedArtifact]:
    """Return the results of a project's conversations, newest first. Slow."""
    rows = ctx.library.conversations.list(folder=project.id, limit=100_000)
    return list(ctx.library.results_of([row.id for row in rows]))
