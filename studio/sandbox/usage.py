"""Memory that a run holds, of all its processes together. Ends nothing."""

from __future__ import annotations

from studio.sandbox.inside.processes import descendants

_COUNTED = (b"RssAnon:", b"RssShmem:")


def memory(process: int) -> int:
    """Return the bytes of memory that are held by what runs below ``process``.

    Program files count nothing: they are read from disk, once for all.
    """
    return sum(map(_of_one, descendants(process)))


def _of_one(process: int) -> int:
    try:
        with open(f"/proc/{process}/status", "rb") as file:
            lines = file.read().splitlines()
    except OSError:  # it has just ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_COUNTED))
