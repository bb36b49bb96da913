"""The example with a package of its own, as a stranger meets it: built, checked, installed, run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.testing.processes import without_torch

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
PROJECT = Path(__file__).parents[2] / "plugins" / "examples" / "csv_plot"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    words = ["--no-build-isolation", "--no-deps", "--no-index", "-q", "-w", str(folder)]
    projects = [str(PROJECT), str(PROJECT.parent / "csv_columns")]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *projects, *words], check=True)
    return folder


class Home:
    """A studio of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, code: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "studio", *words, "--json"],
            cwd=self.folder,
            env={**os.environ, "STUDIO_HOME": str(self.folder / "home")},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)


def test_it_is_checked_installed_and_draws_in_a_process_of_its_own(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(tmp_path / "without", monkeypatch)
    studio = Home(tmp_path)
    (wheel,) = wheels.glob("studio_plugin_csv_plot-*.whl")
    checked = studio("plugins", "check", str(wheel), code=8)
    rules = {each["rule"] for each in checked["findings"]}
    assert rules == {"not-installed"}, "its own package is not in the studio's environment"
    installed = studio("plugins", "install", str(wheel), "--find-links", str(wheels), "--yes")
    assert installed["enabled"] is False
    subprocess_on = [sys.executable, "-m", "studio", "plugins", "on", "csv_plot"]
    home = {**os.environ, "STUDIO_HOME": str(tmp_path / "home")}
    subprocess.run(subprocess_on, env=home, check=True, timeout=600)
    (tmp_path / "rain.csv").write_text("day,rain\n1,3\n2,5\n", "utf-8")
    made = studio("run", "csv_plot.draw", str(tmp_path / "rain.csv"), "--x", "day")
    assert (made["drawn"], made["rows"]) == (["rain"], 2)
    plot = json.loads(Path(made["artifacts"][0]).read_text("utf-8"))
    assert plot["series"][0]["y"] == [3, 5]
    have = subprocess.run([sys.executable, "-c", "import csv_columns"], check=False)
    assert have.returncode != 0, "the control: the studio itself does not have that package"
