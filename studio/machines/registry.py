"""Which machines the user has, and how each is reached: a list in the settings. Reaches none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from studio.api.jobs import FREE, HERE
from studio.base.settings import Settings
from studio.protocol.errors import ErrorCode, StudioError

MACHINES = "machines.list"
RUN_ON = "machines.run_on"
"""Where jobs run for which nobody chose: ``here``, ``free`` or a name."""
_NAME = re.compile(r"[\w][\w.-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9_\[:][\w.:%\[\]-]{0,254}")
_USER = re.compile(r"[A-Za-z0-9_][\w.-]{0,63}\$?")


class MachineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One of the user's machines, as it is reached by ssh.

    Attributes:
        name: What the user calls it.
        host: As ssh takes it: a name of its configuration, a host name or an address.
        user: Empty for what ssh would take; so are ``port`` 0 and ``identity``, a key file.
        studio: The command there.
        copies: Whether models that it lacks are copied to it when a job needs them.
    """

    name: str
    host: str
    user: str = ""
    port: int = 0
    identity: str = ""
    studio: str = "studio"
    copies: bool = False


class Registry:
    """The machines of the settings. Each change is on the disk when its method returns."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def all(self) -> list[MachineEntry]:
        """Return them in the order in which they were added; damaged ones are left out."""
        entries = []
        for item in self._settings.get(MACHINES, list[object]()):
            try:
                entry = msgspec.convert(item, MachineEntry)
                check(entry)
            except (msgspec.ValidationError, StudioError):  # edited by hand
                continue
            entries.append(entry)
        return entries

    def get(self, name: str) -> MachineEntry:
        """Return one.

        Raises:
            StudioError: ``NOT_FOUND``: says which there are.
        """
        entries = {entry.name: entry for entry in self.all()}
        if name in entries:
            return entries[name]
        there = ", ".join(entries)
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no machine “{name}”.",
            f"Your machines: {there}." if there else "Add one with `studio machines add`.",
        )

    def put(self, entry: MachineEntry) -> None:
        """Add a machine, or change the one with its name.

        Raises:
            StudioError: It cannot be reached in that way, or the disk refuses.
        """
        check(entry)
        if entry.identity and not Path(entry.identity).expanduser().is_file():
            raise _bad(
                f"There is no key file “{entry.identity}”.", "Choose one of your private keys."
            )
        others = self.all()
        names = [other.name for other in others]
        if entry.name in names:
            others[names.index(entry.name)] = entry
        else:
            others.append(entry)
        self._save(others)

    def remove(self, name: str) -> None:
        """Forget a machine.

        Raises:
            StudioError: There is none.
        """
        self.get(name)
        self._save(entry for entry in self.all() if entry.name != name)
        if self.run_on == name:
            self.run_on = HERE

    @property
    def run_on(self) -> str:
        """Where jobs run for which nobody chose: ``here``, ``free`` or the name of a machine."""
        chosen = self._settings.get(RUN_ON, HERE)
        choices = {HERE, FREE, *(entry.name for entry in self.all())}
        return chosen if chosen in choices else HERE

    @run_on.setter
    def run_on(self, where: str) -> None:
        if where not in (HERE, FREE):
            self.get(where)
        self._settings.set(RUN_ON, where)

    def _save(self, entries: Iterable[MachineEntry]) -> None:
        self._settings.set(MACHINES, [msgspec.to_builtins(entry) for entry in entries])


def check(entry: MachineEntry) -> None:
    """Refuse what ssh would take for something else, an option above all.

    Raises:
        StudioError: ``BAD_INPUT``.
    """
    if not _NAME.fullmatch(entry.name) or entry.name in (HERE, FREE):
        raise _bad(f"A machine cannot be called “{entry.name}”.", "Use letters, digits and dashes.")
    if not _HOST.fullmatch(entry.host):
        raise _bad(
            f"“{entry.host}” is not the name of a host.",
            "Give it as ssh takes it, for example box.local, and the user name on its own.",
        )
    if entry.user and not _USER.fullmatch(entry.user):
        raise _bad(f"“{entry.user}” is not the name of a user.", "Check the user name.")
    if not 0 <= entry.port <= 65_535:
        raise _bad(f"{entry.port} is not a port.", "Ports are numbers up to 65535; usually 22.")
    if not entry.studio or not entry.studio.isprintable() or entry.studio.startswith("-"):
        raise _bad("The command of Offline Studio there is missing.", "Usually it is `studio`.")
    if entry.identity.startswith("-") or not (entry.identity or "x").isprintable():
        raise _bad(f"“{entry.identity}” is not a key file.", "Choose one of your private keys.")


def _bad(what: str, hint: str) -> StudioError:
    return StudioError(ErrorCode.BAD_INPUT, what, hint)
