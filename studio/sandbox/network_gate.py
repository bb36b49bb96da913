"""Takes the network from this process and all that it starts, for good: the kernel refuses.

Sockets in files and those of the kernel itself (netlink) stay. Where the kernel can ask, a small
process answers for it (``gatekeeper``): it counts what is refused, finds whose code it was, and
lets through what belongs to a plugin that the user has given the network. Elsewhere the kernel
refuses everything, and only Python is counted.
"""

from __future__ import annotations

import os
import platform
import runpy
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PYTHON = "Python"
"""The library of a refusal whose code is Python's: of that the interpreter itself tells more."""


@dataclass(frozen=True)
class Refusal:
    """A socket that was refused.

    Attributes:
        processes: The one that wanted it, its parent, and so on.
        library: Whose code it was, ``PYTHON`` for that of Python; empty where nobody knows.
        program: Whose process it was, by its name.
    """

    processes: tuple[int, ...]
    library: str
    program: str


class Gate:
    """The way out of this process, shut.

    Attributes:
        is_shut: Whether the kernel refuses; False on systems other than Linux.
    """

    def __init__(self, is_shut: bool, orders: int = -1, reports: int = -1) -> None:
        self.is_shut = is_shut
        self._orders, self._reports = orders, reports

    @property
    def can_permit(self) -> bool:
        """Whether single processes may be let through."""
        return not self.is_shut or self._orders >= 0

    def permit(self, process: int) -> None:
        """Let a process that was just started, and all below it, use the network."""
        if self._orders >= 0:
            os.write(self._orders, b"%d\n" % process)

    def listen(self, refused: Callable[[Refusal], None]) -> None:
        """Tell each refusal from now on, on a thread of its own."""
        if self._reports >= 0:
            work = threading.Thread(target=self._listen, args=(refused,), name="gate", daemon=True)
            work.start()

    def _listen(self, refused: Callable[[Refusal], None]) -> None:
        with open(self._reports, encoding="utf-8", errors="replace") as reports:
            for line in reports:
                processes, library, program = line.rstrip("\n").split("\t")
                refused(Refusal(tuple(map(int, processes.split())), library, program))


def shut() -> Gate:
    """Shut the way out of this process; to be called before there are threads."""
    if not _is_known():
        return Gate(is_shut=False)
    from studio.sandbox.inside import kernel, syscall_filter

    kernel.no_new_privileges()
    kernel.look_up_without_services()
    machine = platform.machine()
    try:
        listener = kernel.install_and_listen(syscall_filter.without_network(machine, asks=True))
    except OSError:  # an old kernel, or a container that listens itself
        kernel.install(syscall_filter.without_network(machine, asks=False))
        return Gate(is_shut=True)
    return _with_keeper(listener)


def _with_keeper(listener: int) -> Gate:
    """Start the answering process; without it, kernel requests fail with ``ENOSYS``."""
    from studio.sandbox import gatekeeper
    from studio.sandbox.inside import kernel

    orders, our_orders = os.pipe()
    our_reports, reports = os.pipe()
    try:
        keeper = os.fork()
    except OSError:  # a limit on processes
        keeper = -1
    if keeper == 0:
        gatekeeper.serve(listener, orders, reports)
    for theirs in (listener, orders, reports):
        os.close(theirs)
    if keeper < 0:
        return Gate(is_shut=True)
    kernel.show_memory_to(keeper)
    return Gate(True, our_orders, our_reports)


def run_module(words: Sequence[str]) -> None:
    """Run a module without the network, as ``python -m`` does: its name, then its arguments.

    For those that read files from outside. Nothing that they start is let through.
    """
    if _is_known():
        from studio.sandbox.inside import kernel, syscall_filter

        kernel.no_new_privileges()
        kernel.look_up_without_services()
        kernel.refuse_tcp()
        kernel.install(syscall_filter.without_network(platform.machine(), asks=False))
    sys.argv[:] = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def _is_known() -> bool:
    return sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
