"""The window half: formats of transcripts. Imports nothing before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from studio.api import SavedArtifact, hookimpl


@hookimpl
def studio_exporters() -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    """Return the formats in which transcripts can leave the library."""

    def export(artifact: SavedArtifact, path: Path) -> None:
        from studio_voice.transcripts.formats import FORMATS
        from studio_voice.transcripts.transcript import unpacked

        path.write_bytes(FORMATS[path.suffix.lower()](unpacked(artifact.read())))

    return {f"transcript:{suffix}": export for suffix in (".txt", ".srt", ".vtt")}
