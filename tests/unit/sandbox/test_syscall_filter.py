"""The system-call filter, run on a pretend processor: what it lets pass and what it stops."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from studio.sandbox.inside import syscall_filter, syscalls

ALLOW, KILL = 0x7FFF0000, 0x80000000
MACHINES = ("x86_64", "aarch64")


def verdict(
    machine: str, number: int, *arguments: int, arch: int = 0, only_signal: int = 0,
    shares_files: bool = False,
) -> int:  # fmt: skip
    """Run the filter on one call, as the kernel does; returns what it decides."""
    program = syscall_filter.program(machine, shares_files=shares_files, only_signal=only_signal)
    words = [value & (2**64 - 1) for value in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("=IIQ6Q", number, arch or syscalls.AUDIT_ARCH[machine], 0, *words)
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return int(value)
        else:
            test = {0x15: accumulator == value, 0x25: accumulator > value,
                    0x45: bool(accumulator & value)}[code]  # fmt: skip
            at += if_true if test else if_false


def fails(code: int) -> int:
    return 0x00050000 | code


def number(machine: str, name: str) -> int:
    tables = (syscalls.DENIED, syscalls.WITH_RULES, syscalls.MARKS_ON_FILES)
    return next(found for t in tables if (found := syscalls.numbers(t, machine).get(name)))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_denied_call_fails_and_ordinary_ones_pass(machine: str) -> None:
    denied = syscalls.numbers(syscalls.DENIED, machine)
    assert len(denied) > 90
    assert {verdict(machine, each) for each in denied.values()} == {fails(errno.EPERM)}
    ordinary = {"x86_64": (0, 1, 9, 56, 59, 202, 257, 318), "aarch64": (56, 63, 64, 98, 221, 222)}
    assert {verdict(machine, each) for each in ordinary[machine]} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "passes"),
    [
        ("clone", (0x11,), True),
        ("clone", (0x3D0F00,), True),  # a thread
        ("clone", (0x10000000,), False),  # a namespace of users
        ("clone", (0x11 | 0x00020000,), False),  # one of mounts
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),  # typing for the user
        ("ioctl", (0, 0x5412 | 1 << 32), False),  # the kernel looks at the low half only
        ("fcntl", (3, 1), True),
        ("fcntl", (3, 8), False),
        ("prlimit64", (0, 7), True),
        ("prlimit64", (4711, 7), False),
        ("socketpair", (1, 1 | 0o2000000), True),
        ("socketpair", (1, 2), False),  # datagrams go to any name
        ("socketpair", (2, 1), False),
        ("sendto", (3, 0, 1, 0, 0, 0), True),
        ("sendto", (3, 0, 1, 0, 0x7F0000001000, 16), False),
        ("sendto", (3, 0, 1, 0, 0x7F0000000000, 16), False),
        ("mknodat", (-100, 0, 0o010644), True),  # a pipe
        ("mknodat", (-100, 0, 0o060644), False),  # a disk
        ("kill", (4711, 9), True),  # kept inside by other means
    ],
)
def test_arguments_decide(
    machine: str, name: str, arguments: tuple[int, ...], passes: bool
) -> None:
    decided = verdict(machine, number(machine, name), *arguments)
    assert decided == (ALLOW if passes else fails(errno.EPERM))


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_unknown_is_absent_or_deadly(machine: str) -> None:
    assert verdict(machine, syscalls.LAST_REVIEWED + 1) == fails(errno.ENOSYS)
    assert verdict(machine, number(machine, "clone3")) == fails(errno.ENOSYS)
    assert verdict(machine, 0, arch=0x40000003) == KILL  # 32-bit calls have other numbers
    if machine == "x86_64":
        assert verdict(machine, 0x40000000 | 59) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_without_a_file_system_of_its_own_marks_are_not_made(machine: str) -> None:
    for name in ("fchmod", "fchownat", "utimensat", "setxattr"):
        assert verdict(machine, number(machine, name), shares_files=True) == fails(0)
        assert verdict(machine, number(machine, name)) == ALLOW


def test_where_signals_cannot_be_kept_inside_they_go_nowhere() -> None:
    for name, target, passes in (
        ("kill", 1234, True), ("kill", 0, True), ("kill", 4711, False), ("kill", -1, False),
        ("tgkill", 1234, True), ("tgkill", 4711, False), ("tkill", 1234, False),
    ):  # fmt: skip
        decided = verdict("x86_64", number("x86_64", name), target, only_signal=1234)
        assert decided == (ALLOW if passes else fails(errno.EPERM)), name


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_are_those_of_the_kernel(machine: str, header: str) -> None:
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    text = Path(header).read_text()
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    for table in (syscalls.DENIED, syscalls.WITH_RULES, syscalls.MARKS_ON_FILES):
        for name, found in syscalls.numbers(table, machine).items():
            assert known.get(name, str(found)) == str(found), name
