"""A page with a line for each result that is saved, and for each job that is over."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import JobEnd, Page, PluginContext, SavedArtifact


def build(ctx: PluginContext) -> Page:
    """Build it; it listens as long as the plugin takes part."""
    return Page(Diary(ctx))


class Diary(QWidget):
    """What was made since it was opened."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._ctx = ctx
        self._told = ctx.ui.label(ctx.tr("Nothing was made yet."), wrap=True)
        column = QVBoxLayout(self)
        column.addWidget(self._told)
        self.stop = ctx.on_artifact_added(self._added)
        ctx.on_job_done(self._done)

    def _added(self, artifact: SavedArtifact) -> None:
        self._write(self._ctx.tr("Saved: {title}").format(title=artifact.title))

    def _done(self, job: JobEnd) -> None:
        self._write(f"{job.title}: {job.error or job.state.value}")

    def _write(self, line: str) -> None:
        self.lines.append(line)
        self._told.setText("\n".join(self.lines))
