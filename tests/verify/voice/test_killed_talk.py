"""A conversation by voice outlives its studio, with the answer as far as it was written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime

HERE = Path(__file__).parent


def test_what_was_said_and_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    killed = subprocess.run(
        [*words, f"--basetemp={tmp_path / 'of'}", str(HERE / "killed_talk.py")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stdout.decode()[-2000:]
    (home,) = (tmp_path / "of").glob("*0/home")
    studio = Studio.open(home=home, launch=ScriptedRuntime().launch)
    try:
        store = studio.library.conversations
        (row,) = store.list()
        told = [(each.role, each.content, each.state) for each in store.thread(row.id)]
        assert told == [
            ("user", "What is a fox?", "complete"),
            ("assistant", "A fox is an animal. It is red. ", "interrupted"),
        ]
    finally:
        studio.close()
