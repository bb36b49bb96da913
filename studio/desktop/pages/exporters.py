"""The formats that plugins can write an artifact in. Contained: an exporter that fails is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from studio.api.artifacts import SavedArtifact
from studio.core.library import Artifact
from studio.desktop.pages.page_services import PageServices


@dataclass(frozen=True)
class ExportFormat:
    """A format beside the one an artifact is kept in.

    Attributes:
        suffix: With its dot.
        write: Writes the artifact to a path; raises ``StudioError`` where that fails.
    """

    suffix: str
    write: Callable[[Path], None]


def formats(parts: PageServices, artifact: Artifact) -> list[ExportFormat]:
    """Return what the plugins offer for the kind of ``artifact`` (hook ``studio_exporters``)."""
    host = parts.studio.plugins
    contexts = {plugin.id: parts.context_of(plugin.id) for plugin in host.usable()}
    found = []
    for plugin, exporters in host.call_each("studio_exporters", lambda id: {"ctx": contexts[id]}):
        for name, write in (exporters or {}).items():
            kind, _, suffix = str(name).partition(":")
            if kind == artifact.kind and suffix.startswith("."):
                saved = contexts[plugin].library.artifact(artifact.id)
                contained = partial(_write, parts, plugin, write, saved)
                found.append(ExportFormat(suffix, contained))
    return found


def _write(
    parts: PageServices,
    plugin: str,
    write: Callable[[SavedArtifact, Path], None],
    saved: SavedArtifact,
    path: Path,
) -> None:
    parts.studio.plugins.guard(plugin, f"exporter {path.suffix}", lambda: write(saved, path))
