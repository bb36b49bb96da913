"""A book that was read aloud when the power went is read on, not anew, and sounds alike."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from plugins.voice.tests.test_books import BOOK
from plugins.voice.tests.test_speech import Session, run
from studio.testing.plugins import Made

ROOT = Path(__file__).parents[3]


def sound(made: Made) -> np.ndarray:
    """Return the samples of what was made."""
    (artifact,) = made.artifacts
    return np.asarray(soundfile.read(io.BytesIO(artifact.read()))[0])


def test_a_killed_book_goes_on_where_it_was(tmp_path: Path) -> None:
    book, kept = tmp_path / "Ada.md", tmp_path / "kept"
    book.write_text(BOOK)
    kept.mkdir()
    words = [sys.executable, "-m", "tests.verify.voice.killed_book", str(book), str(kept)]
    killed = subprocess.run(
        words, cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -signal.SIGKILL
    session, anew = Session(), Session()
    went_on = run("", session, document=str(book), file="flac", checkpoint=kept)
    whole = run("", anew, document=str(book), file="flac", checkpoint=tmp_path / "other")
    assert len(session.given) == len(anew.given) - 2, "two sentences were said before"
    assert went_on.result["chapters"] == whole.result["chapters"]
    assert np.array_equal(sound(went_on), sound(whole))
