"""The files and requirements of installed distributions. Opens none of them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from studio.protocol.errors import ErrorCode, StudioError


def entries(names: Iterable[str]) -> dict[str, Path]:
    """Return the entries of these distributions and their requirements, without extras.

    Returns:
        Name in ``site-packages`` (a package, a module, a ``….dist-info``) → where it lies.

    Raises:
        StudioError: ``BAD_INPUT``: a requested one is not installed.
    """
    waiting, seen = list(names), set[str]()
    lent: dict[str, Path] = {}
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError as error:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"The package “{name}”, which the code needs, is not installed.",
                "Run the setup of Offline Studio again.",
            ) from error
        lent |= _top_level(package)
        waiting += _needs(package)
    return lent


def _top_level(package: Distribution) -> dict[str, Path]:
    """Return top-level entries, without start-up hooks (``.pth``), scripts, and outside files."""
    parts = {file.parts[0] for file in package.files or () if file.parts}
    names = [part for part in parts if not part.startswith((".", "/")) and part != "__pycache__"]
    root = Path(str(package.locate_file("")))
    paths = {name: root / name for name in names if not name.endswith(".pth")}
    return {name: path.resolve() for name, path in paths.items() if path.exists()}


def _needs(package: Distribution) -> list[str]:
    needs: list[str] = []
    for line in package.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # a fault of its makers: what truly lacks shows when it is imported
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needs.append(requirement.name)
    return needs
