"""The circumstances of a job for its record, beside the request. Reads files only."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from studio.plugins.plugin import Plugin
from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import digest_of_all

PLUGIN = "plugin"
PLUGIN_FILES = "plugin files"
THREADS = "threads"
LARGEST = 256 * 1024**2
"""Bytes of the user's files that are read for their digest before a job begins, together."""

MOST_FILES = 2_000
"""In a folder of the user's, likewise."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def of_plugin(plugin: Plugin) -> dict[str, str]:
    """Return the version of a plugin, the digest of its files, and the packages that it needs.

    What cannot be read is left out: no job fails for it.
    """
    versions = {PLUGIN: plugin.version}
    with suppress(OSError):
        versions[PLUGIN_FILES] = plugin.digest
    versions |= dict(_packages(plugin))
    return {name: value for name, value in versions.items() if value}


def _packages(plugin: Plugin) -> Iterator[tuple[str, str]]:
    """Yield the packages of a plugin's own, else those of the studio that it asks for."""
    if plugin.paths:
        for distribution in metadata.distributions(path=[str(path) for path in plugin.paths]):
            yield _canonical(distribution.name), distribution.version
        return
    with suppress(metadata.PackageNotFoundError, ValueError):
        for needed in metadata.requires(plugin.distribution) or ():
            name = _NAME.match(needed)
            with suppress(metadata.PackageNotFoundError):
                if name and "extra ==" not in needed:
                    yield _canonical(name[0]), metadata.version(name[0])


def files_named(params: Mapping[str, Any]) -> dict[str, str]:
    """Return path → SHA-256 of the files and folders of the user's that parameters name.

    Those that are too large to be read first, and those that cannot be read, are left out.
    """
    digests: dict[str, str] = {}
    left = LARGEST
    for path in _paths(params):
        with suppress(OSError, ValueError):
            left -= size_of(path)
            if left >= 0:
                digests[str(path)] = digest_of(path)
    return digests


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of those that lie in a folder.

    Raises:
        OSError: It cannot be read, or there are too many.
    """
    return sum(file.stat().st_size for file in _files(path))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder that of the names and digests of its files.

    Raises:
        OSError: It cannot be read, or there are too many.
    """
    digests = {}
    for path_inside in _files(path):
        with open_regular(path_inside) as file:
            digests[path_inside] = hashlib.file_digest(file, "sha256").hexdigest()
    return digest_of_all(path, digests)


def _files(path: Path) -> list[Path]:
    """Return a file, or those that lie in a folder: not in folders below it."""
    if not path.is_dir():
        return [path]
    files = [entry for entry in islice(path.iterdir(), MOST_FILES + 1) if entry.is_file()]
    if len(files) > MOST_FILES:
        raise OSError(errno.EFBIG, "it holds too many files", str(path))
    return files


def _paths(params: Mapping[str, Any]) -> Iterator[Path]:
    for value in params.values():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str) and len(item) < 4096 and "\n" not in item:
                path = Path(item)
                with suppress(OSError, ValueError):
                    if path.is_absolute() and path.exists():
                        yield path


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
