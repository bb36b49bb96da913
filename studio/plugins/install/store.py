"""The plugins of others on the disk: sets that never change, and one pointer to the current one.

    plugins/current              the number of the current set
    plugins/proven               the number of the last set that the studio has started with
    plugins/sets/000012.json     which plugins, which version of each, what the user allows
    plugins/versions/NAME/       a version of a plugin: record.json, wheels/, site/
    plugins/new/                 what is being made; of no worth if nobody holds the lock

A change writes new files beside the old ones and then replaces the pointer: whenever the power
goes, the old or the new set is there, whole. Versions that sets share are not copied. Sets stay,
with all that they need, until the user cleans them up.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.plugins.deny_list import DenyList
from studio.plugins.install.records import Installed, PluginSet, Record
from studio.plugins.install.session_notes import SessionNotes
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note

Fill = Callable[[Path], Record]
"""Makes a version in an empty folder, all but its record, which it returns."""


class PluginStore:
    """Reads and changes the installed plugins. Safe to use from several processes.

    Attributes:
        folder: The folder of the store.
        denied: The user's deny list.
    """

    def __init__(self, folder: Path, journals: Path) -> None:
        """``journals`` holds the lock and the notes of who uses which set."""
        self.folder = folder
        self.denied = DenyList.beside(journals)
        self._journals, self._notes = journals, SessionNotes(journals)
        self._sets, self._versions = folder / "sets", folder / "versions"
        self._new = folder / "new"
        self._log = journals.with_name("logs") / "plugins.jsonl"

    # --- reading ------------------------------------------------------------------------------

    def current(self) -> PluginSet:
        """Return the set in use; an empty one if nothing was ever installed.

        A set that cannot be read counts as none; the one before it takes its place.
        """
        number = self._number("current")
        pointed = self._read(self._sets / f"{number:06}.json")
        if pointed and not pointed.doomed:
            return pointed
        usable = (entry for entry in self.history() if entry.number <= number and not entry.doomed)
        return next(usable, PluginSet())

    def earlier(self, number: int = 0) -> PluginSet | None:
        """Return the set that going back leads to; None if there is none.

        Args:
            number: Of that one; 0 for the last that differs from the current, which may be the
                time before anything was installed.
        """
        current, history = self.current(), self.history()
        past = [entry for entry in history if entry.number < current.number and not entry.doomed]
        if history and history[-1].number == 1 and not number:
            past.append(PluginSet())
        fits = (entry for entry in past if number in (0, entry.number))
        return next((entry for entry in fits if entry.plugins != current.plugins), None)

    @property
    def has_past(self) -> bool:
        """Whether there are versions that neither the current set nor an open studio needs."""
        return bool(self._unneeded(self.in_use()))

    def size_of_past(self) -> int:
        """Return the bytes that cleaning up would free."""
        files = (file for version in self._unneeded(self.in_use()) for file in version.rglob("*"))
        return sum(file.stat().st_size for file in files if file.is_file())

    def in_use(self) -> list[PluginSet]:
        """Return the current set and those that open studios use."""
        keep = {self.current().number, *self._notes.in_use()}
        return [entry for entry in self.history() if entry.number in keep]

    def _unneeded(self, sets: Sequence[PluginSet]) -> list[Path]:
        """Return the folders of versions that none of ``sets`` holds."""
        needed = {at.folder for entry in sets for at in entry.plugins.values()}
        return [path for path in self._versions.glob("*") if path.name not in needed]

    def history(self) -> list[PluginSet]:
        """Return all sets that are left, newest first."""
        entries = (self._read(path) for path in sorted(self._sets.glob("*.json"), reverse=True))
        return [entry for entry in entries if entry is not None]

    def record(self, installed: Installed) -> Record:
        """Return the record of a version.

        Raises:
            StudioError: Its files are damaged or gone.
        """
        path = self._versions / installed.folder / "record.json"
        try:
            return msgspec.json.decode(read_note(path), type=Record)
        except (OSError, msgspec.DecodeError) as error:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The files of the plugin in {path.parent.name} are damaged or missing.",
                "Install it again, or go back with `studio plugins rollback`.",
                str(error),
            ) from error

    def site(self, installed: Installed) -> Path:
        """Return the folder with its packages."""
        return self._versions / installed.folder / "site"

    def wheels(self, installed: Installed) -> Path:
        """Return the folder with the wheels it was installed from."""
        return self._versions / installed.folder / "wheels"

    # --- changing -----------------------------------------------------------------------------

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Hold the lock for one change; remove leftovers of an unfinished change first.

        Raises:
            StudioError: Another process is changing the plugins, or the disk refuses.
        """
        lock = WriterLock(self._journals / "plugins.lock")
        try:
            disk.make_folder(self._journals)
            if not lock.acquire():
                raise StudioError(
                    ErrorCode.BUSY,
                    "Plugins are being installed or changed by another window or command.",
                    "Wait until it has finished, then try again.",
                )
            try:
                self._sweep()
                yield Change(self)
            finally:
                with suppress(OSError):
                    self._sweep()
                lock.release()
        except OSError as error:
            raise disk.explain(error, "change the plugins", self.folder) from error

    def _switch(self, plugins: Mapping[str, Installed], change: str) -> PluginSet:
        numbers = [entry.number for entry in self.history()]
        number = max([0, self._number("current"), *numbers]) + 1
        new = PluginSet(number, change, time.time(), dict(plugins))
        disk.make_folder(self._sets)
        disk.write_durably(self._sets / f"{number:06}.json", msgspec.json.encode(new))
        self._point("current", number)
        self._tell(new)
        return new

    def _tell(self, new: PluginSet) -> None:
        with suppress(OSError):  # a memory aid: the sets themselves say what counts
            disk.make_folder(self._log.parent)
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"set": new.number, "time": new.time, "did": new.change}))
                file.write("\n")

    def _point(self, name: str, number: int) -> None:
        disk.make_folder(self.folder)
        disk.write_durably(self.folder / name, f"{number}\n".encode())

    def _number(self, name: str) -> int:
        try:
            return int(read_note(self.folder / name).decode("ascii"))
        except (OSError, ValueError):
            return 0

    def _read(self, path: Path) -> PluginSet | None:
        try:
            entry = msgspec.json.decode(read_note(path), type=PluginSet)
        except (OSError, msgspec.DecodeError):
            return None
        return entry if f"{entry.number:06}" == path.stem else None

    def _sweep(self) -> None:
        """Remove files outside all sets: unfinished changes, and those of a failed set only."""
        _erase(self._new)
        in_use = {entry.number for entry in self.in_use()}
        for entry in self.history():
            if entry.doomed and entry.number not in in_use:
                disk.remove(self._sets / f"{entry.number:06}.json")
        for version in self._unneeded(self.history()):
            doomed = self.folder / f"{version.name}.gone"
            os.replace(version, doomed)  # whole or not there, for whoever looks meanwhile
            _erase(doomed)
        for doomed in self.folder.glob("*.gone"):
            _erase(doomed)
        if not any(entry.plugins for entry in self.history()):
            _erase(self.folder)  # as if nothing had ever been installed

    # --- starting with it ---------------------------------------------------------------------

    def begin(self) -> PluginSet | None:
        """Note that a studio starts with the current set, and go back if the last start failed.

        Returns:
            The set that was left because the studio did not start with it; None if all is well.
        """
        failed = self._go_back_from_failed()
        if number := self.current().number:
            self._notes.write(number, number == self._number("proven"))
        return failed

    def use(self) -> None:
        """Note that this process uses the current set: it stays until the process has ended."""
        if number := self.current().number:
            self._notes.write(number, True)

    def proved(self) -> None:
        """Note that the studio has started with the current set."""
        number = self.current().number
        if not number:
            return
        with suppress(OSError):
            if self._number("proven") != number:
                self._point("proven", number)
        self.use()

    def end(self) -> None:
        """Note that this process uses no set any more, and remove sets only it used."""
        self._notes.forget()
        if self.folder.exists():
            with suppress(StudioError), self.changing():
                pass

    def _go_back_from_failed(self) -> PluginSet | None:
        failed: PluginSet | None = None
        for note in [candidate for candidate in self._notes.all() if not candidate.alive]:
            self._notes.forget(note.owner)
            current = self.current()
            if not note.started and note.number == current.number != self._number("proven"):
                with suppress(StudioError), self.changing() as change:
                    change.go_back(because="Offline Studio did not start with the one before")
                    self._doom(current)
                    failed = current
        return failed

    def _doom(self, bad: PluginSet) -> None:
        """Let nobody go back to a set, and remove it once nobody uses it."""
        path = self._sets / f"{bad.number:06}.json"
        disk.write_durably(path, msgspec.json.encode(msgspec.structs.replace(bad, doomed=True)))


