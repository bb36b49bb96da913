"""Where ``--out`` puts copies of results. The library keeps its own; nothing is overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from studio.api.artifacts import SavedArtifact
from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.flags import ArgumentParser
from studio.library import export
from studio.library.library import Library
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exporter


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


def add_provenance(parser: ArgumentParser) -> None:
    """Add the flag that says what copies tell of how they were made."""
    parser.add_argument(
        "--provenance",
        choices=[level.value for level in Disclosure],
        help="what a copy says of how it was made: its full recipe, only a label, or nothing "
        "(default: as last chosen in the window)",
    )


def copies(
    exporter: Exporter,
    artifacts: Iterable[SavedArtifact],
    folder: Path | None,
    provenance: str | None = None,
) -> list[Path]:
    """Return the paths of copies in ``folder``; without one, of the library's own files.

    Args:
        provenance: What ``--provenance`` says.

    Raises:
        StudioError: A copy cannot be written; the library still has the result.
    """
    if folder is None:
        return [artifact.path for artifact in artifacts]
    disclosure = Disclosure(provenance) if provenance else None
    copied = [exporter.to_folder(artifact.id, folder, disclosure) for artifact in artifacts]
    for remark in dict.fromkeys(copy.remark for copy in copied if copy.remark):
        output.hint(remark)
    return [copy.path for copy in copied]


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
