"""The Qt binding must not lose references to None: on Python 3.11 that ends the process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOOP = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel()
for i in range(200_000):
    label.setText("a" if i % 2 else "b")
print("alive")
"""


@pytest.mark.gui
def test_two_hundred_thousand_calls_are_survived() -> None:
    """PySide6 6.12 dies here with `none_dealloc` after a few thousand calls on Python 3.11."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", LOOP], env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "alive", done.stderr[-2000:]
