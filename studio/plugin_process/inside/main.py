"""Entry of a plugin's own process: takes the pipes, imports the worker, runs jobs one by one."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import importlib
import platform
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pluggy

from studio.api.artifacts import Verdict
from studio.api.frozen_schema import freeze
from studio.api.hookspecs import PROJECT, WorkerHooks
from studio.api.worker.context import Task
from studio.plugin_process import messages as m
from studio.plugin_process.inside import job
from studio.plugin_process.inside.failures import as_info
from studio.plugin_process.inside.wire import Wire
from studio.protocol.connections.watch import Watch
from studio.protocol.link import Link, take_pipes

_INTERNET = (2, 10, 23, 30)
"""``AF_INET``, and ``AF_INET6`` of Linux, Windows and macOS."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass
class Worker:
    """The worker half of the plugin, imported."""

    load: m.Load
    tasks: dict[str, Task] = field(default_factory=dict)
    checks: dict[str, Callable[[bytes], Verdict]] = field(default_factory=dict)


class Connections:
    """Counts the sockets of the network that Python opens, or tries to; for the user's eyes.

    Code that is not Python is not heard: whether it may connect is up to the sandbox.
    """

    def __init__(self) -> None:
        self._count = 0

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in an audit event."""
        if event == "socket.__new__" and arguments[1] in _INTERNET:
            self._count += 1

    def take(self) -> int:
        """Return how many there were since the last time."""
        count, self._count = self._count, 0
        return count


def main() -> None:
    """Serve the runtime at the other end of standard input and output. Does not return."""
    faulthandler.enable(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stay_with_the_runtime()
    wire = Wire(Link.over(*take_pipes(), decode=m.ToPlugin))
    connections, watch = Connections(), Watch()
    sys.addaudithook(connections.hear)
    watch.start()
    folder = Path(tempfile.mkdtemp(prefix="plugin-"))
    threading.Thread(target=wire.listen, name="listen", daemon=True).start()
    worker: Worker | None = None
    while True:
        received = wire.next_order()
        match received.message:
            case m.Load():
                worker = _load(wire, received.message)
            case m.Describe(tasks):
                _describe(wire, tasks)
            case m.FilePart(name):
                _put(folder, name, received.blobs[0])
            case m.Begin():
                assert worker is not None
                begin = received.message
                (folder / "scratch").mkdir(exist_ok=True)
                end = job.run(
                    wire, worker.load, worker.tasks, worker.checks, begin, received.blobs, folder
                )
                shutil.rmtree(folder / "scratch", ignore_errors=True)
                traffic = {"connections": connections.take(), "attempts": watch.take()}
                wire.send(msgspec.structs.replace(end, **traffic))


def _stay_with_the_runtime() -> None:
    """End when the thread that started us does, and keep hold of all that is started here."""
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _load(wire: Wire, load: m.Load) -> Worker:
    worker = Worker(load)
    if not load.may_start_programs:
        _forbid_programs()
    where = "the import of its worker"
    began = time.monotonic()
    try:
        hooks = _hooks(importlib.import_module(load.module))
        where = "the hook studio_tasks"
        worker.tasks = _merged(hooks.studio_tasks())
        where = "the hook studio_checks"
        worker.checks = _merged(hooks.studio_checks())
    except job.Contained as error:
        wire.send(m.Broken(where, as_info(error, load.plugin, where)))
    else:
        wire.send(m.Loaded(time.monotonic() - began))
    return worker


def _hooks(module: Any) -> Any:
    """Return the hooks of the worker module; pluggy refuses arguments it does not know."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(WorkerHooks)
    manager.register(module)
    return manager.hook


def _merged(groups: list[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for group in groups:
        merged |= dict(group)
    for name, value in merged.items():
        if not (isinstance(name, str) and callable(value)):
            raise TypeError(f"{name!r} is not a name with a function")
    return merged


def _describe(wire: Wire, tasks: Mapping[str, str]) -> None:
    place = ""
    try:
        schemas: dict[str, Any] = {}
        for task, place in tasks.items():
            schemas[task] = freeze(job.schema(place))
    except job.Contained as error:
        where = f"the schema {place}"
        wire.send(m.Broken(where, as_info(error, place.partition(".")[0], where)))
    else:
        wire.send(m.Described(schemas))


def _put(folder: Path, name: str, part: memoryview) -> None:
    path = folder / "scratch" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        file.write(part)


_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EXEC = {"x86_64": (0xC000003E, 59, 322), "aarch64": (0xC00000B7, 221, 281)}
"""Machine → what the kernel calls it, and the numbers of ``execve`` and ``execveat``."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _forbid_programs() -> bool:
    """Forbid this process and its forks to start programs, for good, by a kernel filter.

    Returns:
        Whether the kernel agreed.
    """
    numbers = _EXEC.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        return False
    machine, *calls = numbers
    refused = _op(_RETURN, _ERROR | errno.EPERM)
    words = [_op(_LOAD, 4), _op(_EQUAL, machine, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, 0)]
    for number in calls:
        words += [_op(_EQUAL, number, 0, 1), refused]
    code = b"".join([*words, _op(_RETURN, _ALLOW)])
    program = _Program(len(code) // 8, code)
    prctl = ctypes.CDLL(None).prctl
    return not (
        prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
        or prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    )


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
