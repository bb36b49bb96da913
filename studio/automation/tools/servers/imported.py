"""Reads the ``mcpServers`` block that other programs keep their servers in. Starts nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.automation.tools.servers.entry import MOST_SERVERS, ServerEntry, is_too_much, refusal
from studio.protocol.errors import ErrorCode, StudioError

_LARGEST = 1 << 20
_PROJECT_FILES = ("package.json", "pyproject.toml", "pyvenv.cfg")


def read_block(text: str) -> tuple[list[ServerEntry], list[str]]:
    """Return the servers that a text describes, and sentences about those that cannot be used.

    All are off, and may read the folders that their arguments name: the user looks at them first.

    Raises:
        StudioError: ``BAD_INPUT``: it is not such a block.
    """
    try:
        data = json.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        data = None
    block = data.get("mcpServers", data) if isinstance(data, Mapping) else None
    if not isinstance(block, Mapping) or not block or not all(isinstance(n, str) for n in block):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            "This is not a list of MCP servers.",
            "Copy the whole block that begins with “mcpServers” from the other program's file.",
        )
    entries: list[ServerEntry] = []
    notes: list[str] = []
    for name, row in list(block.items())[:MOST_SERVERS]:
        try:
            entries.append(_entry(name, row))
        except StudioError as error:
            notes.append(f"“{name[:60]}” was left out. {error.message}")
    return entries, notes


def _entry(name: str, row: Any) -> ServerEntry:
    if isinstance(row, Mapping) and not row.get("command") and ("url" in row or "type" in row):
        raise refusal("it is reached over the network; only those with a command can be used")
    if not isinstance(row, Mapping):
        raise refusal("its settings cannot be read")
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:32].strip("-")
    fields = {
        "name": plain,
        "command": row.get("command", ""),
        "arguments": row.get("args") or [],
        "environment": row.get("env"),
        "is_on": False,
    }
    entry = ServerEntry.from_data(fields)
    return ServerEntry.from_data({**fields, "readable": named_folders(entry.arguments)})


def named_folders(arguments: tuple[str, ...]) -> list[str]:
    """Return folders that the arguments name, and those of the projects of files they name."""
    folders: list[str] = []
    for word in arguments:
        path = Path(word)
        if not path.is_absolute() or not path.exists():
            continue
        folder = path if path.is_dir() else _project(path)
        if folder and not is_too_much(folder) and str(folder) not in folders:
            folders.append(str(folder))
    return folders


def _project(path: Path) -> Path | None:
    """Return the folder of the project that a file is part of; else the one that it lies in."""
    for folder in path.parents:
        if is_too_much(folder):
            break
        if any((folder / name).is_file() for name in _PROJECT_FILES):
            return folder
    return path.parent
