"""The process that answers for the kernel whether a socket may be opened. See ``network_gate``.

It is forked, single-threaded and shares no lock with whoever waits: a library may open its socket
while it holds Python's lock. It ends with the process that it answers for.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import signal
import struct
import sys
from contextlib import suppress
from typing import NoReturn

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1
_WORD = struct.Struct("=Q")
_STACK_BYTES = 128 << 10
_OPENED = 1024
"""More descriptors than are open when the process has just begun."""
_C_LIBRARIES = re.compile(
    r"/(?:libc|libpthread|libresolv|libnss_\w+|ld|ld-linux[^/]*|libstdc\+\+|libgcc_s)[-.][^/]*$"
)
_INTERPRETER = re.compile(r"/(?:lib)?python3[^/]*$")
_PACKAGE = re.compile(r"/(?:site|dist)-packages/([^/]+)")


def serve(listener: int, orders: int, reports: int) -> NoReturn:
    """Answer until nobody gives orders any more. Does not return."""
    try:
        for descriptor in {*range(_OPENED)} - {2, listener, orders, reports}:
            with suppress(OSError):  # whoever started us waits for the end of our output
                os.close(descriptor)
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        os.set_blocking(reports, False)
        _Keeper(listener, orders, reports).answer_all()
    finally:
        os._exit(0)


class _Keeper:
    def __init__(self, listener: int, orders: int, reports: int) -> None:
        self._listener, self._orders, self._reports = listener, orders, reports
        self._permitted: set[tuple[int, str]] = set()
        """Process, and when it began: numbers are used again."""

    def answer_all(self) -> None:
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        poll.register(self._listener, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._orders in ready:  # first: an order is older than what comes of it
                received = os.read(self._orders, 1 << 16)
                if not received:
                    return
                for word in received.split():
                    self._permitted.add((int(word), _status(int(word))[1]))
            if self._listener in ready:
                with suppress(OSError):  # who asked has ended meanwhile
                    self._answer()

    def _answer(self) -> None:
        question = bytearray(_QUESTION.size)
        fcntl.ioctl(self._listener, _RECEIVE, question)
        number, thread, *_ = _QUESTION.unpack(question)
        line = _line(thread)
        if self._permitted.isdisjoint(line):
            self._report(thread, [process for process, _ in line])
            answer = _ANSWER.pack(number, 0, -errno.EACCES, 0)
        else:
            answer = _ANSWER.pack(number, 0, 0, _CONTINUE)
        fcntl.ioctl(self._listener, _SEND, bytearray(answer))

    def _report(self, thread: int, processes: list[int]) -> None:
        library, program = "", ""
        with suppress(OSError, ValueError):  # it hides its memory, or has ended
            program = os.readlink(f"/proc/{thread}/exe")
            library = _caller(thread)
        library = "" if library == program else library
        words = (" ".join(map(str, processes)), name_of(library), name_of(program))
        line = "\t".join(words) + "\n"
        with suppress(BlockingIOError):  # nobody has read for hundreds of them
            os.write(self._reports, line.encode("utf-8", "replace"))


def _line(thread: int) -> list[tuple[int, str]]:
    """Return the process of a thread, its parent, and so on, each with when it began."""
    line: list[tuple[int, str]] = []
    process = _process_of(thread)
    while process > 1 and len(line) < 64:
        parent, began = _status(process)
        line.append((process, began))
        process = parent
    return line


def _process_of(thread: int) -> int:
    """Return the process of a thread; 0 if it has ended."""
    with suppress(OSError), open(f"/proc/{thread}/status", encoding="utf-8", errors="replace") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Tgid:"))
    return 0


def _status(process: int) -> tuple[int, str]:
    """Return the parent of a process, and when it began."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0, ""
    return int(fields[1]), fields[19]


# --- whose code it was ----------------------------------------------------------------------------


def _caller(thread: int) -> str:
    """Return the library that called the C library; empty where the program itself did.

    Nearest on the stack is a return address into it: what follows a call, in code of a file.
    """
    with open(f"/proc/{thread}/syscall", encoding="ascii") as file:
        pointer = int(file.read().split()[-2], 16)
    code = _code(thread)
    with open(f"/proc/{thread}/mem", "rb", 0) as memory:
        stack = os.pread(memory.fileno(), _STACK_BYTES, pointer)
        for (word,) in _WORD.iter_unpack(stack[: len(stack) & ~7]):
            for first, last, path in code:
                if first <= word < last and _follows_call(memory.fileno(), word):
                    return path
    return ""


def _code(thread: int) -> list[tuple[int, int, str]]:
    """Return where code of files lies in memory, without the C library's and, where Python has its
    sockets in a file of their own, without the interpreter's: old addresses of it lie everywhere.
    """
    code: list[tuple[int, int, str]] = []
    with open(f"/proc/{thread}/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            area, rights, _, _, _, path = [*line.rstrip("\n").split(None, 5), ""][:6]
            if "x" in rights and path.startswith("/") and not _C_LIBRARIES.search(path):
                first, last = (int(mapping, 16) for mapping in area.split("-"))
                code.append((first, last, path))
    if any("/_socket." in path for *_, path in code):
        return [mapping for mapping in code if not _INTERPRETER.search(mapping[2])]
    return code


def _follows_call(memory: int, address: int) -> bool:
    """Whether the instruction before an address is a call: else it is no return address."""
    before = os.pread(memory, 7, address - 7)
    if len(before) < 7:
        return False
    if sys.byteorder == "little" and os.uname().machine == "aarch64":  # BL, BLR
        word = int.from_bytes(before[3:], "little")
        return word >> 26 == 0b100101 or word & 0xFFFFFC1F == 0xD63F0000
    indirect = any(before[-n] == 0xFF and before[1 - n] >> 3 & 7 == 2 for n in (2, 3, 4, 6, 7))
    return before[2] == 0xE8 or indirect


def name_of(path: str) -> str:
    """Return what people call a library by where it lies: its package, or its file's first word."""
    package = _PACKAGE.search(path)
    name = package[1] if package else os.path.basename(path)
    return "Python" if re.match("(lib)?python3|_socket[.]", name) else re.split(r"[.]|-\d", name)[0]
