"""The user's entry of a server: its command, and its permissions. Starts nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError

MOST_SERVERS = 50
MOST_WORDS, LONGEST_WORD = 100, 8192
"""Of a command, and of an environment."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = frozenset({"studio", "offline-studio"})


@dataclass(frozen=True)
class ServerEntry:
    """One server of the user's.

    Attributes:
        name: Letters, digits and dashes; names of its tools begin with it.
        command: The program, as a path or a name that is looked up.
        arguments: Its arguments.
        environment: What it finds in its environment beside the little that every server finds.
        readable: Folders that it may read.
        writable: Folders that it may change, too.
        network: It may speak to other machines.
        is_on: Whether its tools are offered; nothing of a server that is off is started.
    """

    name: str
    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    network: bool = False
    is_on: bool = True

    def as_data(self) -> dict[str, Any]:
        """Return it as the file has it."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: object) -> ServerEntry:
        """Return the entry in a file, checked in form alone: folders may come and go.

        Raises:
            StudioError: It is not the entry of a server.
        """
        if not isinstance(data, Mapping):
            raise refusal("its settings cannot be read")
        entry = cls(
            name=_text(data, "name"),
            command=_text(data, "command"),
            arguments=_texts(data, "arguments"),
            environment=_environment(data.get("environment")),
            readable=_texts(data, "readable"),
            writable=_texts(data, "writable"),
            network=data.get("network") is True,
            is_on=data.get("is_on") is True,
        )
        check_form(entry)
        return entry


def check_form(entry: ServerEntry) -> None:
    """Look at names, words and their number.

    Raises:
        StudioError: ``BAD_INPUT``, with what is wrong.
    """
    if not _NAME.fullmatch(entry.name) or entry.name.lower() in _OURS:
        raise refusal("its name must have up to 32 letters, digits and dashes, and not be “studio”")
    if not entry.command.strip():
        raise refusal("it has no command")
    words = [entry.command, *entry.arguments, *entry.readable, *entry.writable]
    for name, value in (entry.environment or {}).items():
        if not _VARIABLE.fullmatch(name):
            raise refusal(f"{name[:100]!r} is not the name of a variable")
        words.append(value)
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise refusal(f"it has more than {MOST_WORDS} words, or one of over {LONGEST_WORD} letters")
    if any("\0" in word or "\n" in word for word in (entry.name, *words)):
        raise refusal("its words contain a line end or a null character")


def check_folders(entry: ServerEntry, data_folder: Path) -> None:
    """Check the folders open to the server.

    Args:
        data_folder: The studio's data folder, which is closed to servers.

    Raises:
        StudioError: ``BAD_INPUT``, with the folder that cannot be lent and why.
    """
    writable = [Path(folder) for folder in entry.writable]
    for path in (*map(Path, entry.readable), *writable):
        if not path.is_absolute() or ".." in path.parts:
            raise refusal(f"“{path}” is not the full path of a folder")
        if not path.is_dir():
            raise refusal(f"there is no folder “{path}”")
        if is_too_much(path) or _touches(path.resolve(), data_folder.resolve()):
            raise refusal(f"“{path}” holds a whole home, or what Offline Studio keeps")
    for folder in entry.readable:
        if any(
            Path(folder).resolve().is_relative_to(folder_open.resolve()) for folder_open in writable
        ):
            raise refusal(f"“{folder}” lies in a folder that it may change, so it is not read-only")


def is_too_much(path: Path) -> bool:
    """Whether ``path`` is somebody's home, or above one."""
    homes = {Path.home(), Path("/root"), Path("/home")}
    return any(
        home.is_relative_to(candidate) for home in homes for candidate in (path, path.resolve())
    )


def _touches(path: Path, other: Path) -> bool:
    return path.is_relative_to(other) or other.is_relative_to(path)


def refusal(why: str) -> StudioError:
    """Return the error that says why a server cannot be used as it is described."""
    return StudioError(
        ErrorCode.BAD_INPUT, f"This server cannot be used: {why}.", "Change it and try again."
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise refusal(f"its {name} is not a text")
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise refusal(f"its {name} are not a list of texts")
    return tuple(value)


def _environment(value: object) -> dict[str, str] | None:
    if not value:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        raise refusal("its environment must give each name a text")
    return {str(name): text for name, text in value.items()}