class Change:
    """One change to the plugins, while the lock is held."""

    def __init__(self, store: PluginStore) -> None:
        self._store = store

    def add(self, fill: Fill) -> tuple[str, Record]:
        """Make a version in a folder of its own; return the folder's name, and its record.

        Raises:
            StudioError, OSError: From ``fill``; nothing is left then.
        """
        new = self._store._new
        disk.make_folder(new)
        record = fill(new)
        disk.write_durably(new / "record.json", msgspec.json.encode(record))
        disk.make_folder(self._store._versions)
        target = self._free_folder(f"{record.id}-{record.version}-{_short(record)}")
        _sync_all()
        os.replace(new, target)
        disk.sync_folder(target.parent)
        return target.name, record

    def _free_folder(self, name: str) -> Path:
        """Return where to put a version; the same wheels, checked anew, beside those in use."""
        target, number = self._store._versions / name, 1
        while target.exists():
            number += 1
            target = target.with_name(f"{name}-{number}")
        return target

    def put(self, id: str, installed: Installed, change: str) -> PluginSet:
        """Make the set in which the plugin ``id`` is ``installed``, and switch to it."""
        current = self._store.current().plugins
        return self._store._switch({**current, id: installed}, change)

    def remove(self, id: str, title: str) -> PluginSet:
        """Make the set without a plugin, and switch to it; earlier ones still hold it."""
        left = {k: v for k, v in self._store.current().plugins.items() if k != id}
        return self._store._switch(left, f"Removed {title}")

    def go_back(self, number: int = 0, because: str = "") -> PluginSet:
        """Make a set like an earlier one, and switch to it.

        Args:
            number: Of that one; 0 for the last that differs from the current.
            because: Why, for the log.

        Raises:
            StudioError: There is no such set.
        """
        earlier = self._store.earlier(number)
        if earlier is None and not because:
            is_current = number == self._store.current().number or any(
                entry.number == number and not entry.doomed for entry in self._store.history()
            )
            message = "There is no earlier state of the plugins to go back to."
            if number:
                message = f"There is no state {number} of the plugins to go back to."
                if is_current:
                    message = f"The plugins are as they were in state {number}."
            raise StudioError(
                ErrorCode.NOT_FOUND, message, "`studio plugins log` lists those there are."
            )
        number = earlier.number if earlier else 0
        to = f"Went back to {number}" if number else "Went back to no plugins"
        plugins = earlier.plugins if earlier else {}
        return self._store._switch(plugins, f"{to}: {because}" if because else to)

    def clean(self) -> None:
        """Forget all earlier sets but those that open studios use."""
        keep = {entry.number for entry in self._store.in_use()}
        for entry in self._store.history():
            if entry.number not in keep:
                disk.remove(self._store._sets / f"{entry.number:06}.json")


def _short(record: Record) -> str:
    """Return a word that tells two locks of one version apart."""
    lines = [f"{package.name}=={package.version} {package.sha256}" for package in record.lock]
    return hashlib.sha256("\n".join([record.digest, record.key, *lines]).encode()).hexdigest()[:8]


def _erase(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path, ignore_errors=True)


def _sync_all() -> None:
    if hasattr(os, "sync"):
        os.sync()  # thousands of small files: one wait for all is quicker than one for each
