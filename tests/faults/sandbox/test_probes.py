"""Every way out that is known, tried by an ordinary user in both tiers, with a control each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
NOBODY = 65534


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `studio sandbox probe` says of either tier, both asked at once."""
    home = tmp_path_factory.mktemp("home")
    asked = {tier: _ask(tier, home) for tier in "AB"}
    said = {tier: process.communicate() for tier, process in asked.items()}
    assert all(process.returncode in (0, 8) for process in asked.values()), said
    return {tier: json.loads(out) for tier, (out, _) in said.items()}


def _ask(tier: str, home: Path) -> subprocess.Popen[bytes]:
    """As root much is allowed that no sandbox can take back, so root asks as somebody else."""
    command = ["-m", "studio", "sandbox", "probe", "--json", "--tier", tier]
    env = {"PATH": os.defpath, "HOME": str(home), "STUDIO_HOME": str(home / "studio")}
    somebody: dict[str, Any] = {}
    python = sys.executable
    if os.geteuid() == 0:
        somebody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        python = _python_for_everybody()
        env["PYTHONPATH"] = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.Popen([python, *command], cwd="/", env=env, stdout=-1, stderr=-1, **somebody)


def _python_for_everybody() -> str:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            done = subprocess.run(
                [path, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return path
    pytest.fail(f"no {name} that an ordinary user may start: the sandbox cannot be tried as one")


@pytest.mark.parametrize("tier", ["A", "B"])
def test_nothing_gets_out_and_every_attempt_is_a_real_one(
    answers: dict[str, Any], tier: str
) -> None:
    answer = answers[tier]
    assert answer["tier"] == tier
    assert answer["leaks"] == 0, [each for each in answer["probes"] if not each["blocked"]]
    assert [each for each in answer["probes"] if not each["control"]] == []
    assert len({each["name"] for each in answer["probes"]}) >= 40
