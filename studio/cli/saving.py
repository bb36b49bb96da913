"""Copies results out of the library under names people can read. Overwrites nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from studio.api.artifacts import SavedArtifact
from studio.core import disk

_MAX_NAME = 60


def prepare(folder: Path) -> Path:
    """Return ``folder``, made if missing, before anything is computed for it.

    Raises:
        StudioError: It cannot be made or written.
    """
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not disk.writable(folder):
            raise PermissionError(13, "no permission to write there", str(folder))
    except OSError as error:
        raise disk.explain(error, "save the results", folder) from error
    return folder


def copy_all(artifacts: Iterable[SavedArtifact], folder: Path) -> list[Path]:
    """Return the paths of the copies of ``artifacts`` in ``folder``.

    Raises:
        StudioError: A copy cannot be written; the library still has the result.
    """
    return [_copy(artifact, folder) for artifact in artifacts]


def _copy(artifact: SavedArtifact, folder: Path) -> Path:
    stem = re.sub(r"[^\w-]+", "-", artifact.title.lower()).strip("-_")[:_MAX_NAME] or artifact.kind
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        path = folder / f"{name}{artifact.path.suffix}"
        try:
            with path.open("xb") as copy, artifact.path.open("rb") as original:
                shutil.copyfileobj(original, copy)
            return path
        except FileExistsError:
            number += 1
        except OSError as error:
            path.unlink(missing_ok=True)
            raise disk.explain(error, f"save {path.name}", folder) from error
