"""Prompt caches that the runtime keeps on disk to resume at once. Only deletes them.

They are derived from the user's texts, so it must be possible to delete them before they expire.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.settings import Settings, put_aside
from studio.protocol.caches import PROMPT_CACHE


def kept_bytes(paths: StudioPaths) -> int:
    """Return how much lies on the disk."""
    total = 0
    for path in (paths.cache / PROMPT_CACHE).glob("*/*"):
        with contextlib.suppress(OSError):  # the runtime may be replacing it
            total += path.stat().st_size
    return total


class Traces:
    """Data derived from the library's texts and stored beside it: caches, drafts in settings."""

    def __init__(self, paths: StudioPaths, settings: Settings) -> None:
        self._paths = paths
        self._settings = settings

    def forget(self, plugins: Iterable[str], conversations: Iterable[str]) -> None:
        """Delete data derived from erased texts, and the drafts of ``conversations``.

        All prompt caches and the caches of ``plugins`` go, and settings that could not be read and
        were put aside: their drafts are unknown.
        """
        self._settings.forget(conversations)
        forget(self._paths)
        for plugin in plugins:
            shutil.rmtree(self._paths.cache / "plugins" / plugin, ignore_errors=True)
        for path in self._put_aside():
            disk.remove(path)

    def left(self, erased: Mapping[str, float]) -> Iterator[Path]:
        """Yield files that are older than the last erasure and should have gone with it.

        Args:
            erased: Plugin → when something of it was erased last, in seconds; of all under ``""``.
        """
        folders = [
            (self._paths.cache / (f"plugins/{plugin}" if plugin else PROMPT_CACHE), moment)
            for plugin, moment in erased.items()
        ]
        files = [(path, moment) for folder, moment in folders for path in folder.rglob("*")]
        files += [(path, erased.get("", 0.0)) for path in self._put_aside()]
        for path, moment in files:
            with contextlib.suppress(OSError):  # the runtime may be replacing it
                if path.is_file() and path.stat().st_mtime < moment:
                    yield path.relative_to(self._paths.home)

    def _put_aside(self) -> list[Path]:
        homes = (self._paths.settings, self._paths.state)
        return [copy for path in homes for copy in put_aside(path)]


def forget(paths: StudioPaths) -> int:
    """Delete all of it and return how many bytes that freed; conversations stay as they are.

    What a loaded model still knows in memory goes when it is unloaded.
    """
    before = kept_bytes(paths)
    shutil.rmtree(paths.cache / PROMPT_CACHE, ignore_errors=True)
    return before - kept_bytes(paths)
