"""The bench ``link``: a round trip through the job board's whole way, against a bare pipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from studio.api.worker.bench import median_times
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.messages import Inspected
from studio.studio import Studio

WARM_UP, ROUNDS = 50, 1000

_BARE = """
import sys
read, write = sys.stdin.buffer, sys.stdout.buffer
while line := read.readline():
    write.write(line)
    write.flush()
"""


def measure(session: StudioSession) -> dict[str, Any]:
    """Send a small question and wait for its answer, ``ROUNDS`` times."""
    with session.studio(read_only=True) as studio:
        seconds = median_times(ROUNDS, lambda: _ask(studio), warm_up=WARM_UP)[0].clock
    bare_seconds = _bare()
    return {
        "ratio": seconds / bare_seconds,
        "microseconds": seconds * 1e6,
        "bare_microseconds": bare_seconds * 1e6,
        "rounds": ROUNDS,
    }


def _ask(studio: Studio) -> None:
    """Ask about weights that are not there: the shortest answer the runtime has."""
    answers: list[Inspected] = []
    studio.runtime_requests.inspect(Path("/nothing-is-here.gguf"), answers.append)
    while not answers:
        studio.pump(1.0)


def _bare() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", _BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        write, read = child.stdin, child.stdout
        assert write is not None
        assert read is not None

        def ask() -> None:
            write.write(b"x" * 80 + b"\n")
            write.flush()
            read.readline()

        seconds = median_times(ROUNDS, ask, warm_up=WARM_UP)[0].clock
        write.close()
    return seconds
