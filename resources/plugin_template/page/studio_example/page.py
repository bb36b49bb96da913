"""The page: a form in the panel, the chosen result in the middle, all results below it."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import JobRequest, Page, PageAction, PluginContext, Role, SavedArtifact, TaskResult
from studio_example.schema import Shuffle


def build(ctx: PluginContext) -> Page:
    """Make the page and say what the window may do with it."""
    page = ExamplePage(ctx)
    return Page(
        page,
        panel=page.form.widget,
        save_state=page.state,
        restore_state=page.restore,
        accept=page.take,
        actions=[
            PageAction(
                "example.run", "Shuffle or stop", page.run.run_or_stop, "puzzle", "Ctrl+Return"
            )
        ],
        focus=page.button.widget.setFocus,
    )


class ExamplePage(QWidget):
    """Put together from the parts of ``ctx.kit``; each knows nothing of the others."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        ui, kit = ctx.ui, ctx.kit
        self.shown = ""
        self.form = ui.form(Shuffle)
        self.progress, self.trouble = ui.progress_row(stop=False), ui.trouble_row()
        self.button = kit.run_button("Shuffle", "puzzle")
        self.run = kit.run_controller(
            prepare=self._request, button=self.button, progress=self.progress, trouble=self.trouble
        )
        self.results = kit.results("results", name="Results")
        self.title = ui.label("Example", Role.TITLE)
        self.text = ui.label("Enter some words on the right, then press Shuffle.", wrap=True)
        self._lay_out()
        self.run.on_made(self._add)
        self.results.on_pick(self.show_result)
        self.results.load(lambda: self.show_result(self.shown))

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self.progress.widget, 1)
        foot.addWidget(self.button.widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.addWidget(self.title)
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
        """Show the result with that id; nothing where it is gone."""
        if (result := self.results.find(id)) is not None:
            self.shown = id
            self.results.show_current(id)
            self.text.setText(result.artifact.text)

    def take(self, artifact: SavedArtifact) -> None:
        """Take the text that another page has sent."""
        self.form.set_values({**self.form.values(), "text": artifact.text})

    def state(self) -> dict[str, Any]:
        """Return what the window keeps until the next start."""
        return {"form": self.form.values(), "shown": self.shown}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to that state."""
        self.form.set_values(state.get("form") or {})
        self.show_result(str(state.get("shown", "")))
