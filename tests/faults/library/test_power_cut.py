"""The power goes at any moment: what was promised is on the disk, because it was synced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tally import tried

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def cut(place: Path, cuts: int, how: str) -> list[dict[str, Any]]:
    """Cut the power of a disk that is a file, in a mount namespace of its own."""
    if sys.platform != "linux" or os.getuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("needs Linux, root and mkfs.ext4")
    script = Path(__file__).with_name("power_cut.py")
    command = ["unshare", "-m", sys.executable, str(script), str(place), str(cuts), how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "mount" in done.stderr and not os.environ.get("CI"):
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip().splitlines()[-1]}")
    assert not done.returncode, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    tried(len(results))
    return results


def test_no_power_cut_breaks_a_promise(tmp_path: Path) -> None:
    results = cut(tmp_path, 4, "careful")
    assert len(results) == 4
    for result in results:
        assert result["promises"] >= 10
        assert result["lost"] == 0
        assert result["report"] == []
        assert result["news"] == []


def test_without_syncing_the_same_cut_loses_work(tmp_path: Path) -> None:
    """The control: the power really goes, and what was only written is really lost."""
    (result,) = cut(tmp_path, 1, "careless")
    assert result["lost"] > 0
