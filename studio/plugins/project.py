"""The folders of an author: where in a project the package of its plugin lies. Imports nothing."""

from __future__ import annotations

from pathlib import Path

from studio.plugins.discovery import MANIFEST, SEARCH_PATH
from studio.protocol.errors import ErrorCode, StudioError

__all__ = ["SEARCH_PATH", "package_folder"]

_PLACES = ("", "*/", "src/*/")


def package_folder(folder: Path) -> Path:
    """Return the folder with the manifest: ``folder`` itself, or a package in a project.

    Raises:
        StudioError: There is none, or there are several.
    """
    packages = sorted(
        {path.parent.resolve() for at in _PLACES for path in folder.glob(at + MANIFEST)}
    )
    if len(packages) == 1:
        return packages[0]
    if packages:
        names = ", ".join(path.name for path in packages)
        raise StudioError(
            ErrorCode.BAD_INPUT, f"{folder} holds several plugins: {names}.", "Name one of them."
        )
    what = f"{folder} holds no plugin" if folder.is_dir() else f"There is no folder {folder}"
    raise StudioError(
        ErrorCode.NOT_FOUND,
        f"{what}: no {MANIFEST} was found.",
        "Name the folder of the project, or of the package in it. `studio plugins new NAME` "
        "writes a project.",
    )
