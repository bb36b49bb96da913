"""Orders to the part inside the sandbox, and their encoding. Data only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

MOST_FILES, MOST_BYTES, MOST_REFUSALS = 256, 64 << 20, 50
"""Files that are brought back, what they hold, and sentences about those that are not."""


@dataclass(frozen=True)
class Order:
    """One run, seen from inside.

    Attributes:
        box: Folder that holds the working folder ``work`` and the temporary one ``tmp``.
        has_namespaces: Tier A: processes, mounts and network are the run's own.
        user: Number of the user to become first; 0 to stay who one is.
        readable: Files and folders that may be read, with all that is in them.
        listable: Folders whose names may be listed, and no more.
        devices: Files of ``/dev`` that may be used.
        command: The program as a path or a name of ``PATH``, and its arguments.
        environment: All that the command finds.
        collect: Globs of the files to bring back.
        sizes: Name of a file to put → its length; their bytes follow.
        limits: Field of ``SandboxLimits`` → number.
        network: It may speak to other machines.
        writable: Folders of the user's that may be changed.
    """

    box: str
    has_namespaces: bool
    user: int
    readable: tuple[str, ...]
    listable: tuple[str, ...]
    devices: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]
    collect: tuple[str, ...]
    limits: dict[str, float]
    sizes: dict[str, int] = field(default_factory=dict)
    network: bool = False
    writable: tuple[str, ...] = ()

    @property
    def work(self) -> str:
        """The working folder."""
        return os.path.join(self.box, "work")


def write(file: IO[bytes], order: Order, files: Mapping[str, bytes]) -> None:
    """Write an order, then the files that go with it."""
    file.write(json.dumps(asdict(order)).encode() + b"\n")
    for content in files.values():
        file.write(content)


def read(file: IO[bytes]) -> Order:
    """Read an order; the files follow in ``file``."""
    values: dict[str, Any] = json.loads(file.readline())
    lists = ("readable", "listable", "devices", "command", "collect", "writable")
    values |= {name: tuple(values[name]) for name in lists}
    return Order(**values)
