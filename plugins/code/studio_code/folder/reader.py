"""The texts of a folder, read where nothing can be written: the sandbox lends it for reading only.

Without a sandbox the same program reads here; it opens files for reading alone, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from studio.api import BadInput, ErrorCode, Event, SandboxRequest, StudioError, TaskContext
from studio_code import languages, source
from studio_code.execution import sandbox_run
from studio_code.execution.inside import folder_reader
from studio_code.source import Source

IGNORED: Final = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".mypy_cache",
        ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".idea", ".vscode", ".DS_Store",
        ".ipynb_checkpoints", "dist", "build", "target", ".gradle", ".cache",
    }
)  # fmt: skip
"""Folders that are made, not written: never read nor searched."""
SUFFIXES: Final = (
    *(suffix for language in languages.LANGUAGES.values() for suffix in language.suffixes),
    ".md", ".rst", ".txt", ".toml", ".cfg", ".ini", ".json", ".yaml", ".yml", ".css",
)  # fmt: skip
MOST_FILES: Final = 4000
MOST_BYTES: Final = 200_000
"""Of one file that is read along with its folder."""
_RESULT: Final = "folder.json"


@dataclass(frozen=True)
class Folder:
    """Files read from a folder.

    Attributes:
        files: Nearest first.
        left_out: Number of files not read.
        guard: Sandbox tier that protected the folder from writes; empty if only the reading
            program itself did.
    """

    files: tuple[Source, ...]
    left_out: int = 0
    guard: str = ""


def read_folder(ctx: TaskContext, path: str) -> Generator[Event, None, Folder]:
    """Read the texts of a folder, and yield steps while that takes.

    Raises:
        BadInput: It is no folder, holds a home, or has no text in it.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise BadInput(f"“{root.name or path}” is not a folder.", "Choose a folder with code.")
    root = root.resolve()
    listing: dict[str, Any] = {"closed": True}
    guard = ctx.sandbox.tier
    if guard:
        listing = yield from _read_in_sandbox(ctx, root)
    if listing["closed"]:  # an administrator's folder, which nobody else may read: so in a sandbox
        listing, guard = folder_reader.read(_wish(root)), ""
    if not listing["files"]:
        raise BadInput(f"“{root.name}” has no code in it.", "Choose a folder with code.")
    files = tuple(Source(source.relative(row["path"]), row["text"]) for row in listing["files"])
    return Folder(files, int(listing["left_out"]), guard)


def _read_in_sandbox(ctx: TaskContext, root: Path) -> Generator[Event, None, dict[str, Any]]:
    try:
        ran = yield from sandbox_run.run(ctx, request(root), message="Reading the folder")
    except StudioError as error:
        if error.code != ErrorCode.BAD_INPUT:
            raise
        raise BadInput(
            f"“{root}” holds the home of a person.", "Choose the folder of a project inside it."
        ) from error
    data = ran.result.files.get(_RESULT, b"")
    if not ran.result.succeeded or not data:
        raise BadInput(f"“{root.name}” could not be read: {ran.ending}.", "Choose a smaller one.")
    listing: dict[str, Any] = msgspec.json.decode(data)
    return listing


def request(root: Path, program: bytes = b"") -> SandboxRequest:
    """Return the run that reads ``root``, which is lent for reading; ``program`` for another."""
    name = "folder_reader.py"
    text = program or resources.files(folder_reader.__package__).joinpath(name).read_bytes()
    return SandboxRequest(
        ("python", "-I", name),
        files={name: text},
        stdin=json.dumps(_wish(root)).encode(),
        collect=(_RESULT,),
        folders=(str(root),),
    )


def overlaid(files: tuple[Source, ...], newer: list[Source]) -> list[Source]:
    """Return the files, with the texts open on a page replacing those on disk."""
    texts = {language.path: language for language in files} | {
        language.path: language for language in newer
    }
    return list(texts.values())


def _wish(root: Path) -> dict[str, Any]:
    return {
        "root": str(root),
        "ignored": sorted(IGNORED),
        "suffixes": SUFFIXES,
        "most_files": MOST_FILES,
        "most_bytes": MOST_BYTES,
        "most_all": source.MAX_ALL_CHARS,
    }
