"""Project actions in the list of conversations: menus and handlers."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from studio.api import PluginContext, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages.projects.project import Project, Projects
from studio_chat.pages.projects.project_dialog import ProjectDialog
from studio_chat.pages.projects.project_export import export


class ProjectActions(QObject):
    """Makes, changes, bins, brings back and exports projects.

    Signals:
        begin_asked: Id of the project in which a conversation is to begin.
        search_asked: Id of the project to search in.
        binned: A project went to the bin with its conversations.
    """

    begin_asked = Signal(str)
    search_asked = Signal(str)
    binned = Signal(str)

    def __init__(
        self, ctx: PluginContext, work_queue: WorkQueue, projects: Projects, owner: QWidget
    ) -> None:
        super().__init__(owner)
        self._ctx, self._work_queue, self.projects = ctx, work_queue, projects
        self._owner = owner

    def new(self, conversation: str = "") -> None:
        """Begin a project, and put a conversation into it."""

        def save(project: Project) -> None:
            self.projects.put(project)
            if conversation:
                self.projects.move(conversation, project.id)

        self._ask(Project(self.projects.new_id(), ""), save)

    def edit(self, project: Project) -> None:
        """Let the user change title, instructions and files."""
        self._ask(project, self.projects.put)

    def _ask(self, project: Project, save: Any) -> None:
        window = self._owner.window()
        ProjectDialog(self._ctx, self._work_queue, project, save, window).open()

    def bin(self, project: Project) -> None:
        """Put a project in the bin, with an offer to take it back."""
        self.projects.bin(project)
        self.binned.emit(project.id)
        words = tr("“{title}” and its conversations are in the bin.").format(title=project.title)
        back = partial(self.projects.restore, project)
        self._ctx.notices.offer(words, tr("Undo"), back, key=f"chat.bin.{project.id}")

    def export(self, project: Project) -> None:
        """Write a project to a ZIP that the user names."""
        name = f"{''.join(c if c.isalnum() or c in ' -_' else ' ' for c in project.title)}.zip"
        path = self._ctx.ui.save_file(tr("Export the project"), name, (".zip",))
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(".zip")

        def done(missing: int) -> None:
            words = tr("Saved as {name}.").format(name=path.name)
            gone = tr("{count} of its files are no longer there and were left out.")
            hint = gone.format(count=missing) if missing else ""
            self._ctx.notices.info(words, hint, key="chat.export")

        self._work_queue.do(lambda: export(self._ctx, project, path), done)

    # --- menus --------------------------------------------------------------------------------

    def menu_for(self, project: Project) -> QMenu:
        """Return the menu of one project."""
        ui = self._ctx.ui
        menu: QMenu = ui.menu()
        begin = partial(self.begin_asked.emit, project.id)
        menu.addAction(ui.icon("square-pen"), tr("New conversation here"), begin)
        menu.addAction(ui.icon("pencil"), tr("Edit project…"), lambda: self.edit(project))
        search = partial(self.search_asked.emit, project.id)
        menu.addAction(ui.icon("search"), tr("Search in project"), search)
        menu.addAction(ui.icon("download"), tr("Export project…"), lambda: self.export(project))
        menu.addSeparator()
        menu.addAction(ui.icon("trash-2"), tr("Move to bin"), lambda: self.bin(project))
        return menu

    def add_move(self, menu: QMenu, row: Any) -> None:
        """Offer to put a conversation into a project, or out of it."""
        ui, move = self._ctx.ui, menu.addMenu(tr("Move to project"))
        move.setIcon(ui.icon("folder"))
        for project in self.projects.all():
            entry = move.addAction(project.title, partial(self.projects.move, row.id, project.id))
            entry.setEnabled(project.id != row.folder)
        move.addAction(ui.icon("folder-plus"), tr("New project…"), partial(self.new, row.id))
        if self.projects.get(row.folder):
            move.addSeparator()
            move.addAction(tr("No project"), partial(self.projects.move, row.id, ""))

    def add_all(self, menu: QMenu) -> None:
        """Offer a new project, and those in the bin."""
        menu.addAction(self._ctx.ui.icon("folder-plus"), tr("New project…"), self.new)
        if gone := self.projects.in_bin():
            back = menu.addMenu(tr("Restore a project"))
            back.setIcon(self._ctx.ui.icon("archive-restore"))
            for project in gone[:20]:
                back.addAction(project.title, partial(self.projects.restore, project))
