"""The window half: page, viewer and formats of code. Imports none of them before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import Kind, Page, PluginContext, SavedArtifact, hookimpl
from studio_code.schema import CodeSettings


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_code.pages.entry import build as build_page

        return build_page(ctx)

    return {"code.page": build}


@hookimpl
def studio_settings() -> type[Any]:
    """Return the section of Settings."""
    return CodeSettings


@hookimpl
def studio_viewers(ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    """Return the viewer of code in the gallery."""

    def view(artifact: SavedArtifact) -> Any:
        from studio_code.pages.viewer import Viewer

        return Viewer(ctx, artifact)

    return {Kind.CODE: view}


@hookimpl
def studio_exporters() -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which code can leave the gallery beside its own."""

    def text(artifact: SavedArtifact, path: Path) -> None:
        path.write_bytes(artifact.path.read_bytes())

    def page(artifact: SavedArtifact, path: Path) -> None:
        from studio_code.pages.html_export import as_html

        path.write_text(as_html(artifact), encoding="utf-8")

    return {f"{Kind.CODE}:.txt": text, f"{Kind.CODE}:.html": page}


@hookimpl
def studio_open_file(ctx: PluginContext, path: Path) -> Callable[[], None] | None:
    """Return how a source file that was dropped on the window is opened."""
    from studio_code.pages.editor.languages import SOURCE_SUFFIXES

    if path.suffix.lower() not in SOURCE_SUFFIXES:
        return None

    def bring() -> None:
        from studio_code.pages.import_controller import bring_file

        bring_file(ctx, path)

    return bring
