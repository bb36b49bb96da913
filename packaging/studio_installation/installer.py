"""Installs a version beside the one that is there, and makes it current once it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from studio_installation import desktop_files
from studio_installation.payload import Payload, Progress, full
from studio_installation.places import (
    PACKAGED,
    PART,
    RELEASE,
    Place,
    Problem,
    Release,
    discard,
    sync_folder,
)
from studio_installation.repair import damaged
from studio_installation.words import tr

ROOM = 64 * 2**20
"""Bytes that stay free on the disk."""


def install(place: Place, payload: Payload, release: Release, told: Progress) -> Path:
    """Install what ``payload`` brings; return its folder.

    Each step leaves the old version or the new one whole and current, wherever it is cut short.

    Raises:
        Problem: It was not installed; what was there works as before.
        Stopped: The user did not want it any more.
    """
    if place.is_packaged:
        raise Problem(
            tr("The system's package manager keeps the installation in {folder}.").format(
                folder=place.prefix
            ),
            tr("Install the .deb file instead, or choose another folder."),
        )
    with place.alone():
        refuse_older(place, release)
        target = place.versions / payload.name
        if (target / RELEASE).is_file():
            if bad := damaged(target, told):
                payload.unpack(target, told, bad)
        else:
            place.sweep()
            _check_room(place, payload)
            part = target.with_name(target.name + PART)
            _whole(part, target, lambda: payload.unpack(part, told))
        _make_current(place, target, told)
    return target


def adopt(place: Place, told: Progress) -> Path:
    """Make current what the package manager has unpacked; return its folder.

    It gets a folder of its own, of links to the same bytes: the package manager deletes the old
    files when it brings new ones, and a studio that runs must keep its own.
    """
    packaged = place.prefix / PACKAGED
    with place.alone():
        name = (packaged / "name").read_text("utf-8").strip()
        target = place.versions / name
        if not (target / RELEASE).is_file():
            part = target.with_name(target.name + PART)
            shutil.rmtree(part, ignore_errors=True)
            told(tr("Copying files…"), 0, 1)
            _whole(
                part,
                target,
                lambda: shutil.copytree(packaged, part, symlinks=True, copy_function=_linked),
            )
        place.switch(target)
        place.sweep()
    return target


def _linked(source: str, target: str) -> None:
    if Path(source).is_symlink():
        os.symlink(os.readlink(source), target)
    else:
        os.link(source, target)


def refuse_older(place: Place, release: Release) -> None:
    """Refuse a version that is older and cannot read what the newer one writes.

    Raises:
        Problem: It is so.
    """
    current = place.current()
    if current is None:
        return
    here = Release.read(current)
    if release.age < here.age and release.schema < here.schema:
        raise Problem(
            tr(
                "Version {here} is installed, which is newer than {new}, and {new} cannot open "
                "the library that it has written."
            ).format(here=here.version, new=release.version),
            tr("Keep {here}; or export what you need, then uninstall it first.").format(
                here=here.version
            ),
        )


def _check_room(place: Place, payload: Payload) -> None:
    free = shutil.disk_usage(place.prefix).free
    if free < payload.unpacked + ROOM:
        raise full(place.versions, payload.unpacked)


def _whole(part: Path, target: Path, make: Callable[[], object]) -> None:
    """Let ``make`` fill ``part``, and give it its name once all of it is on the disk."""
    try:
        make()
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    os.sync()
    if target.exists():  # half of one: it has no release file
        discard(target)
    os.rename(part, target)
    sync_folder(target.parent)


def _make_current(place: Place, target: Path, told: Progress) -> None:
    told(tr("Adding Offline Studio to the menu…"), 1, 1)
    place.switch(target)
    desktop_files.add(place)
    place.sweep()
