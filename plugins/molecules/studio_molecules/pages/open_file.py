"""A list of molecules dropped on the window: read as a job, shown by the page that takes it."""

from __future__ import annotations

from pathlib import Path

from studio.api import JobRequest, PluginContext, SavedArtifact, StudioError
from studio_molecules.pages.phrases import tr

TASK = "molecules.predict"


def bring_file(ctx: PluginContext, path: Path) -> None:
    """Predict the molecules of a file and open the table."""

    def show(artifact: SavedArtifact) -> None:
        for _title, run in list(ctx.send_to(artifact))[:1]:
            run()

    def told(error: StudioError) -> None:
        ctx.notices.error(error, key="molecules.open")

    title = tr("Predict {name}").format(name=path.name)
    try:
        job = ctx.tasks.submit(JobRequest(TASK, {"file": str(path)}, title=title))
    except StudioError as error:
        told(error)
        return
    job.on_artifact(show).on_failed(told)
