"""Where a plugin's code is imported before it takes part: a process that is thrown away.

It runs in the sandbox, where it sees the plugin, the studio's packages and nothing of the user's.
What comes back was made by code that nobody vouches for: whoever reads it checks it.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import studio
from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular
from studio.sandbox import interpreter
from studio.sandbox.sandbox import TIERS, Sandbox

ORDER = "order.json"
SECONDS = 120.0
MOST_BYTES = 4 << 20
_SCRIPT, _ANSWER = "script.py", "answer.json"
_ENVIRONMENT = "environment"
_MEMORY = 16 << 30
"""Bytes of addresses: libraries that compute reserve many, and use few."""
_START = """
import os, runpy, sys
lent, more = os.environ.get("PYTHONPATH", ""), sys.argv[1].split(os.pathsep)
sys.argv[:] = sys.argv[2:]
sys.path += [os.path.join(lent, each) for each in more]
os.environ["QT_QPA_PLATFORM"] = "offscreen"
runpy.run_path(sys.argv[0], run_name="__main__")
"""
Told = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """How the process ended.

    Attributes:
        answer: What it wrote down, ``MOST_BYTES`` and one at most; None if it did not.
        why: How it ended, for a sentence: ``by exit code 3``.
        said: The end of what it printed on standard error.
        tier: ``A`` or ``B``: the tier of the sandbox; empty where it ran without one.
    """

    answer: bytes | None
    why: str = ""
    said: str = ""
    tier: str = ""

    @property
    def was_too_slow(self) -> bool:
        """Whether it was ended after ``SECONDS``."""
        return self.why == "(wall time)"


@functools.cache
def machine_sandbox() -> Sandbox:
    """Return the sandbox of this machine, with our own Python: packages are made for one."""
    return Sandbox(TIERS, [interpreter.current()])


def environment() -> dict[str, Path]:
    """Return the packages to lend to code inside the studio: all installed beside it."""
    folders = [Path(entry) for entry in sys.path if entry.endswith(("-packages", "-packages/"))]
    existing = [folder for folder in folders if folder.is_dir()]
    lent = {f"{_ENVIRONMENT}{number}": folder for number, folder in enumerate(existing)}
    return {"studio": Path(studio.__file__).resolve().parent, **lent}


def in_sandbox(script: bytes, order: bytes, lent: Mapping[str, Path], progress: Told) -> Outcome:
    """Run a script of ours in the sandbox; it finds ``order.json`` and writes ``answer.json``.

    Args:
        script: Takes the names of both files as words.
        lent: What it can import: name → where it lies.
        progress: Is called now and then; may end it with ``Cancelled``.

    Raises:
        StudioError: There is no sandbox, or it does not start.
    """
    more = os.pathsep.join(name for name in lent if name.startswith(_ENVIRONMENT))
    request = SandboxRequest(
        ("python", "-c", _START, more, _SCRIPT, ORDER, _ANSWER),
        {_SCRIPT: script, ORDER: order},
        collect=(_ANSWER,),
        limits=SandboxLimits(
            wall_seconds=SECONDS,
            cpu_seconds=int(SECONDS),
            memory_bytes=_MEMORY,
            open_files=512,
            output_bytes=MOST_BYTES,
        ),
    )
    result = None
    try:
        for step in machine_sandbox().run(request, lent=lent):
            progress()
            result = step.result or result
    except OSError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The plugin cannot be tried: the sandbox does not start ({error}).",
            "Run “studio doctor sandbox” to see what would help.",
        ) from error
    assert result is not None
    by_itself = result.ended == "exit"
    why = f"by exit code {result.exit_code}" if by_itself else f"({result.ended})"
    log = result.stderr.decode("utf-8", "replace")[-4000:]
    return Outcome(result.files.get(_ANSWER), why, log, result.tier)


def without_sandbox(script: bytes, order: bytes, site: Path, progress: Told) -> Outcome:
    """Run the script with all that the user may do, in the studio's environment.

    Args:
        site: Folder with the plugin's packages, found after the studio's.
    """
    with tempfile.TemporaryDirectory(prefix="studio-trial-") as folder:
        Path(folder, ORDER).write_bytes(order)
        Path(folder, _SCRIPT).write_bytes(script)
        child = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, str(site), _SCRIPT, ORDER, _ANSWER],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if not _waited(child, progress):
                return Outcome(None, "(wall time)")
        finally:
            child.kill()
            child.wait()
        return Outcome(_read(Path(folder, _ANSWER)), f"by exit code {child.returncode}")


def _waited(child: subprocess.Popen[bytes], progress: Told) -> bool:
    waited = 0.0
    while child.poll() is None:
        progress()
        if waited > SECONDS:
            return False
        try:
            child.wait(0.1)
        except subprocess.TimeoutExpired:
            waited += 0.1
    return True


def _read(answer: Path) -> bytes | None:
    if not answer.is_file() or answer.is_symlink():
        return None
    with open_regular(answer) as file:
        return file.read(MOST_BYTES + 1)
