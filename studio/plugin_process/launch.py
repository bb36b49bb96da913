"""How the process of a plugin is started: with its own packages, and a few of ours lent to it."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import studio
from studio.protocol.connections.telemetry import TELEMETRY
from studio.protocol.process_end import in_words
from studio.sandbox import interpreter, lent_packages
from studio.sandbox.inside.processes import descendants

LENT_PARTS = ("__init__.py", "api", "protocol", "plugin_process")
"""Of the studio itself: what a worker imports, and what runs it."""
LENT_PACKAGES = ("msgspec", "pluggy", "packaging")
LENT_LAST = ("numpy",)
"""What a task is handed arrays of, unless its plugin brings one of its own: found after those."""
_START = (
    "import sys; sys.path[:0] = sys.argv[1:]; "
    "from studio.plugin_process.inside.main import main; main()"
)


@dataclass(frozen=True)
class Launched:
    """A process that has been started, and how it is ended with all that it started.

    Attributes:
        tier: That of its sandbox; empty for none.
        told: Waits so many seconds for its end, and says how it ended, in a sentence.
    """

    process: subprocess.Popen[bytes]
    tier: str
    end: Callable[[], None]
    told: Callable[[float], str]
    stdin: io.FileIO


def lent(more: Sequence[str] = ()) -> dict[str, Path]:
    """Return the packages lent to a plugin: path below the lent folders → source path.

    ``more`` names distributions that are lent to this one alone.

    Those in ``first`` are found before the plugin's own packages, those in ``last`` after them.
    """
    root = Path(studio.__file__).resolve().parent
    ours = {f"studio/{part}": root / part for part in LENT_PARTS}
    first = ours | lent_packages.entries(LENT_PACKAGES)
    last = lent_packages.entries((*LENT_LAST, *more))
    return {f"first/{name}": path for name, path in first.items()} | {
        f"last/{name}": path for name, path in last.items()
    }


def command(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the command: a bare Python that finds packages in ``paths`` and nowhere else."""
    python = str(interpreter.current().executable)
    return (python, "-I", "-S", "-B", "-X", "utf8", "-c", _START, *paths)


def environment(folder: str, threads: int = 1) -> dict[str, str]:
    """Return all that the process finds in its environment."""
    return {
        **TELEMETRY,
        "PATH": os.defpath,
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": str(threads),
    }


def without_sandbox(
    paths: Sequence[str], parent: Path | None = None, lends: Sequence[str] = ()
) -> Launched:
    """Start a process without a sandbox.

    Args:
        paths: Folders that hold the plugin's packages.
        parent: Where its own folder is made.
        lends: Distributions of the studio that it finds, too.

    Raises:
        OSError: It cannot be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="plugin-", dir=parent))
    shelf = folder / "lent"
    link(lent(lends), shelf)
    box = folder / "box"
    box.mkdir()
    process = subprocess.Popen(
        command([f"{shelf}/first", *paths, f"{shelf}/last"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment(str(box)),
        cwd=box,
        start_new_session=True,
    )

    def end() -> None:
        _end_tree(process)
        shutil.rmtree(folder, ignore_errors=True)

    def told(patience: float) -> str:
        try:
            return in_words(process.wait(patience))
        except subprocess.TimeoutExpired:
            return "It closed its connection."

    return Launched(process, "", end, told, cast("io.FileIO", process.stdin))


def link(lent: Mapping[str, Path], folder: Path) -> None:
    """Link the lent packages into ``folder``."""
    for name, source in lent.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(source)


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it, stopped first so that none starts another meanwhile."""
    held: set[int] = set()
    while process.poll() is None and (new := {process.pid, *descendants(process.pid)} - held):
        held |= new
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
    for pid in held:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
