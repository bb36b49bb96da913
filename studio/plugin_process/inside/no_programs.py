"""A filter of the kernel's: from here on this process starts no program, nor does what it forks."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EXEC = {"x86_64": (0xC000003E, 59, 322), "aarch64": (0xC00000B7, 221, 281)}
"""Machine → what the kernel calls it, and the numbers of ``execve`` and ``execveat``."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def forbid() -> bool:
    """Let this process start no program, for good; return whether the kernel agreed."""
    known = _EXEC.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    machine, *calls = known
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
