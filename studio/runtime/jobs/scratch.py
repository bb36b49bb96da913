"""Where jobs get their scratch folders, and how what a killed runtime left is swept away."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import psutil

_PREFIX = "offline-studio-jobs-"
_OWNER = re.compile(rf"{_PREFIX}(\d+)-")


def make_root(parent: Path | None = None) -> Path:
    """Return a new private folder for the jobs of this process; remove those of dead ones."""
    parent = parent or Path(tempfile.gettempdir())
    for folder in parent.glob(f"{_PREFIX}*"):
        owner = _OWNER.match(folder.name)
        if owner and not psutil.pid_exists(int(owner.group(1))):
            shutil.rmtree(folder, ignore_errors=True)  # another user's stays
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
