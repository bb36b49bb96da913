"""Where ``--out`` puts copies of results. The library keeps its own; nothing is overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from studio.api.artifacts import SavedArtifact
from studio.core import disk
from studio.core.library import export
from studio.core.library.library import Library


def prepare(folder: Path) -> Path:
    """Return ``folder``, made if missing, before anything is computed for it.

    Raises:
        StudioError: It cannot be made or written.
    """
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not disk.writable(folder):
            raise PermissionError(13, "Permission denied", str(folder))
    except OSError as error:
        raise disk.explain(error, "save the results", folder) from error
    return folder


def copies(library: Library, artifacts: Iterable[SavedArtifact], folder: Path | None) -> list[Path]:
    """Return the paths of copies in ``folder``; without one, of the library's own files.

    Raises:
        StudioError: A copy cannot be written; the library still has the result.
    """
    if folder is None:
        return [artifact.path for artifact in artifacts]
    return [library.export(artifact.id, folder) for artifact in artifacts]


def export_conversation(library: Library, conversation: str, folder: Path, suffix: str) -> Path:
    """Write the shown branch of a conversation as Markdown or JSON; returns the file.

    Raises:
        StudioError: It is not in the library, or the folder cannot be written.
    """
    title = library.conversations.get(conversation).title
    try:
        with tempfile.TemporaryDirectory() as scratch:
            draft = Path(scratch) / f"conversation{suffix}"
            library.conversations.export(conversation, draft)
            name = export.file_name(title or "conversation", suffix)
            return export.copy_out(draft, folder, name)
    except OSError as error:
        raise disk.explain(error, "export the conversation", folder) from error
