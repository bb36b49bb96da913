"""``studio library backup``, ``backups``, and ``restore`` of a whole backup."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.base import disk
from studio.base.paths import StudioPaths
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.library.backups import catalogue, erasing, maker, restoration, settings
from studio.library.backups.catalogue import Backup
from studio.library.backups.erasing import Holding
from studio.library.library import Library
from studio.library.upkeep.library_copy import damage_in_words

MAKE = "copy the whole library and verify the copy"
SHOW = "list backups, and libraries that a restore replaced"


def add_flags(make: ArgumentParser, show: ArgumentParser) -> None:
    """Add the flags of the two commands."""
    make.add_argument(
        "folder", type=Path, nargs="?", metavar="FOLDER", help="a new folder for this copy alone"
    )
    make.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="add a dated backup to this folder (default: the backup folder in Settings); "
        "only files that are new there are written",
    )
    show.add_argument(
        "--in", dest="to", type=Path, metavar="DIR", help="default: the backup folder in Settings"
    )


def make(arguments: Namespace, library: Library, session: StudioSession) -> int:
    """Make one, in a folder of its own or among the others."""
    line = output.ProgressLine()

    def show(done: int, total: int) -> None:
        line.show(f"copying and verifying {done} of {total}")

    if target := arguments.folder and arguments.folder.expanduser().absolute():
        library.backup(target, progress=show)
        backup = catalogue.look(target)
    else:
        chosen = bool(arguments.to or session.settings.get(settings.FOLDER, ""))
        folder = _folder(arguments, session)
        if arguments.to:
            disk.make_folder(folder)
        backup = maker.make(library, folder, chosen=chosen, progress=show)
    line.clear()
    assert backup is not None, "it was just written"
    if damage := damage_in_words(backup.folder, backup.damaged):
        raise damage
    if arguments.json:
        output.print_json({"backup": str(backup.folder), **_as_json(backup)})
    else:
        output.say(
            f"The backup was written to {backup.folder} and verified. "
            f"Open it with `STUDIO_HOME={backup.folder} studio`."
        )
    return ExitCode.OK


def _folder(arguments: Namespace, session: StudioSession) -> Path:
    if arguments.to:
        named: Path = arguments.to.expanduser().absolute()
        return named
    return settings.folder(session.paths, session.settings)


def show(arguments: Namespace, session: StudioSession) -> int:
    """List them."""
    folder = _folder(arguments, session)
    backups = catalogue.listed(folder, session.paths.home)
    if arguments.json:
        output.print_json({"backups": [_as_json(backup) for backup in backups]})
    elif backups:
        rows = [
            (
                backup.name,
                f"{datetime.fromtimestamp(backup.made):%Y-%m-%d %H:%M}",
                *("?" if n is None else str(n) for n in (backup.artifacts, backup.conversations)),
                disk.as_size(backup.bytes),
                _state(backup),
            )
            for backup in backups
        ]
        head = ("NAME", "MADE", "RESULTS", "CONVERSATIONS", "SIZE", "STATE")
        output.print_table(rows, head=head)
    else:
        output.say(f"There are no backups in {folder}.")
        output.hint(
            "`studio library backups --in DIR` looks in another folder; "
            "`studio library backup` makes one."
        )
    return ExitCode.OK


def holding(ids: Sequence[str], session: StudioSession) -> list[Holding]:
    """Return the backups in the usual places that hold something of ``ids``."""
    folder = settings.folder(session.paths, session.settings)
    return erasing.holding(catalogue.listed(folder, session.paths.home), ids) if ids else []


def tell_holding(holdings: Sequence[Holding]) -> None:
    """Print the backups that hold erased items, and how to erase them there."""
    for holding in holdings:
        if holding.ids:
            output.say(f"The backup {holding.backup.name} still holds it.")
        else:
            output.say(f"The backup {holding.backup.name} cannot be read and may still hold it.")
    if any(holding.ids for holding in holdings):
        output.hint("`studio library erase ID --backups --yes` erases it there, too.")


def _state(backup: Backup) -> str:
    if backup.set_aside:
        return "replaced by a restore"
    if backup.damaged:
        return f"{backup.damaged} files damaged"
    return "verified" if backup.verified else "not verified"


def _as_json(backup: Backup) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(backup, enc_hook=str)
    return {"name": backup.name, **plain}


def named(arguments: Namespace, session: StudioSession) -> Backup | None:
    """Return the backup that is to be restored, None when ids of the bin were given."""
    (name, *more) = arguments.id
    folder = settings.folder(session.paths, session.settings)
    match = None if more else catalogue.find(name, folder, session.paths.home)
    if match is None and name.startswith((catalogue.PREFIX, catalogue.SET_ASIDE)):
        raise catalogue.missing(name)
    if match is None and os.path.isdir(os.path.expanduser(name)):
        raise BadInput(
            f"The folder {name} is not a backup.", "`studio library backups` lists those there are."
        )
    return match


def restore(backup: Backup, arguments: Namespace, paths: StudioPaths) -> int:
    """Put a backup in the place of the library."""
    if not arguments.yes:
        raise BadInput(
            f"Nothing was restored: {backup.name} takes the place of the library.",
            "Add --yes to do it. The library there now is kept, and can be restored likewise.",
        )
    line = output.ProgressLine()
    restoration.prepare(
        backup, paths, lambda done, total: line.show(f"copying and verifying {done} of {total}")
    )
    line.clear()
    restored = restoration.finish(paths)
    assert restored is not None, "it was just prepared"
    if arguments.json:
        former = str(restored.kept) if restored.kept else None
        output.print_json({"restored": restored.backup, "kept": former})
    else:
        output.say(str(restored))
    return ExitCode.OK
