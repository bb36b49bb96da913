"""An installation source from the user: the plugin and the location of its wheels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from studio.plugins.discovery import GROUP
from studio.plugins.install.archive import Archive
from studio.plugins.install.records import BUNDLE
from studio.plugins.install.resolver import wheels_in
from studio.protocol.errors import ErrorCode, StudioError

_MOST_TEXT = 1 << 20


@dataclass(frozen=True)
class Source:
    """Where a plugin comes from.

    Attributes:
        wheel: The plugin's own.
        folders: With the wheels that it may use.
        name: What the user gave, without folders.
        key: The public key that vouches for the wheels; empty without a signature.
        digests: File name → SHA-256 that the signature, or the bundle, vouches for.
        says: The id and the version that a bundle says it holds.
    """

    wheel: Path
    folders: tuple[Path, ...]
    name: str
    key: str = ""
    digests: tuple[tuple[str, str], ...] = ()
    says: tuple[str, str] | None = None


def find(given: str, folders: Sequence[Path]) -> Source:
    """Return what ``given`` means: a wheel, a folder with wheels, or a name to look for.

    Args:
        folders: More places with wheels.

    Raises:
        StudioError: There is nothing of that name, or no plugin in it, or more than one.
    """
    for folder in folders:
        if not folder.is_dir():
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"The folder {folder} does not exist.",
                "Look for a typing mistake.",
            )
    path = Path(given).expanduser()
    if path.is_file():
        if path.suffix != ".whl":
            raise _not_a_plugin(path)
        return Source(path.resolve(), tuple(folders), path.name)
    if path.is_dir():
        wheel = _only_plugin(path, list(wheels_in(path)))
        return Source(wheel.resolve(), (path.resolve(), *folders), path.resolve().name)
    if path.suffix or len(path.parts) > 1:
        raise StudioError(
            ErrorCode.NOT_FOUND, f"The file {path} does not exist.", "Look for a typing mistake."
        )
    named = [wheel for folder in folders for wheel in wheels_in(folder) if _named(wheel, given)]
    if not named:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"No wheel of “{given}” was found. Plugins are installed from files only.",
            "Name the folder that holds it with --find-links, or give the file itself.",
        )
    return Source(_newest(named).resolve(), tuple(folders), given)


def is_plugin(path: Path) -> bool:
    """Whether a wheel says that it is a plugin; nothing of it is believed for that."""
    try:
        with Archive(path) as archive:
            points = [name for name in archive.entries if name.endswith("/entry_points.txt")]
            if len(points) != 1 or archive.entries[points[0]].file_size > _MOST_TEXT:
                return False
            return f"[{GROUP}]".encode() in b"".join(archive.chunks(points[0]))
    except (OSError, ValueError):
        return False


def _only_plugin(folder: Path, wheels: Sequence[Path]) -> Path:
    plugins = [wheel for wheel in wheels if is_plugin(wheel)]
    names = sorted({wheel.name.partition("-")[0] for wheel in plugins})
    if len(names) > 1:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The folder {folder.name} holds several plugins: {', '.join(names)}.",
            "Give the wheel of the one you want, and the folder with --find-links.",
        )
    if not plugins:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The folder {folder.name} holds no wheel of a plugin.",
            "A plugin is a file that ends with .whl and has a manifest.",
        )
    return _newest(plugins)


def _newest(wheels: Sequence[Path]) -> Path:
    return max(wheels, key=lambda path: parse_wheel_filename(path.name)[1])


def _named(wheel: Path, name: str) -> bool:
    try:
        return parse_wheel_filename(wheel.name)[0] == canonicalize_name(name) and is_plugin(wheel)
    except InvalidWheelFilename:
        return False


def _not_a_plugin(path: Path) -> StudioError:
    is_source = path.name.endswith((".tar.gz", ".zip"))
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"{path.name} is not a plugin that can be installed.",
        "It holds source code, which would have to run to be built: ask for the wheel (.whl)."
        if is_source
        else f"Give a wheel (.whl), a bundle ({BUNDLE}), or a folder of wheels.",
    )
