"""The process of one server, behind the sandbox: its lines come and go within its limits.

Runs on the thread of the servers; what waits does so elsewhere.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from studio.api.clean_text import clean
from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.automation.tools.servers import program
from studio.automation.tools.servers.entry import ServerEntry
from studio.automation.tools.servers.walls import Walls
from studio.plugin_process import process_sandbox
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.plan import Openings
from studio.sandbox.run import memory
from studio.sandbox.sandbox import Sandbox

MOST_MEMORY = 2 << 30
MOST_MESSAGE = 16 << 20
MOST_OBJECTS = 20_000
"""JSON objects in a message: reading more would take the window's time."""
MOST_MESSAGES, MOST_BYTES = 1000, 64 << 20
"""Within ``PERIOD`` seconds."""
PERIOD = 5.0
MOST_LOG = 64 << 20
KEPT_LINES, LONGEST_LINE = 100, 500
_EVER = 10**9
_ADDRESSES = 64 << 30
"""Node reserves tens of gigabytes of addresses; what is held is looked at."""
_SCRATCH = 1 << 30
_PIECE = 1 << 16
_LOOK_SECONDS = 0.5
_PATH = "/usr/local/bin:/usr/bin:/bin"


class ServerProcess:
    """A server that runs.

    Attributes:
        end_reason: Why it is gone or must go, in a sentence; empty while all is well.
        walls: Those it runs behind.
    """

    def __init__(
        self, entry: ServerEntry, path: Path, box: Sandbox, must_end: asyncio.Event
    ) -> None:
        """Start it.

        Args:
            must_end: Set when there is a reason to end it.

        Raises:
            StudioError: ``UNSUPPORTED``: there are no walls here, so nothing is started.
        """
        if not box.tier:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"The server “{entry.name}” was not started: on this machine nothing can keep it "
                f"from your files and the network. {box.reason}".rstrip(),
                "Run “studio doctor sandbox” to see what would help.",
            )
        self.walls = Walls(box.tier, box.reason)
        self.end_reason = ""
        self._must_end = must_end
        self._launched = process_sandbox.begin(box, _request(entry, path), _openings(entry, path))
        self._lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._held = bytearray()
        self._count = self._bytes = 0
        self._since = 0.0

    async def connect(self) -> None:
        """Have its pipes read and written on this loop."""
        loop = asyncio.get_running_loop()
        process = self._launched.process
        self._out, out = await _reader(process.stdout)
        self._err, err = await _reader(process.stderr)
        self._read = (out, err)
        self._in = asyncio.StreamWriter(
            *await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, self._launched.stdin),
            None,
            loop,
        )

    @property
    def last_lines(self) -> list[str]:
        """The end of its log, cleaned."""
        return list(self._lines)

    def say(self, line: bytes) -> None:
        """Keep a line as one of its own."""
        self._lines.append(clean(line[:LONGEST_LINE].decode("utf-8", "replace")))

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield each line of its output; ends with the process, or for a violation."""
        while not self.end_reason and (piece := await self._out.read(_PIECE)):
            for line in self._cut(piece):
                yield line

    def _cut(self, piece: bytes) -> list[bytes]:
        *ends, rest = piece.split(b"\n")
        lines: list[bytes] = []
        for end in ends:
            lines.append(bytes(self._held + end))
            self._held.clear()
        self._held += rest
        now = asyncio.get_running_loop().time()
        if now - self._since > PERIOD:
            self._since, self._count, self._bytes = now, 0, 0
        self._count += len(lines)
        self._bytes += len(piece)
        if max(map(len, (*lines, self._held))) > MOST_MESSAGE:
            self.blame("It sent a message that is larger than 16 MB.")
        elif self._count > MOST_MESSAGES or self._bytes > MOST_BYTES:
            self.blame("It sent more messages than it may.")
        elif any(line.count(b"{") + line.count(b"[") > MOST_OBJECTS for line in lines):
            self.blame("It sent a message with too many parts.")
        return [] if self.end_reason else [line for line in lines if line.strip()]

    async def write(self, data: bytes) -> None:
        """Send it a message; one that does not listen keeps who writes waiting."""
        with contextlib.suppress(OSError):  # it is gone; who reads is told why
            self._in.write(data)
            await self._in.drain()

    async def watch(self) -> None:
        """Note when it holds more memory than it may; returns when it must go."""
        while not self.end_reason:
            if memory(self._launched.process.pid) > MOST_MEMORY:
                self.blame("It held more than 2 GB of memory.")
            await asyncio.sleep(_LOOK_SECONDS)

    async def keep_log(self) -> None:
        """Record the end of its standard error; return when that is closed."""
        rest, received = b"", 0
        while piece := await self._err.read(_PIECE):
            received += len(piece)
            if received > MOST_LOG:
                self.blame("It printed more than it may.")
                return
            *whole, rest = (rest + piece).split(b"\n")
            rest = rest[-LONGEST_LINE:]
            for line in whole[-KEPT_LINES:]:
                self.say(line)
        if rest:
            self.say(rest)

    def blame(self, reason: str) -> None:
        """Note why it must go, unless that is known."""
        self.end_reason = self.end_reason or reason
        self._must_end.set()

    async def own_end(self) -> str:
        """Return how it ended by itself, waiting a moment for that."""
        return await asyncio.to_thread(self._launched.told, 2.0)

    async def end(self) -> None:
        """End it and all that it has started; return when it is gone."""
        self.blame("It was stopped.")
        for pipe in (self._in, *self._read):
            pipe.close()
        await asyncio.to_thread(self._launched.end)


async def _reader(pipe: object) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader(limit=_PIECE)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader, transport


def _request(entry: ServerEntry, path: Path) -> SandboxRequest:
    return SandboxRequest(
        (str(path), *entry.arguments),
        limits=SandboxLimits(
            wall_seconds=_EVER,
            cpu_seconds=_EVER,
            memory_bytes=_ADDRESSES,
            file_bytes=_SCRATCH,
            scratch_bytes=_SCRATCH,
            processes=256,
            open_files=1024,
        ),
    )


def _openings(entry: ServerEntry, path: Path) -> Openings:
    writable = tuple(map(Path, entry.writable))
    named = program.needs(path, entry.arguments) | {Path(file) for file in entry.readable}
    readable = {step for file in named for step in program.links(file)}
    shown = {*readable, *writable}
    whole = {file for file in readable if file.exists() and shown.isdisjoint(file.parents)}
    ours = {"PATH": os.pathsep.join((str(path.parent), _PATH)), "PYTHONPATH": ""}
    return Openings(
        folders={str(file): file.resolve() for file in whole},
        network=entry.network,
        writable=writable,
        environment={**ours, **(entry.environment or {})},
    )
