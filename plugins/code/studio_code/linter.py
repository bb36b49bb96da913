"""Check Python files with Ruff, run by the studio's own Python. Not for the GUI thread."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

_SECONDS: Final = 60.0


def has_ruff() -> bool:
    """Return whether Ruff is installed."""
    return find_spec("ruff") is not None


def rows(arguments: Sequence[str], text: str | None = None, folder: Path | None = None) -> Any:
    """Return what Ruff says, as its JSON has it: a list of rows; None where it would not.

    Args:
        arguments: Of ``ruff check``; ``-`` for ``text``.
        folder: Where it runs; its settings count unless ``--isolated`` is said.

    Raises:
        OSError, subprocess.TimeoutExpired: It cannot be started, or does not end.
    """
    # -I: the folder is where it runs, and may have a ruff.py of its own.
    command = [sys.executable, "-I", "-m", "ruff", "check", "--output-format", "json", "--quiet",
               "--no-cache", "--no-fix", "--exit-zero", *arguments]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        input=None if text is None else text.encode(),
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        return msgspec.json.decode(done.stdout, type=list[dict[str, Any]])
    except msgspec.MsgspecError:
        return None


def undefined_names(text: str) -> frozenset[str]:
    """Return the names that a Python text uses and nothing defines; none where Ruff is not."""
    try:
        return _undefined(text) if has_ruff() else frozenset()
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()


@lru_cache(maxsize=32)
def _undefined(text: str) -> frozenset[str]:
    """Ask Ruff once for each text: that of before is compared with again and again."""
    faults = rows(["--isolated", "--select", "F821", "--stdin-filename", "a.py", "-"], text)
    return frozenset(name for row in faults or () if (name := _name(row)))


def _name(row: Mapping[str, Any]) -> str:
    """Return the name of “Undefined name `total`”; empty for another sentence."""
    if row.get("code") != "F821":
        return ""
    return str(row.get("message") or "").partition("`")[2].partition("`")[0]
