"""Tier B: how a run is started where there are no namespaces: rules alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import studio
from studio.api.sandbox import SandboxRequest
from studio.sandbox.interpreter import Interpreter
from studio.sandbox.plan import Openings, Plan, mark, order, python, spare_user, system_files

_NONE = Openings()
_SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_FORGET_PACKAGES = """
import sys
sys.path[:] = [path for path in sys.path if not path.endswith(("site-packages", "dist-packages"))]
"""


def without_namespaces(
    interpreter: Interpreter,
    request: SandboxRequest,
    lent: Mapping[str, Path],
    openings: Openings = _NONE,
) -> Plan:
    """Return a plan that confines the run by kernel rules instead of namespaces.

    Opened folders keep their paths: they cannot be mounted elsewhere.

    Its files are in a temporary folder of its own, which is removed afterwards.
    """
    user = spare_user()
    folder = Path(tempfile.mkdtemp(prefix=mark(os.getpid())))
    box, shelf = folder / "box", folder / "lent"
    box.mkdir(0o700)
    shelf.mkdir(0o755)
    for name, path in lent.items():
        (shelf / name).symlink_to(path)
    (shelf / "sitecustomize.py").write_text(_FORGET_PACKAGES, encoding="ascii")
    if user:
        for path in (folder, box, shelf):
            os.chown(path, user, user)
    readable, listable = _open(
        [*_SYSTEM_FOLDERS, *map(str, interpreter.paths), *system_files(openings.network)],
        interpreter.hidden,
    )
    orders = order(
        request, interpreter, str(box), str(shelf), has_namespaces=False, user=user,
        readable=(
            *readable, str(shelf), *map(str, lent.values()), *map(str, openings.folders.values())
        ),
        listable=tuple(listable), openings=openings,
        processes=request.limits.processes + 1 + _threads_of(user or os.geteuid()),
    )  # fmt: skip
    program = str(Path(studio.__file__).parent.parent)
    return Plan(tuple(python(interpreter, program)), orders, folder)


def _open(paths: Iterable[str], hidden: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Return the paths to open with ``hidden`` closed: whole trees, and folders to list.

    A rule reaches all that is below it, so a folder with something hidden is opened piece by piece.
    """
    above = {str(folder) for path in hidden for folder in path.parents}
    shut = set(map(str, hidden))
    whole: list[str] = []
    listed: list[str] = []
    waiting = [os.path.realpath(path) for path in paths if os.path.exists(path)]
    while waiting:
        path = waiting.pop()
        if path in above:
            listed.append(path)
            waiting += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
        elif path not in shut:
            whole.append(path)
    return whole, listed


def _threads_of(user: int) -> int:
    """Return how many threads a user has now: the kernel counts them all against the limit."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == user:
                count += os.stat(f"/proc/{name}/task").st_nlink - 2
        except OSError:  # it has just ended
            continue
    return count
