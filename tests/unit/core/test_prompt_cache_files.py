"""What models computed of conversations can be forgotten, and nothing else goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.core import prompt_cache_files
from studio.core.paths import StudioPaths


def test_all_of_it_goes_and_other_caches_stay(tmp_path: Path) -> None:
    paths = StudioPaths(tmp_path)
    piece = paths.cache / prompt_cache_files.FOLDER / "model" / "after-own.safetensors"
    piece.parent.mkdir(parents=True)
    piece.write_bytes(bytes(100))
    (paths.cache / "digests.json").write_text("{}")
    assert prompt_cache_files.kept_bytes(paths) == 100
    assert prompt_cache_files.forget(paths) == 100
    assert not piece.parent.parent.exists()
    assert (paths.cache / "digests.json").exists()
    assert prompt_cache_files.forget(paths) == 0


@pytest.mark.torch
def test_it_is_the_folder_that_the_runtime_fills() -> None:
    from studio.runtime.engines.text.caches.paths import PARKING

    assert prompt_cache_files.FOLDER == PARKING
