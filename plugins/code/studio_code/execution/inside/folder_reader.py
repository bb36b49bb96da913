"""Reads the texts of a folder and writes them down beside itself. Lent to the sandbox.

The wish is JSON on standard input: ``root``, ``ignored`` names, ``suffixes``, and the bounds
``most_files``, ``most_bytes`` (of one file) and ``most_all``. Hidden files and links are left out.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from typing import Any


def read(wish: dict[str, Any]) -> dict[str, Any]:
    """Return ``files`` (rows of path and text), nearest first, and how many were ``left_out``.

    ``closed`` tells that the folder itself may not be read.
    """
    files: list[dict[str, str]] = []
    left_out = 0
    room = int(wish["most_all"])
    for path in _paths(wish["root"], set(wish["ignored"]), tuple(wish["suffixes"])):
        text = _text(os.path.join(wish["root"], path), int(wish["most_bytes"]))
        if text is None:
            continue
        if len(files) == wish["most_files"] or len(text) > room:
            left_out += 1
            continue
        room -= len(text)
        files.append({"path": path, "text": text})
    closed = not os.access(wish["root"], os.R_OK | os.X_OK)
    return {"files": files, "left_out": left_out, "closed": closed}


def _paths(root: str, ignored: set[str], suffixes: tuple[str, ...]) -> Any:
    waiting = deque([""])
    while waiting:
        folder = waiting.popleft()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                rows = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue  # closed to us: its files are not read
        for entry in rows:
            if entry.name in ignored or entry.name.startswith("."):
                continue
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False) and path.lower().endswith(suffixes):
                yield path


def _text(path: str, most: int) -> str | None:
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return None if len(data) > most or "\0" in text else text


if __name__ == "__main__":
    with open("folder.json", "w", encoding="utf-8") as out:
        json.dump(read(json.load(sys.stdin)), out)
