"""Standard input and output of a child, kept for a link: nobody else can write into it."""

from __future__ import annotations

import io
import os
import sys


def take_pipes() -> tuple[io.FileIO, io.FileIO]:
    """Return both, unbuffered; all others get an empty input, and the log as their output."""
    if sys.platform == "win32":
        import msvcrt

        for stream in (0, 1):
            msvcrt.setmode(stream, os.O_BINARY)
    reader, writer = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return reader, writer
