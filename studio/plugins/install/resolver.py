"""Finds out which packages a plugin runs with, offline: wheels that are at hand, or the studio's.

``uv`` decides. To it the packages of the studio are wheels like others, each of which needs
exactly the versions that it has here: so a package of the studio is lent with all that belongs to
it, or the plugin brings its own, and never half of both.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from studio.plugins.install.host_packages import STUDIO, HostPackages
from studio.plugins.install.wheel import Wheel
from studio.protocol.errors import ErrorCode, StudioError

API_NEEDS = ("msgspec", "packaging", "pluggy", "typing_extensions")
"""What ``studio.api`` needs in a process of its own; lent with it."""
Progress = Callable[[str], None]
"""Hears what is being done, in words; may raise ``Cancelled``."""
_MISSING = re.compile(
    r"(?P<name>\S+) was not found in the provided package locations"
    r"(?: and (?:all versions of )?(?P<by>[\w.-]+?)(?:==\S+)? depends? on)?"
)
_LOOK_S = 0.1


@dataclass(frozen=True)
class Choice:
    """One package of the answer: ``wheel`` is its file, None for one that the studio lends."""

    name: str
    version: str
    wheel: Path | None = None


def resolve(
    plugin: Wheel,
    folders: Sequence[Path],
    host: HostPackages,
    work: Path,
    progress: Progress,
    *,
    in_studio: bool = False,
) -> tuple[Choice, ...]:
    """Return what ``plugin`` runs with, itself first.

    Args:
        plugin: Was read and found good; other wheels in its folder may be used, too.
        folders: With the wheels that may be used.
        work: A folder for what is needed meanwhile.
        progress: May end it with ``Cancelled``.
        in_studio: It runs in the studio's own processes: nothing there may be another version.

    Raises:
        StudioError: A wheel is missing, packages do not fit together, or there is no ``uv``.
    """
    progress("Choosing packages…")
    lent = work / "lent"
    lent.mkdir()
    for name in host.packages:
        if name != plugin.name:
            _lendable(lent, name, host, whole=in_studio)
    command = _command(work, [plugin.path.parent, lent, *folders])
    if in_studio:
        fixed = work / "studio.txt"
        others = [package for package in host.packages.values() if package.name != plugin.name]
        fixed.write_text("\n".join(f"{package.name}=={package.version}" for package in others))
        command += ["--constraints", str(fixed)]
    # In the studio all of it is there; a process of its own is lent what `studio.api` needs.
    wanted = [f"{plugin.name}=={plugin.version}", *([] if in_studio else [STUDIO])]
    answer = _ask(command, "\n".join(wanted), plugin, host, progress)
    chosen = [_choice(line, plugin, folders, host) for line in answer.splitlines() if line.strip()]
    return tuple(sorted(chosen, key=lambda package: (package.name != plugin.name, package.name)))


def find_uv() -> str:
    """Return the program ``uv``.

    Raises:
        StudioError: It is not installed.
    """
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Plugins cannot be installed: the program “uv”, which chooses packages, is missing.",
            "Run the setup of Offline Studio again.",
        ) from error


def wheels_in(folder: Path) -> Iterator[Path]:
    """Yield the wheels that lie in ``folder`` itself, by name."""
    yield from sorted(path for path in folder.glob("*.whl") if path.is_file())


# --- the studio's packages ------------------------------------------------------------------------


def _lendable(folder: Path, name: str, host: HostPackages, *, whole: bool) -> None:
    """Write a wheel with only the metadata of a package of the studio."""
    package = host.packages[name]
    needs = list(_exact(package.requires, host))
    if name == STUDIO and not whole:
        needs = [f"{need}=={host.version(need)}" for need in API_NEEDS if host.version(need)]
    stem = f"{name.replace('-', '_')}-{package.version}"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {package.version}"]
    about = "\n".join([*lines, *(f"Requires-Dist: {need}" for need in needs), ""])
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", about)
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def _exact(requires: Sequence[str], host: HostPackages) -> Iterator[str]:
    for line in requires:
        try:
            need = Requirement(line)
        except InvalidRequirement:
            continue
        version = host.version(need.name)
        if version and (need.marker is None or need.marker.evaluate({"extra": ""})):
            yield f"{canonicalize_name(need.name)}=={version}"


# --- asking uv ------------------------------------------------------------------------------------


def _command(work: Path, folders: Sequence[Path]) -> list[str]:
    command = [find_uv(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
    command += ["--offline", "--no-index", "--no-config", "--only-binary", ":all:"]
    command += ["--python", sys.executable, "--no-python-downloads"]
    command += ["--cache-dir", str(work / "cache")]
    for folder in folders:
        command += ["--find-links", str(folder)]
    return command


def _ask(
    command: Sequence[str], wanted: str, plugin: Wheel, host: HostPackages, progress: Progress
) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_"))}
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
    )
    given: str | None = wanted
    try:
        while True:
            try:
                answer, error = child.communicate(given, timeout=_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                given = None
                progress("Choosing packages…")
    except BaseException:
        child.kill()
        child.communicate()
        raise
    if child.returncode:
        raise _in_words(error, plugin, host)
    return answer


def _in_words(error: str, plugin: Wheel, host: HostPackages) -> StudioError:
    cause = " ".join(error.partition("cause:")[2].split()) or " ".join(error.split())
    if missing := _MISSING.search(cause):
        name, by = missing["name"].removeprefix("Because "), missing["by"] or plugin.name
        return StudioError(
            ErrorCode.NOT_FOUND,
            f"The wheel of “{name}” is missing, which {by} needs.",
            "Put it into the same folder, and name that folder with --find-links.",
            error,
        )
    sides = " ".join(_sides(plugin, host))
    sentence, _, _ = cause.partition(" And because you require")
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"The packages that {plugin.name} needs do not fit together. {sides or sentence}",
        "Get the wheels it was built for, or another version of it. The studio's own packages "
        "are never changed.",
        error,
    )


def _sides(plugin: Wheel, host: HostPackages) -> Iterator[str]:
    """Yield conflicts of the plugin's requirements with the studio's versions: both, by name."""
    for line in plugin.requires:
        need = Requirement(line)
        here = host.version(need.name)
        applies = need.marker is None or need.marker.evaluate({"extra": ""})
        if here and applies and not need.specifier.contains(here, prereleases=True):
            yield f"It needs {need.name}{need.specifier}; the studio has {need.name} {here}."


def _choice(line: str, plugin: Wheel, folders: Sequence[Path], host: HostPackages) -> Choice:
    name, _, version = line.strip().partition("==")
    name = canonicalize_name(name)
    if name == plugin.name:
        return Choice(name, version, plugin.path)
    if Version(host.version(name) or "0") == Version(version):
        return Choice(name, version)
    order = {tag: place for place, tag in enumerate(sys_tags())}
    best: tuple[int, Path] | None = None
    for path in (path for folder in folders for path in wheels_in(folder)):
        try:
            distribution, number, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        places = [order[tag] for tag in tags if tag in order]
        if (distribution, number) == (name, Version(version)) and places:
            best = min(filter(None, (best, (min(places), path))))
    assert best is not None, f"uv chose {line}, which is nowhere"
    return Choice(name, version, best[1])
