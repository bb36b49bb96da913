"""What models computed of conversations can be forgotten, and nothing else goes."""

from __future__ import annotations

from pathlib import Path

from studio.base.paths import StudioPaths
from studio.library import prompt_cache_files
from studio.protocol.caches import PROMPT_CACHE


def test_all_of_it_goes_and_other_caches_stay(tmp_path: Path) -> None:
    paths = StudioPaths(tmp_path)
    piece = paths.cache / PROMPT_CACHE / "model" / "after-own.safetensors"
    piece.parent.mkdir(parents=True)
    piece.write_bytes(bytes(100))
    (paths.cache / "digests.json").write_text("{}")
    assert prompt_cache_files.kept_bytes(paths) == 100
    assert prompt_cache_files.forget(paths) == 100
    assert not piece.parent.parent.exists()
    assert (paths.cache / "digests.json").exists()
    assert prompt_cache_files.forget(paths) == 0
