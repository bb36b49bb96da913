"""A score that is given as a file."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def score_file(tmp_path: Path) -> Path:
    from plugins.music.tests.tasks.music_tasks import tune  # brings torch, which may be missing
    from studio_music.score.formats.midi import files

    path = tmp_path / "given.mid"
    path.write_bytes(files.write(tune()))
    return path
