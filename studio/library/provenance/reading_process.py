"""Examines files in a process with little room: a hostile one ends this process alone.

``python -m studio.library.provenance.reading_process`` reads one line of JSON from its input and
prints a line for each file. What it is told holds no secret.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from studio.library.provenance.examination import Signer, examine

MEMORY = 4 << 30
"""Bytes of addresses: a file of at most 1 GB is read whole."""


class Order(msgspec.Struct, frozen=True):
    """The files to examine, and our own signer."""

    files: list[str]
    ours: Signer | None = None


def main() -> None:
    """Answer the order."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    _take_little()
    for path in order.files:
        finding = examine(Path(path), order.ours)
        sys.stdout.buffer.write(msgspec.json.encode(finding) + b"\n")
        sys.stdout.buffer.flush()


def _take_little() -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
