"""The formats that plugins can write an artifact in. Contained: an exporter that fails is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from studio.api.artifacts import Kind, SavedArtifact
from studio.base.disk import explain
from studio.desktop.pages.page_services import PageServices
from studio.desktop.plot import files
from studio.desktop.plot.view import dress_of
from studio.library import Artifact
from studio.protocol.errors import StudioError


@dataclass(frozen=True)
class ExportFormat:
    """An export format besides the native one of an artifact.

    Attributes:
        suffix: File suffix, with its dot.
        write: Writes the artifact to a path; raises ``StudioError`` on failure.
    """

    suffix: str
    write: Callable[[Path], None]


def formats(parts: PageServices, artifact: Artifact) -> list[ExportFormat]:
    """Return the export formats for ``artifact`` from the studio and from plugins.

    Plugins offer theirs by the hook ``studio_exporters``.
    """
    host = parts.studio.plugins
    contexts = {plugin.id: parts.context_of(plugin.id) for plugin in host.usable()}
    result = _of_plots(parts, artifact) if artifact.kind == Kind.PLOT else []
    for plugin, exporters in host.call_each("studio_exporters", lambda id: {"ctx": contexts[id]}):
        for name, write in (exporters or {}).items():
            kind, _, suffix = str(name).partition(":")
            if kind == artifact.kind and suffix.startswith("."):
                saved = contexts[plugin].library.artifact(artifact.id)
                contained = partial(_write, parts, plugin, write, saved)
                result.append(ExportFormat(suffix, contained))
    return result


def _of_plots(parts: PageServices, artifact: Artifact) -> list[ExportFormat]:
    path, dress = parts.studio.library.payload_path(artifact), dress_of(parts.ui.look)

    def contained(write: Callable[[Path], None], target: Path) -> None:
        try:
            write(target)
        except (StudioError, OSError) as error:
            reported = error if isinstance(error, StudioError) else explain(error, "export", target)
            parts.studio.notices.error(reported, key="export")
            raise reported from error

    writers: dict[str, Callable[[Path], None]] = {
        ".png": lambda target: files.write_png(files.read(path), dress, target),
        ".svg": lambda target: files.write_svg(files.read(path), dress, target),
        ".csv": lambda target: files.write_csv(files.read(path).plot, target),
    }
    return [ExportFormat(suffix, partial(contained, write)) for suffix, write in writers.items()]


def _write(
    parts: PageServices,
    plugin: str,
    write: Callable[[SavedArtifact, Path], None],
    saved: SavedArtifact,
    path: Path,
) -> None:
    parts.studio.plugins.guard(plugin, f"exporter {path.suffix}", lambda: write(saved, path))
