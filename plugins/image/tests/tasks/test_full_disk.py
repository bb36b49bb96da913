"""The disk fills up at the last step: one sentence, the picture is in the library, nothing half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from studio_image.upscale.networks import Compact

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.slow]

ON_A_FULL_DISK = """
mount -t tmpfs -o size=64k tmpfs "$1" && head -c 60000 /dev/zero > "$1/other" || exit 99
shift && exec "$@"
"""


def on_a_full_disk(disk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that sees a disk with a few free bytes at ``disk``; nobody else sees it."""
    if sys.platform != "linux":
        pytest.skip("needs tmpfs")
    unshare = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-Urm"]
    words = [*unshare, "sh", "-c", ON_A_FULL_DISK, "sh", str(disk), *command]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    return done


def test_a_full_disk_at_the_last_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("STUDIO_DEVICE", "cpu")
    network = Compact(2, 4, 1)
    for parameter in network.parameters():
        parameter.data.zero_()
    save_file(network.state_dict(), tmp_path / "doubles.safetensors")
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "given.png")
    disk = tmp_path / "disk"
    disk.mkdir()
    enlarge = ["run", "image.enlarge", "--weights", "doubles", "--factor", "2"]
    words = [*enlarge, "--image", str(tmp_path / "given.png"), "--out", str(disk)]
    done = on_a_full_disk(disk, sys.executable, "-m", "studio", *words)
    assert done.returncode
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr
    _, listed, _ = command("library", "list", "--json")
    (kept,) = json.loads(listed)["artifacts"]
    assert kept["title"] == "given, 2 × larger"
