"""No control of any mode of any page is cut off, at the sizes of screens that people have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SURVEY = Path(__file__).with_name("cut_controls.py")
SIZES = ("1600x1000", "1280x800", "800x500")
"""The last is 1600 by 1000 at two pixels a point."""

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(("language", "scale"), [("en", "1"), ("de", "2")])
def test_each_control_is_whole(tmp_path: Path, language: str, scale: str) -> None:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "QT_SCALE_FACTOR": scale,
        "STUDIO_HOME": str(tmp_path / "home"),
    }
    survey = subprocess.run(
        [sys.executable, str(SURVEY), language, *SIZES],
        env=environment, capture_output=True, text=True, check=False, timeout=540,
    )  # fmt: skip
    assert survey.returncode == 0, survey.stderr
    assert f"{3 * 16} pages opened" in survey.stderr
    assert survey.stdout == ""
