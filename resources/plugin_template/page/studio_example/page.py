"""The page: a form in the panel, the chosen result in the middle, all results below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import JobRequest, Page, PageAction, PluginContext, Role, SavedArtifact, TaskResult
from studio_example.schema import Shuffle


def build(ctx: PluginContext) -> Page:
    """Make the page and say what the window may do with it."""
    page = ExamplePage(ctx)
    run, do = page.run.run_or_stop, page.result_actions
    return Page(
        page,
        panel=page.form.widget,
        save_state=page.state,
        restore_state=page.restore,
        accept=page.take,
        actions=[
            PageAction("example.run", "Shuffle or stop", run, "puzzle", "Ctrl+Return"),
            PageAction("example.open", "Open a text", page.target.pick, "folder-open", "Ctrl+O"),
            PageAction("example.copy", "Copy the result", do.copy, "copy", "Ctrl+Shift+C"),
            PageAction("example.save", "Save the result as", do.save_as, "download", "Ctrl+S"),
            PageAction("example.bin", "Move to the bin", do.bin, "trash-2", "Ctrl+Backspace"),
        ],
        focus=page.button.widget.setFocus,
    )


class ExamplePage(QWidget):
    """Put together from the parts of ``ctx.kit``; each knows nothing of the others."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ui = ctx.ui
        self.shown = ""
        self.form = ui.form(Shuffle)
        self.progress, self.trouble = ui.progress_row(stop=False), ui.trouble_row()
        self.button = ctx.kit.run_button("Shuffle", "puzzle")
        self.run = ctx.kit.run_controller(
            prepare=self._request, button=self.button, progress=self.progress, trouble=self.trouble
        )
        self.results = ctx.kit.results("results", name="Results")
        self.result_actions = ctx.kit.artifact_actions(
            lambda: self.results.find(self.shown),
            trouble=self.trouble,
            results=self.results,
            show=self.show_result,
            page="Example",
        )
        self.target = ctx.kit.drop_target(
            self, "Open a text", trouble=self.trouble, files=self._open, suffixes=(".txt",)
        )
        self.text = ui.label("Enter some words on the right, then press Shuffle.", wrap=True)
        self._lay_out()
        self.run.on_result(self._add)
        self.results.on_pick(self.show_result)
        self.results.on_menu(self._show_menu)
        self.results.on_remove(self.result_actions.bin)
        self.results.load(lambda: self.show_result(self.shown))

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self.progress.widget, 1)
        foot.addWidget(self.button.widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.addWidget(self._ui.label("Example", Role.TITLE))
        column.addWidget(self.text, 1)
        column.addWidget(self.results.widget)
        column.addWidget(self.trouble.widget)
        column.addLayout(foot)

    def _request(self) -> JobRequest:
        return JobRequest("example.shuffle", Shuffle.parse(self.form.values()))

    def _add(self, result: TaskResult) -> None:
        self.results.add(result)
        self.show_result(result.id)

    def show_result(self, id: str) -> None:
        """Show the result with that id; nothing if it is gone."""
        result = self.results.find(id)
        self.shown = id if result else ""
        self.results.show_current(self.shown)
        self.text.setText(result.artifact.text if result else "")

    def take(self, artifact: SavedArtifact) -> None:
        """Take a text that another page has sent."""
        self._fill(artifact.text)

    def _open(self, paths: Sequence[Path]) -> None:
        self._fill(paths[0].read_text("utf-8", "replace")[:10_000])

    def _fill(self, text: str) -> None:
        self.form.set_values({**self.form.values(), "text": text})

    def _show_menu(self, at: QPoint) -> None:
        menu, icon, do = self._ui.menu(), self._ui.icon, self.result_actions
        menu.addAction(icon("star"), "Add or remove star", do.star)
        menu.addAction(icon("download"), "Save as…", do.save_as)
        do.fill_targets(menu)
        menu.addAction(icon("trash-2"), "Move to the bin", do.bin)
        menu.popup(at)

    def state(self) -> dict[str, Any]:
        """Return what the window keeps until the next start."""
        return {"form": self.form.values(), "shown": self.shown}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to that state, which may be an older version's."""
        self.form.set_values(state.get("form") or {})
        self.show_result(str(state.get("shown", "")))
