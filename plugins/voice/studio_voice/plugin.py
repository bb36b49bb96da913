"""The window half: the page, formats of transcripts. Imports nothing of them before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from studio.api import Narration, Page, PluginContext, SavedArtifact, hookimpl
from studio_voice.schema import VoiceSettings

AS_USUAL = VoiceSettings().to_dict()


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_voice.pages.page import build as build_page

        return build_page(ctx)

    return {"voice.page": build}


@hookimpl
def studio_narration(ctx: PluginContext) -> Callable[[], Narration]:
    """Return a factory of narrations, which read text aloud while it is being written."""

    def make() -> Narration:
        from studio_voice.pages.narrator import Narrator

        chosen = ctx.settings
        return Narrator(ctx, lambda: {key: chosen.get(key, was) for key, was in AS_USUAL.items()})

    return make


@hookimpl
def studio_settings() -> type[VoiceSettings]:
    """Return the voice that reads aloud on other pages."""
    return VoiceSettings


@hookimpl
def studio_exporters() -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which transcripts can leave the library."""

    def export(artifact: SavedArtifact, path: Path) -> None:
        from studio_voice.transcripts.formats import FORMATS
        from studio_voice.transcripts.transcript import unpacked

        path.write_bytes(FORMATS[path.suffix.lower()](unpacked(artifact.read())))

    return {f"transcript:{suffix}": export for suffix in (".txt", ".srt", ".vtt")}
