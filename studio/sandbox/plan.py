"""How a run is started: the command line of either tier, and its order. Starts nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from studio.api.sandbox import SandboxRequest
from studio.sandbox import inside
from studio.sandbox.inside.order import Order
from studio.sandbox.interpreter import Interpreter

BOX, LENT, PROGRAM = "/box", "/lent", "/launch"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives")
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from studio.sandbox.inside.launch import main; main()"
)
_SPARE_USERS = 0x70000000
"""From here on nothing hands out numbers of users."""


@dataclass(frozen=True)
class Plan:
    """A run, ready to be started.

    Attributes:
        command: Of the process to start; the numbers of its three descriptors are still to be
            appended.
        order: What that process is told.
    """

    command: tuple[str, ...]
    order: Order


def with_namespaces(
    bwrap: str, interpreter: Interpreter, request: SandboxRequest, lent: Mapping[str, Path]
) -> Plan:
    """Tier A: a file system, processes and a network of its own, by bubblewrap."""
    readable = ["/usr", *map(str, interpreter.folders), *_there(_SYSTEM_FILES)]
    program = f"{PROGRAM}/studio/sandbox/inside"
    mounts = _folders_above([*readable, *_DEVICES, program, f"{LENT}/"])
    for path in readable:
        mounts += ["--ro-bind", path, path]
    for path in _SYSTEM_FOLDERS:
        if os.path.islink(path):
            mounts += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            mounts += ["--ro-bind", path, path]
            readable.append(path)
    for hidden in map(str, interpreter.hidden):
        mounts += ["--tmpfs", hidden, "--remount-ro", hidden]
    for device in _DEVICES:
        mounts += ["--dev-bind", device, device]
    for name, source in lent.items():
        mounts += ["--ro-bind", str(source), f"{LENT}/{name}"]
    user = spare_user()
    command = [
        bwrap,
        *_namespaces(user),
        "--die-with-parent", "--new-session", "--hostname", "sandbox",
        *mounts,
        "--ro-bind", str(Path(inside.__file__).parent), program,
        "--perms", "1777", "--size", str(request.limits.scratch_bytes), "--tmpfs", BOX,
        "--symlink", f"{BOX}/tmp", "/tmp", "--symlink", f"{BOX}/shm", "/dev/shm",
        "--remount-ro", "/",
        "--chdir", "/",
        "--",
        *_python(interpreter, PROGRAM),
    ]  # fmt: skip
    order = _order(
        request, interpreter, BOX, LENT, has_namespaces=True, user=user,
        readable=(*readable, LENT), processes=request.limits.processes + 1,
    )  # fmt: skip
    return Plan(tuple(command), order)


def _folders_above(paths: Iterable[str]) -> list[str]:
    """Make the folders that mounts lie in; left to bubblewrap, only an administrator may enter."""
    above = {str(folder) for path in paths for folder in Path(path + "x").parents}
    words: list[str] = []
    for folder in sorted(above - {"/"}):
        words += ["--perms", "0755", "--dir", folder]
    return words


def _namespaces(user: int) -> list[str]:
    """An administrator needs no user namespace: the code becomes another, powerless user."""
    if not user:
        return ["--unshare-all", "--unshare-user", "--disable-userns"]
    spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    return [
        *spaces, "--unshare-cgroup-try",
        "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
    ]  # fmt: skip


def spare_user() -> int:
    """Return a number that no other process runs under, if this one may change its own; else 0."""
    return 0 if os.geteuid() else _SPARE_USERS + secrets.randbelow(1 << 24)


def _there(paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if os.path.exists(path)]


def _python(interpreter: Interpreter, path: str) -> list[str]:
    """Start the part behind the wall: without packages, environment or working folder."""
    return [str(interpreter.executable), "-I", "-S", "-B", "-X", "utf8", "-c", _START, path]


def _order(
    request: SandboxRequest,
    interpreter: Interpreter,
    box: str,
    lent: str,
    *,
    has_namespaces: bool,
    user: int,
    readable: tuple[str, ...],
    processes: int,
) -> Order:
    words = list(request.command)
    if words and words[0] == "python":
        words[0] = str(interpreter.executable)
    return Order(
        box=box,
        has_namespaces=has_namespaces,
        user=user,
        readable=readable,
        devices=tuple(_there(_DEVICES)),
        command=tuple(words),
        environment=_environment(box, lent),
        collect=request.collect,
        limits={**asdict(request.limits), "processes": processes},
        sizes={name: len(content) for name, content in request.files.items()},
    )


def _environment(box: str, lent: str) -> dict[str, str]:
    temporary = os.path.join(box, "tmp")
    return {
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
