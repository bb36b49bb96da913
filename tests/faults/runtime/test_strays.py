"""What a plugin starts in a session of its own ends with its runtime, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.base.paths import StudioPaths
from studio.protocol.runtime_children import end_abandoned
from studio.testing.processes import gone
from tests.faults.runtime.test_studio_killed import doomed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="marks and subreapers are of Linux"),
]


def test_they_end_with_the_studio(light: None, bench: Any) -> None:
    strays = bench.strays()
    assert all(os.getsid(stray.pid) != os.getsid(bench.pid()) for stray in strays), "control"
    bench.studio.close()
    assert all(gone(stray) for stray in strays)
    bench.studio = type(bench)(bench.studio.paths.home).studio


def test_they_end_with_a_runtime_that_is_restarted_or_dies(light: None, bench: Any) -> None:
    strays = bench.strays()
    bench.studio.runtime.restart()
    assert all(gone(stray) for stray in strays)
    own, orphan, bare = bench.strays()
    os.kill(bench.pid(), signal.SIGKILL)
    bench.until(lambda: bench.studio.runtime.deaths)
    assert gone(own)
    assert gone(orphan)
    bare.kill()  # without our mark, parent or session nobody knows it


def test_they_end_when_the_studio_is_killed(environment: None, light: None, tmp_path: Path) -> None:
    studio, told = doomed(tmp_path / "home", "stray")
    strays = [psutil.Process(pid) for pid in told["strays"]]
    studio.kill()
    studio.communicate()
    assert all(gone(stray) for stray in strays)


def test_when_all_were_killed_the_next_start_ends_what_is_left(
    environment: None, light: None, tmp_path: Path
) -> None:
    studio, told = doomed(tmp_path / "home", "stray")
    runtime = psutil.Process(told["pids"][0])
    own, orphan, bare = (psutil.Process(pid) for pid in told["strays"])
    watch = next(child for child in runtime.children() if child.pid not in told["strays"])
    for process in (studio, watch, runtime):
        os.kill(process.pid, signal.SIGKILL)
    end_abandoned(str(StudioPaths(tmp_path / "other").cache))
    assert not gone(own, 0.2), "control: nobody is left to end them, and a studio of another home"
    assert not gone(orphan, 0.2), "control"
    studio.communicate()
    bare.kill()
    end_abandoned(str(StudioPaths(tmp_path / "home").cache))
    assert gone(own)
    assert gone(orphan)


def test_control_what_a_living_studio_has_started_is_left_alone(light: None, bench: Any) -> None:
    strays = bench.strays()
    code = "import sys; from studio.protocol import runtime_children as left; "
    code += "left.end_abandoned(sys.argv[1])"
    place = str(bench.studio.paths.cache)
    done = subprocess.run([sys.executable, "-c", code, place], check=False)
    assert done.returncode == 0
    assert not any(gone(stray, 0.05) for stray in strays)
