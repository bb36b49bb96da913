"""Confines this process, looks whether that holds, and becomes the command."""

from __future__ import annotations

import os
import platform
import resource
import signal

from studio.sandbox.inside import kernel, syscall_filter
from studio.sandbox.inside.frames import FAILED, WALLED, Writer
from studio.sandbox.inside.order import Order

LEAST_LANDLOCK = {True: 1, False: 3}
"""Whether there are namespaces → the version needed: before 3, files could be cut short."""

_SIGNALS_ARE_SCOPED = 6
_EXIT_UNSAFE, _EXIT_UNFOUND = 126, 127


class Unsafe(Exception):
    """A restriction cannot be set or does not hold."""


def look_around(order: Order) -> None:
    """Verify the namespaces by the absence of outside resources. Call before anything else.

    Raises:
        Unsafe: This is still the user's own system.
    """
    if not order.has_namespaces:
        return
    if os.getppid() != 1:
        raise Unsafe("system processes are reachable")
    if os.path.exists("/proc") or os.path.exists("/sys"):
        raise Unsafe("system files are reachable")
    if not order.network and set(kernel.interfaces()) - {"lo"}:
        raise Unsafe("the network is reachable")


def become(order: Order, report: Writer, report_fd: int, stdin: int) -> None:
    """Confine this process and turn it into the command. Never returns."""
    try:
        os.setpgid(0, 0)
        os.dup2(stdin, 0)
        _close_all_but(report_fd)
        os.chdir(order.work)
        os.umask(0o077)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _confine(order)
        _inspect(order)
    except (OSError, Unsafe) as error:
        report.send_json(FAILED, what="sandbox", why=str(error))
        os._exit(_EXIT_UNSAFE)
    report.send_json(WALLED, landlock=kernel.landlock_version())
    try:
        os.execvpe(order.command[0], order.command, order.environment)
    except (OSError, ValueError) as error:
        report.send_json(FAILED, what="command", why=getattr(error, "strerror", str(error)))
    os._exit(_EXIT_UNFOUND)


def _close_all_but(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 1 << 16)
    os.set_inheritable(descriptor, False)


def _confine(order: Order) -> None:
    version = kernel.landlock_version()
    if version < LEAST_LANDLOCK[order.has_namespaces]:
        raise Unsafe(f"the kernel's Landlock has version {version}")
    machine = platform.machine()
    if machine not in syscall_filter.MACHINES:
        raise Unsafe(f"there is no system-call filter for {machine}")
    _limit(order)
    kernel.no_new_privileges()
    kernel.allow_only(
        [(path, kernel.READ) for path in order.readable]
        + [(path, kernel.READ_DIR) for path in order.listable]
        + [(path, kernel.DEVICE) for path in order.devices]
        + [(path, kernel.WRITE) for path in (order.box, *order.writable)],
        network=order.network,
    )
    kernel.install(
        syscall_filter.program(
            machine,
            shares_files=not order.has_namespaces or bool(order.writable),
            only_signal=_only_signal(order, version),
            network=order.network,
        )
    )


def _only_signal(order: Order, version: int) -> int:
    is_kept = order.has_namespaces or version >= _SIGNALS_ARE_SCOPED
    return 0 if is_kept else os.getpid()


def _limit(order: Order) -> None:
    limits = order.limits
    cpu = int(limits["cpu_seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 1),  # 0 would still hand a core to a program that collects them
        (resource.RLIMIT_MEMLOCK, 1 << 16),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _, most = resource.getrlimit(kind)
        value = int(value) if most == resource.RLIM_INFINITY else min(int(value), most)
        resource.setrlimit(kind, (value, value))


def _inspect(order: Order) -> None:
    """Try what must fail: a restriction is believed when it has been met.

    Raises:
        Unsafe: One does not stand.
    """
    if os.getuid() == 0 or kernel.capabilities():
        raise Unsafe("the code would run with administrator rights")
    if not order.network and not kernel.refuses_sockets():
        raise Unsafe("a socket could be opened")
    if not kernel.refuses_namespaces():
        raise Unsafe("a namespace could be created")
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
    except PermissionError:
        return
    raise Unsafe("a folder outside the sandbox could be read")
