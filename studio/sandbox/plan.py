"""The start parameters and the order of a run, for either tier."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from studio.api.sandbox import SandboxRequest
from studio.protocol.connections.telemetry import TELEMETRY
from studio.sandbox.inside import scratch
from studio.sandbox.inside.order import Order
from studio.sandbox.interpreter import Interpreter

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives")
_NETWORK_FILES = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
)
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from studio.sandbox.inside.launch import main; main()"
)
_SPARE_USERS = 0x70000000
"""From here on nothing hands out numbers of users."""
_SPARE_COUNT = 1 << 24


@dataclass(frozen=True)
class Openings:
    """Resources open to a run beside its own files and the lent packages.

    Attributes:
        folders: Path inside → path outside of a file or folder; for reading. A link appears as
            one: its target must be among them.
        network: Whether it may use the network.
        writable: Folders that it may also change, in place.
        environment: Additional or replaced environment variables.
    """

    folders: Mapping[str, Path] = field(default_factory=dict)
    network: bool = False
    writable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A run, ready to be started.

    Attributes:
        command: Of the process to start; the numbers of its three descriptors are still to be
            appended.
        order: What that process is told.
        folder: Of this run alone, to be removed after it; None if there is none on the disk.
    """

    command: tuple[str, ...]
    order: Order
    folder: Path | None = None

    def remove(self) -> None:
        """Remove the folder, whatever its content."""
        if self.folder is not None and self.folder.exists():
            scratch.empty(str(self.folder))
            self.folder.rmdir()


def mark(owner: int) -> str:
    """Return the word by which the runs of one studio are known, among processes and folders."""
    return f"studio-run-{owner}-"


def spare_user() -> int:
    """Return a number that no other process runs under, if this one may change its own; else 0.

    In a container that has few numbers of users it may not: there it stays who it is.
    """
    mapped = (_is_mapped(f"/proc/self/{kind}_map") for kind in ("uid", "gid"))
    if os.geteuid() or not all(mapped):
        return 0
    return _SPARE_USERS + secrets.randbelow(_SPARE_COUNT)


def _is_mapped(file: str) -> bool:
    """Whether the spare numbers of users, or of groups, are there in this user namespace."""
    try:
        with open(file, encoding="ascii") as lines:
            rows = [[int(word) for word in line.split()] for line in lines]
    except (OSError, ValueError):
        return True  # a system without such namespaces
    last = _SPARE_USERS + _SPARE_COUNT - 1
    return any(inside <= _SPARE_USERS and last < inside + count for inside, _, count in rows)


def system_files(network: bool = False) -> list[str]:
    """Return the files outside ``/usr`` that programs need, those for the network if wanted."""
    wanted = _SYSTEM_FILES + (_NETWORK_FILES if network else ())
    return [path for path in wanted if os.path.exists(path)]


def python(interpreter: Interpreter, path: str) -> list[str]:
    """Start the part inside the sandbox: without packages, environment or working folder."""
    return [
        str(interpreter.executable),
        "-I",
        "-S",
        "-B",
        "-X",
        "utf8",
        "-c",
        _START,
        path,
        mark(os.getpid()),
    ]


def order(
    request: SandboxRequest,
    interpreter: Interpreter,
    box: str,
    lent: str,
    *,
    has_namespaces: bool,
    user: int,
    readable: tuple[str, ...],
    listable: tuple[str, ...],
    processes: int,
    openings: Openings,
) -> Order:
    words = list(request.command)
    if words and words[0] == "python":
        words[0] = str(interpreter.executable)
    return Order(
        box=box,
        has_namespaces=has_namespaces,
        user=user,
        readable=readable,
        listable=listable,
        devices=DEVICES,
        command=tuple(words),
        environment={**interpreter.environment, **_environment(box, lent), **openings.environment},
        collect=request.collect,
        limits={**asdict(request.limits), "processes": processes},
        sizes={name: len(content) for name, content in request.files.items()},
        network=openings.network,
        writable=tuple(map(str, openings.writable)),
    )


def _environment(box: str, lent: str) -> dict[str, str]:
    temporary = os.path.join(box, "tmp")
    return {
        **TELEMETRY,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "sandbox",
        "LANG": "C.UTF-8",
        "PYTHONPATH": lent,
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
