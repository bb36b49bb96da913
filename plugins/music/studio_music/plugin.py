"""The window half: page, viewers and formats of music. Imports none of them before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import JobRequest, Kind, Page, PluginContext, SavedArtifact, hookimpl


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the pages of this plugin."""

    def build() -> Page:
        from studio_music.pages.entry import build as build_page

        return build_page(ctx)

    def build_sound() -> Page:
        from studio_music.pages.effects.page import build as build_page

        return build_page(ctx)

    return {"music.page": build, "music.sound": build_sound}


@hookimpl
def studio_viewers(ctx: PluginContext) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    """Return the viewers of scores and sound in the gallery."""

    def score(artifact: SavedArtifact) -> Any:
        from studio_music.pages.score.gallery_viewer import ScoreViewer

        return ScoreViewer(ctx, artifact)

    def sound(artifact: SavedArtifact) -> Any:
        from studio_music.pages.playback.sound_viewer import SoundViewer

        return SoundViewer(ctx, artifact)

    return {Kind.SCORE: score, Kind.AUDIO: sound}


@hookimpl
def studio_thumbnails(
    ctx: PluginContext,
) -> Mapping[str, Callable[[SavedArtifact, Callable[[Any], None]], None]]:
    """Return what draws the cards of scores and sounds that came without a picture."""

    def score(artifact: SavedArtifact, give: Callable[[Any], None]) -> None:
        from studio_music.pages.cards import score_card

        ctx.run_later(lambda: score_card(artifact.path), give)

    def sound(artifact: SavedArtifact, give: Callable[[Any], None]) -> None:
        from studio_music.pages.cards import sound_card

        ctx.run_later(lambda: sound_card(artifact.path), give)

    return {Kind.SCORE: score, Kind.AUDIO: sound}


@hookimpl
def studio_exporters() -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which scores and sound can leave the gallery."""

    def score(artifact: SavedArtifact, path: Path) -> None:
        from studio_music.pages.file_export import export_artifact

        export_artifact(artifact, path)

    def sound(artifact: SavedArtifact, path: Path) -> None:
        from studio_music.pages.file_export import export_sound

        export_sound(artifact, path)

    scores = {f"{Kind.SCORE}:{suffix}": score for suffix in (".musicxml", ".abc", ".svg", ".pdf")}
    return scores | {f"{Kind.AUDIO}:.flac": sound}


@hookimpl
def studio_open_file(ctx: PluginContext, path: Path) -> Callable[[], None] | None:
    """Return how a score that was dropped on the window is brought to the page."""
    from studio_music.schema import SCORE_SUFFIXES

    if path.suffix.lower() not in SCORE_SUFFIXES:
        return None

    def bring() -> None:
        def show(artifact: SavedArtifact) -> None:
            for _title, run in list(ctx.send_to(artifact))[:1]:
                run()

        job = ctx.tasks.submit(JobRequest("music.open", {"file": str(path)}, title=path.name))
        job.on_artifact(show)
        job.on_failed(lambda error: ctx.notices.error(error, key="music.open"))

    return bring
