"""The shipped starter pictures through the command line: the same seed, the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.torch]


def drawn(home: Path, out: Path) -> dict[str, bytes]:
    """Draw a fox as a user would; return the pictures by file name."""
    words = ["run", "image.generate", "--prompt", "a red fox", "--seed", "7", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "studio", *words, "--json"],
        env=os.environ | {"STUDIO_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seed"] == 7
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.png"))}


def test_the_same_seed_gives_the_same_bytes_in_another_home(tmp_path: Path) -> None:
    first = drawn(tmp_path / "home", tmp_path / "first")
    again = drawn(tmp_path / "other home", tmp_path / "again")
    assert len(first) == len(set(first.values())) == 4
    assert first == again
