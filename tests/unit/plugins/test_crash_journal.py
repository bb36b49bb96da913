"""What a process that died was at, and what one that lives is at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from studio.plugins.crash_journal import CrashJournal, OpenPage

DIES = """
import os, sys
from pathlib import Path
from studio.plugins.crash_journal import CrashJournal, OpenPage
journal = CrashJournal(Path(sys.argv[1]))
journal.note_page(OpenPage("chat", "Chat"))
with journal.loading("music", "studio_music.worker"):
    os._exit(9)
"""


def test_what_a_dead_process_was_at_is_told_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    journal = CrashJournal(tmp_path)
    assert journal.take_crashed() == {"music": "studio_music.worker"}
    assert journal.take_page() == OpenPage("chat", "Chat")
    assert (journal.take_crashed(), journal.take_page()) == ({}, None)
    assert list(tmp_path.iterdir()) == []


def test_what_a_running_process_is_at_is_left_alone(tmp_path: Path) -> None:
    running, other = CrashJournal(tmp_path), CrashJournal(tmp_path)
    running.note_page(OpenPage("chat"))
    running.note_page(OpenPage("chat", "Chat"))
    with running.loading("music", "studio_music.worker"):
        assert (other.take_crashed(), other.take_page()) == ({}, None)
    assert other.take_crashed() == {}
    running.note_page(None)
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_another_process_has_by_now_hides_no_crash(tmp_path: Path) -> None:
    note = {"plugin": "music", "module": "studio_music.worker"}
    (tmp_path / f"{os.getpid()}-music.json").write_text(json.dumps(note))
    (tmp_path / f"{os.getppid()}.page").write_text(json.dumps({"plugin": "chat"}))
    journal = CrashJournal(tmp_path)
    assert journal.take_crashed() == {"music": "studio_music.worker"}
    assert journal.take_page() == OpenPage("chat")
