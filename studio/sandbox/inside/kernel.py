"""Kernel functions that Python lacks: Landlock, filters, capabilities."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38
_PR_SET_PTRACER, _SECCOMP, _SECCOMP_ON_ARM, _NEW_LISTENER = 0x59616D61, 317, 277, 8
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_BELOW_PATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCKET, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE = 1 << 14
_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Landlock version → the rights on files that it judges (``linux/landlock.h``)."""
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

READ = EXECUTE | READ_FILE | READ_DIR
DEVICE = READ_FILE | WRITE_FILE
WRITE = ((1 << 15) - 1) & ~(_MAKE_CHAR | _MAKE_SOCKET | _MAKE_BLOCK)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _BelowPath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


class _Interface(ctypes.Structure):
    _fields_ = (("index", ctypes.c_uint), ("name", ctypes.c_char_p))


_libc.if_nameindex.restype = ctypes.POINTER(_Interface)


def landlock_version() -> int:
    """Return the version of Landlock; 0 if the kernel has none."""
    version = int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))
    return max(0, version)


def allow_only(rules: Iterable[tuple[str, int]], *, network: bool = False) -> None:
    """Let this process reach these paths with these rights and no others, for good.

    Signals to outside are closed too, where the version judges them, and so is the network unless
    it is asked for.

    Raises:
        OSError: A path is missing or the kernel refuses; then nothing is restricted.
    """
    version = landlock_version()
    judged = _FILE_RIGHTS[max(candidate for candidate in _FILE_RIGHTS if candidate <= version)]
    attributes = _Ruleset(
        judged,
        _BIND_TCP | _CONNECT_TCP if version >= 4 and not network else 0,
        _ABSTRACT_SOCKETS | _SIGNALS if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    _restrict(attributes, size, [(path, rights & judged) for path, rights in rules])


def refuse_tcp() -> None:
    """Let this process connect and listen nowhere, for good, where Landlock judges that.

    Raises:
        OSError: The kernel refuses.
    """
    if landlock_version() >= 4:
        _restrict(_Ruleset(0, _BIND_TCP | _CONNECT_TCP, 0), 16, [])


def _restrict(attributes: _Ruleset, size: int, rules: Iterable[tuple[str, int]]) -> None:
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        for path, rights in rules:
            _add_rule(ruleset, path, rights)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _add_rule(ruleset: int, path: str, rights: int) -> None:
    target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= _FOR_FILES
        rule = _BelowPath(rights, target)
        _call(_ADD_RULE, ruleset, _BELOW_PATH, ctypes.byref(rule), 0)
    finally:
        os.close(target)


def no_new_privileges() -> None:
    """Make programs with the set-user-id bit harmless, for good."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def install(program: bytes) -> None:
    """Put a system-call filter before everything that this process does from now on."""
    argument = _Program(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(argument), 0, 0))


def install_and_listen(program: bytes) -> int:
    """Install such a filter, and return the descriptor for its requests.

    Raises:
        OSError: The kernel has no listeners, or a parent process has one already.
    """
    argument = _Program(len(program) // 8, program)
    number = _SECCOMP if os.uname().machine == "x86_64" else _SECCOMP_ON_ARM
    return _call(number, 1, _NEW_LISTENER, ctypes.byref(argument))


def show_memory_to(process: int) -> None:
    """Let a process of the same user look into this one, where only ancestors may (Yama)."""
    _libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(process), 0, 0, 0)


def look_up_without_services() -> None:
    """Have the C library ask servers of names itself, and no service of this machine for it.

    ``nscd``, ``systemd-resolved`` and Avahi answer on sockets in files, which no filter judges.
    """
    if hasattr(_libc, "__nss_configure_lookup"):  # glibc; musl knows no other way
        _libc["__nss_configure_lookup"](b"hosts", b"files dns")


def hide_memory() -> None:
    """Let no process of the same user look into this one."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def capabilities() -> int:
    """Return the permitted and effective capabilities of this process, as bits."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, data))
    return int(data[0] | data[1] | ((data[3] | data[4]) << 32))


def interfaces() -> list[str]:
    """Return the names of the network's interfaces that are within reach."""
    listing = _libc.if_nameindex()
    if not listing:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    names: list[str] = []
    while listing[len(names)].name is not None:  # the last one is empty
        names.append(listing[len(names)].name.decode())
    return names


def refuses_sockets() -> bool:
    """Whether a socket of the internet is refused."""
    descriptor = int(_libc.socket(2, 1, 0))
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor < 0 and ctypes.get_errno() == 1


def refuses_namespaces() -> bool:
    """Whether a new user namespace is refused."""
    return int(_libc.unshare(0x10000000)) < 0 and ctypes.get_errno() == 1


def _call(number: int, *arguments: object) -> int:
    words = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    return _check(_libc.syscall(number, *words))


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)
