"""The window half: page, viewer and formats of pictures. Imports none of them before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import Kind, Page, PluginContext, SavedArtifact, hookimpl


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_image.pages.page import build as build_page

        return build_page(ctx)

    return {"image.page": build}


@hookimpl
def studio_viewers(ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    """Return the canvas for pictures in the gallery."""

    def view(artifact: SavedArtifact) -> Any:
        from studio_image.pages.picture_files import read_picture
        from studio_image.pages.viewer.canvas import Canvas

        canvas = Canvas(ctx)
        canvas.setMinimumHeight(260)
        canvas.show_image(read_picture(artifact.path))
        return canvas

    return {Kind.IMAGE: view}


@hookimpl
def studio_settings() -> type[Any]:
    """Return the section of Settings."""
    from studio_image.schema.export import PictureSettings

    return PictureSettings


@hookimpl
def studio_exporters(ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which pictures can leave the gallery."""

    def write(artifact: SavedArtifact, path: Path) -> None:
        from studio_image.pages.picture_files import export, quality

        export(artifact, path, quality=quality(ctx))

    return {f"{Kind.IMAGE}:{suffix}": write for suffix in (".jpg", ".webp", ".tif")}


@hookimpl
def studio_open_file(ctx: PluginContext, path: Path) -> Callable[[], None] | None:
    """Return how a picture that was dropped on the window is brought to the page."""
    from studio_image.schema import PICTURE_SUFFIXES

    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return None

    def bring() -> None:
        from studio_image.pages.picture_import import Brought, bring_file

        def show(brought: Brought) -> None:
            if brought.artifact is None:
                ctx.notices.error(brought.error or "", key="image.open")
                return
            for _title, run in list(ctx.send_to(brought.artifact))[:1]:
                run()

        ctx.run_later(lambda: bring_file(ctx, path), show)

    return bring
