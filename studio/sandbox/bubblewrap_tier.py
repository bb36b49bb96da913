"""Tier A: how a run is started in namespaces of its own, by bubblewrap."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from studio.api.sandbox import SandboxRequest
from studio.sandbox import inside
from studio.sandbox.interpreter import Interpreter
from studio.sandbox.plan import DEVICES, Openings, Plan, order, python, spare_user, system_files

BOX, LENT, PROGRAM = "/box", "/lent", "/launch"
_NONE = Openings()
_NOBODY = "65534"
_SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")


def with_namespaces(
    bwrap: str,
    interpreter: Interpreter,
    request: SandboxRequest,
    lent: Mapping[str, Path],
    openings: Openings = _NONE,
) -> Plan:
    """Return a plan with a file system, processes and a network of its own.

    Args:
        bwrap: Path of bubblewrap, which is started without any environment: its own would be
            seen inside.
        lent: Name of a package → where it lies.
    """
    readable = ["/usr", *map(str, interpreter.paths), *system_files(openings.network)]
    program = f"{PROGRAM}/studio/sandbox/inside"
    opened = {**openings.folders, **{str(path): path for path in openings.writable}}
    tops = sorted({f"/{Path(place).parts[1]}" for place in opened})
    mounts = _folders_above([*readable, *DEVICES, program, f"{LENT}/", *opened])
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
    for device in DEVICES:
        mounts += ["--dev-bind", device, device]
    shown = {**{f"{LENT}/{name}": path for name, path in lent.items()}, **opened}
    for place in sorted(
        shown, key=lambda word_pair: word_pair.count("/")
    ):  # what lies in another one later
        is_writable = Path(place) in openings.writable
        if place in openings.folders and os.path.islink(place) and not is_writable:
            if place not in readable:  # a program finds what belongs to it where a link leads
                mounts += ["--symlink", os.readlink(place), place]
            continue
        mounts += ["--bind" if is_writable else "--ro-bind", str(shown[place]), place]
    user = spare_user()
    command = [
        bwrap,
        *_namespaces(user, openings.network),
        "--die-with-parent", "--new-session", "--hostname", "sandbox",
        *mounts,
        "--ro-bind", str(Path(inside.__file__).parent), program,
        "--perms", "1777", "--size", str(request.limits.scratch_bytes), "--tmpfs", BOX,
        *_links([*readable, *opened]),
        "--remount-ro", "/",
        "--chdir", "/",
        *(word for pair in interpreter.environment.items() for word in ("--setenv", *pair)),
        "--",
        *python(interpreter, PROGRAM),
    ]  # fmt: skip
    orders = order(
        request, interpreter, BOX, LENT, has_namespaces=True, user=user,
        readable=(*readable, LENT, *tops), listable=(),
        processes=request.limits.processes + 1, openings=openings,
    )  # fmt: skip
    return Plan(tuple(command), orders)


def _folders_above(paths: Iterable[str]) -> list[str]:
    """Make the folders that mounts lie in; left to bubblewrap, only an administrator may enter."""
    above = {str(folder) for path in paths for folder in Path(path + "x").parents}
    words: list[str] = []
    for folder in sorted(above - {"/"}):
        words += ["--perms", "0755", "--dir", folder]
    return words


def _links(shown: Iterable[str]) -> list[str]:
    """Temporary files go to the scratch, unless something that is shown lies among them."""
    taken = any(Path("/tmp") in Path(path).parents for path in shown)
    links = ["--symlink", f"{BOX}/shm", "/dev/shm"]
    return links if taken else [*links, "--symlink", f"{BOX}/tmp", "/tmp"]


def _namespaces(user: int, network: bool) -> list[str]:
    """An administrator needs no user namespace: the code becomes another, powerless user."""
    if not user:
        shared = ["--share-net"] if network else []
        # One who is root in a container that has few users is nobody inside.
        other = [] if os.geteuid() else ["--uid", _NOBODY, "--gid", _NOBODY]
        return ["--unshare-all", *shared, "--unshare-user", *other, "--disable-userns"]
    spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-uts"]
    spaces += [] if network else ["--unshare-net"]
    return [
        *spaces, "--unshare-cgroup-try",
        "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
    ]  # fmt: skip
