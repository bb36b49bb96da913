#!/usr/bin/env python3
"""The one command behind `make`: sets the studio up, opens it, tests it. Standard library only.

    python packaging/bootstrap.py run          set everything up and open the studio
    python packaging/bootstrap.py test [ARGS]  set everything up and pass the tests
    python packaging/bootstrap.py --help       the other verbs

This file must stay readable by an old Python: it has to be able to say that it is too old.
"""

from __future__ import annotations

import os
import shutil
import sys

OLDEST = (3, 11)


def newer_python() -> str | None:
    """Returns another interpreter on PATH that is new enough, newest first."""
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    return None


def main() -> int:
    if sys.version_info >= OLDEST:
        from studio_setup.verbs import main as run_verb

        return run_verb(sys.argv[1:])
    other = newer_python()
    if other:
        os.execv(other, [other, *sys.argv])
    have = ".".join(str(part) for part in sys.version_info[:3])
    print(
        f"Offline Studio needs Python {OLDEST[0]}.{OLDEST[1]} or newer, but this is Python "
        f"{have}. Install a newer version (from python.org or your system's packages), then run "
        "this again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
