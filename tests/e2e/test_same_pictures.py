"""The shipped starter pictures through the command line: the same seed, the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.torch]

FOX = ["run", "image.generate", "--prompt", "a red fox", "--seed", "7", "--json"]
FOX += ["--provenance", "nothing", "--out"]  # a signature is another each time


def pictures(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.png"))}


@pytest.mark.usefixtures("runtime_within")
def test_the_same_seed_gives_the_same_bytes_in_another_home(
    tmp_path: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    """Once as a user would draw it, and once in this process."""
    first, again = tmp_path / "first", tmp_path / "again"
    done = subprocess.run(
        [sys.executable, "-m", "studio", *FOX, str(first)],
        env=os.environ | {"STUDIO_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seed"] == 7
    code, _, err = command(*FOX, str(again))
    assert code == 0, err
    assert len(pictures(first)) == len(set(pictures(first).values())) == 4
    assert pictures(first) == pictures(again)
