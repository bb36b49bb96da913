"""The window half: page, viewer and formats of molecules. Imports none of them before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import (
    JobRequest,
    Kind,
    Page,
    PluginContext,
    SavedArtifact,
    StudioError,
    hookimpl,
)


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_molecules.pages.page import build as build_page

        return build_page(ctx)

    return {"molecules.page": build}


@hookimpl
def studio_viewers(ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    """Return the small grid for the gallery, and what shows docked poses."""

    def view(artifact: SavedArtifact) -> Any:
        from studio_molecules.pages.structure.pose_viewer import Viewer

        return Viewer(ctx, artifact)

    def view_poses(artifact: SavedArtifact) -> Any:
        from studio_molecules.pages.structure.pose_viewer import PoseViewer

        return PoseViewer(ctx, artifact)

    return {Kind.MOLECULES: view, "pose": view_poses}


@hookimpl
def studio_thumbnails(
    ctx: PluginContext,
) -> Mapping[str, Callable[[SavedArtifact, Callable[[Any], None]], None]]:
    """Return what draws the cards of molecules that came without a picture."""
    cards: list[Any] = []

    def draw(artifact: SavedArtifact, give: Callable[[Any], None]) -> None:
        from studio_molecules.pages.structure.pose_viewer import Cards

        if not cards:
            cards.append(Cards(ctx))
        cards[0].draw(artifact.path, give)

    return {Kind.MOLECULES: draw}


@hookimpl
def studio_exporters() -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which tables can leave the gallery; the page has more."""

    def write(artifact: SavedArtifact, path: Path) -> None:
        from studio_molecules.pages.table.files import export_artifact

        export_artifact(artifact, path)

    return {f"{Kind.MOLECULES}:.smi": write}


@hookimpl
def studio_open_file(ctx: PluginContext, path: Path) -> Callable[[], None] | None:
    """Return how a list of molecules that was dropped on the window is read."""
    from studio_molecules.schema import MOLECULE_SUFFIXES

    own = set(MOLECULE_SUFFIXES) - {".txt", ".csv", ".tsv"}  # those may be anybody's
    if path.suffix.lower() not in own:
        return None

    def show(artifact: SavedArtifact) -> None:
        for _title, run in list(ctx.send_to(artifact))[:1]:
            run()

    def show_error(error: StudioError) -> None:
        ctx.notices.error(error, key="molecules.open")

    def bring() -> None:
        from studio.api.window.language import tr

        title = tr("Predict {name}").format(name=path.name)
        try:
            job = ctx.tasks.submit(
                JobRequest("molecules.predict", {"file": str(path)}, title=title)
            )
        except StudioError as error:
            show_error(error)
            return
        job.on_artifact(show).on_failed(show_error)

    return bring
