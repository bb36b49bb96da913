"""The system-call filter: a small assembler of classic BPF, and the rules. Installs nothing."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable

from studio.sandbox.inside import syscalls

_LOAD, _EQUAL, _GREATER, _SET, _AND, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
_KILL, _ERROR, _ASK, _ALLOW = 0x80000000, 0x00050000, 0x7FC00000, 0x7FFF0000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020080
"""``CLONE_NEW…`` of time, mounts, control groups, host name, IPC, users, processes, network."""
_TERMINAL = (0x5412, 0x541C, 0x8901, 0x8902)
"""``TIOCSTI`` types for the user, ``TIOCLINUX`` pastes, ``FIOSETOWN``/``SIOCSPGRP`` aim signals."""
_ON_FILES = (0x40086602, 0x401C5820)
"""``FS_IOC_SETFLAGS``, ``FS_IOC_FSSETXATTR``: marks that need no right to write."""
_WATCHES = (8, 10, 15, 1024, 1026)
"""``F_SETOWN``, ``F_SETSIG``, ``F_SETOWN_EX`` aim signals; ``F_SETLEASE``, ``F_NOTIFY`` watch."""
_AF_UNIX, _AF_NETLINK, _STREAM = 1, 16, 1

MACHINES = tuple(syscalls.AUDIT_ARCH)

Instruction = bytes


def program(
    machine: str, *, shares_files: bool, only_signal: int = 0, network: bool = False
) -> bytes:
    """Return the filter as an array of ``struct sock_filter``.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        shares_files: The code sees the files of the user's own system (no mount namespace).
        only_signal: If not 0, the one process that may be signalled, and only by itself: for
            kernels that cannot keep signals inside otherwise.
        network: Sockets of the internet may be used; no others.
    """
    denied = syscalls.numbers(syscalls.DENIED, machine)
    judged = syscalls.numbers(syscalls.WITH_RULES, machine)
    if network:
        judged["socket"] = denied["socket"]
        denied = {name: number for name, number in denied.items() if name not in syscalls.NETWORK}
    rules = [
        *_prologue(machine),
        *_each(denied.values(), _fail(errno.EPERM)),
        *_arguments(judged, only_signal),
    ]
    if shares_files:
        rules += _each(syscalls.numbers(syscalls.MARKS_ON_FILES, machine).values(), _fail(0))
    return b"".join([*rules, _op(_RETURN, _ALLOW)])


def without_network(machine: str, *, asks: bool) -> bytes:
    """Return a filter that refuses sockets and nothing else: those of files and the kernel stay.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        asks: Whoever listens (``kernel.install_and_listen``) decides; else it is ``EACCES``.
    """
    number = syscalls.numbers(syscalls.DENIED, machine)
    verdict = _op(_RETURN, _ASK) if asks else _fail(errno.EACCES)
    judged = [_argument(0), *_unless([_AF_UNIX, _AF_NETLINK], verdict), _op(_RETURN, _ALLOW)]
    rings = [number[name] for name in syscalls.RINGS]  # they open sockets without the call
    rules = [
        *_prologue(machine),
        *_each(rings, _fail(errno.EPERM)),
        *_call(number["socket"], judged),
    ]
    return b"".join([*rules, _op(_RETURN, _ALLOW)])


def _prologue(machine: str) -> list[Instruction]:
    """Another machine's calls, 32-bit ones included, end the process; unknown ones are absent."""
    return [
        _op(_LOAD, _ARCH),
        _op(_EQUAL, syscalls.AUDIT_ARCH[machine], 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
        *([_op(_SET, _X32, 0, 1), _op(_RETURN, _KILL)] if machine == syscalls.X86_64 else []),
        _op(_GREATER, syscalls.LAST_REVIEWED, 0, 1),
        _fail(errno.ENOSYS),
    ]


def _arguments(number: dict[str, int], only_signal: int) -> list[Instruction]:
    deny = _fail(errno.EPERM)
    allow = _op(_RETURN, _ALLOW)
    rules = [
        *_call(number["clone3"], [_fail(errno.ENOSYS)]),  # its flags lie in memory: not judged
        *_call(number["clone"], [_argument(0), _op(_SET, _NEW_NAMESPACES, 0, 1), deny, allow]),
        *_call(number["ioctl"], [_argument(1), *_each(_TERMINAL + _ON_FILES, deny), allow]),
        *_call(number["fcntl"], [_argument(1), *_each(_WATCHES, deny), allow]),
        *_call(number["prlimit64"], [_argument(0), *_unless([0], deny), allow]),
        *_call(
            number["socketpair"],
            [
                _argument(0), *_unless([_AF_UNIX], deny),
                # Datagrams of a pair could be sent to any name.
                _argument(1), _op(_AND, 0xF), *_unless([_STREAM], deny),
                allow,
            ],
        ),
    ]  # fmt: skip
    for name, mode in (("mknod", 1), ("mknodat", 2)):
        if name in number:  # plain files and pipes only
            kind = [_argument(mode), _op(_AND, 0xF000), *_unless([0, 0x8000, 0x1000], deny), allow]
            rules += _call(number[name], kind)
    if "socket" in number:  # those of the internet
        rules += _call(number["socket"], [_argument(0), *_unless([2, 10], deny), allow])
    else:
        rules += _call(
            number["sendto"],
            [_argument(4), *_unless([0], deny), _argument(4, 4), *_unless([0], deny), allow],
        )
    if only_signal:
        rules += _call(number["kill"], [_argument(0), *_unless([0, only_signal], deny), allow])
        rules += _call(number["tgkill"], [_argument(0), *_unless([only_signal], deny), allow])
        rules += _call(number["tkill"], [deny])
    return rules


def _call(number: int, body: list[Instruction]) -> list[Instruction]:
    """Run ``body``, which must end in a verdict, for this call; the number stays loaded else."""
    return [_op(_EQUAL, number, 0, len(body)), *body]


def _each(values: Iterable[int], verdict: Instruction) -> list[Instruction]:
    return [word for value in values for word in (_op(_EQUAL, value, 0, 1), verdict)]


def _unless(values: list[int], verdict: Instruction) -> list[Instruction]:
    """Continue if the loaded value is one of ``values``; else ``verdict``."""
    tests = [_op(_EQUAL, value, len(values) - at, 0) for at, value in enumerate(values)]
    return [*tests, verdict]


def _argument(index: int, offset: int = 0) -> Instruction:
    """Load the low half of an argument, as both machines store it first; ``offset`` 4: the high."""
    return _op(_LOAD, _ARGUMENTS + 8 * index + offset)


def _fail(number: int) -> Instruction:
    return _op(_RETURN, _ERROR | number)


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Instruction:
    return struct.pack("=HBBI", code, if_true, if_false, value)
