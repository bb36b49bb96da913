"""What models computed of texts, kept by the runtime so that they go on at once. Only forgets it.

It is derived from what the user wrote, so there must be a way to be rid of it before it grows old.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable

from studio.core.paths import StudioPaths
from studio.core.settings import Settings
from studio.protocol.caches import PROMPT_CACHE


def kept_bytes(paths: StudioPaths) -> int:
    """Return how much lies on the disk."""
    total = 0
    for path in (paths.cache / PROMPT_CACHE).glob("*/*"):
        with contextlib.suppress(OSError):  # the runtime may be replacing it
            total += path.stat().st_size
    return total


def forget_traces(
    paths: StudioPaths, settings: Settings, plugins: Iterable[str], conversations: Iterable[str]
) -> None:
    """Delete what is derived of texts that were erased, and the drafts of ``conversations``.

    All prompt caches and the caches of ``plugins`` go.
    """
    settings.forget(conversations)
    forget(paths)
    for plugin in plugins:
        shutil.rmtree(paths.cache / "plugins" / plugin, ignore_errors=True)


def forget(paths: StudioPaths) -> int:
    """Delete all of it and return how many bytes that freed; conversations stay as they are.

    What a loaded model still knows in memory goes when it is unloaded.
    """
    before = kept_bytes(paths)
    shutil.rmtree(paths.cache / PROMPT_CACHE, ignore_errors=True)
    return before - kept_bytes(paths)
