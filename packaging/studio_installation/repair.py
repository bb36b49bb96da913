"""Looks at every file of an installation, and brings back those that are not as they were."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

from studio_installation import desktop_files
from studio_installation.payload import LIST, Files, Payload, Progress, copied
from studio_installation.places import Place, Problem
from studio_installation.words import tr


def repair(place: Place, payload: Payload | None, told: Progress) -> int:
    """Bring damaged and missing files back; return how many there were.

    Ours come out of the wheels in the folder; those of other packages out of the installer.

    Args:
        payload: Of an installer of the same version, where there is one at hand.

    Raises:
        Problem: Files are damaged that are in the installer only.
    """
    packaged = Problem(
        tr("The system's package manager keeps the installation in {folder}.").format(
            folder=place.prefix
        ),
        tr("Repair it with: sudo apt install --reinstall offline-studio"),
    )
    version = place.current()
    if version is None:
        raise Problem(
            tr("There is no installation in {folder}.").format(folder=place.prefix),
            tr("Install it instead."),
        )
    if place.is_packaged:
        raise packaged
    with place.alone():
        bad = damaged(version, told)
        left = bad - _from_wheels(version, bad)
        if left and payload is not None and payload.name == version.name:
            payload.unpack(version, told, left)
            left = set()
        if left:
            raise Problem(
                tr("{n} files are damaged that only the installer can bring back.").format(
                    n=len(left)
                ),
                tr("Open the installer of version {name} again: it repairs, too.").format(
                    name=version.name
                ),
            )
        desktop_files.add(place)
    return len(bad)


def damaged(version: Path, told: Progress) -> set[str]:
    """Return the names of files that are missing or are not what the list says.

    Raises:
        Problem: The list itself is damaged.
    """
    files = _list(version)
    unread = sum(each.get("bytes", 0) for each in files.values())
    bad, done = set(), 0
    for name, wanted in files.items():
        path = version / name
        if "link" in wanted:
            good = path.is_symlink() and os.readlink(path) == wanted["link"]
        else:
            good = _digest(path) == wanted["sha256"]
        if not good:
            bad.add(name)
        done += wanted.get("bytes", 0)
        told(tr("Checking files…"), done, unread)
    return bad


def _list(version: Path) -> Files:
    try:
        text = (version / LIST).read_bytes()
        if version.name.endswith(hashlib.sha256(text.rstrip(b"\n")).hexdigest()[:12]):
            files: Files = json.loads(text)
            return files
    except OSError:
        pass  # told below: missing and damaged are cured alike
    raise Problem(
        tr("The list of files in {folder} is damaged.").format(folder=version),
        tr("Uninstall Offline Studio and install it again; your library stays."),
    )


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _from_wheels(version: Path, bad: set[str]) -> set[str]:
    """Take what can be taken from the wheels of ours; return the names."""
    files, cured = _list(version), set()
    site = next(version.glob("python/lib/python3*")) / "site-packages"
    for wheel in sorted(version.glob("wheels/*.whl")):
        if wheel.relative_to(version).as_posix() in bad:
            continue
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                name = (site / member).relative_to(version).as_posix()
                if name in bad and name in files:
                    path = version / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    part = path.with_name(path.name + ".part")
                    with archive.open(member) as source:
                        same = copied(source, part) == files[name]["sha256"]
                    if same:
                        part.chmod(0o755 if files[name].get("runs") else 0o644)
                        os.replace(part, path)
                        cured.add(name)
                    else:
                        part.unlink()
    return cured
