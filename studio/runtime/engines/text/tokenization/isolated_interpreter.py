"""Command and environment of an interpreter with nothing in it."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from studio.protocol.connections.telemetry import TELEMETRY

_NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
"""What an interpreter needs to start and to know the local time; nothing else is a stranger's."""


def bare_python(script: Path, *arguments: str) -> list[str]:
    """Return the command that runs ``script`` alone, without anything that starts with Python.

    ``-I`` ignores the environment and the working folder; ``-S`` leaves out installed packages and
    the code that they may run at every start.
    """
    return [sys.executable, "-I", "-S", "-B", str(script), *arguments]


def bare_environment() -> dict[str, str]:
    """Return the environment for such a script: none of the user's keys, tokens and paths."""
    return TELEMETRY | {name: os.environ[name] for name in _NEEDED if name in os.environ}


def homes(*packages: str) -> list[str]:
    """Return the folders that ``packages`` lie in, each once, for such a script's ``sys.path``.

    Raises:
        ModuleNotFoundError: One of them is not installed.
    """
    found: dict[str, None] = {}
    for package in packages:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{package} is not installed", name=package)
        found[str(Path(spec.origin).parents[1])] = None
    return list(found)
