"""Drafts of plugins, in crash-safe files. Knows nothing of their content."""

from __future__ import annotations

import re
from pathlib import Path

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

LARGEST = 64 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Drafts:
    """One plugin's drafts by name; safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> bytes | None:
        """Return the content stored last, or None.

        Raises:
            StudioError: The file is there and cannot be read.
        """
        path = self._path(name)
        try:
            return read_regular(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk.explain(error, "read a draft", path) from error

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data``: on the disk when this returns.

        Raises:
            StudioError: It is too large, or the disk refuses; the draft before is untouched.
        """
        path = self._path(name)
        if len(data) > LARGEST:
            size = disk.as_size(len(data))
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"A draft of {size} is too large to save.",
                "Split your work into smaller parts.",
            )
        try:
            disk.make_folder(self.folder)
            disk.write_durably(path, data)
        except OSError as error:
            raise disk.explain(error, "save a draft", path) from error

    def remove(self, name: str) -> None:
        """Forget a draft, if there is one."""
        disk.remove(self._path(name))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a valid draft name: use lower-case letters, digits and hyphens"
            )
        return self.folder / name
