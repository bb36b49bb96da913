"""What headers said last time: kept, by place and size, and never a reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.models.header_cache import HeaderCache
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Inspected

ROW = Weights(id="a", title="A", path=Path("/models/a.gguf"), bytes=100)


def test_what_was_read_is_there_at_the_next_start(tmp_path: Path) -> None:
    cache = HeaderCache(tmp_path / "cache" / "headers")
    cache.load()
    assert cache.get(ROW) is None
    cache.put(ROW, Inspected("1", {"architecture": "llama", "context_length": 4096}))
    cache.save()
    again = HeaderCache(tmp_path / "cache" / "headers")
    again.load()
    kept = again.get(ROW)
    assert kept is not None
    assert kept.facts["architecture"] == "llama"
    larger = Weights(id="a", title="A", path=ROW.path, bytes=101)
    assert again.get(larger) is None, "it is another file by now"


def test_what_could_not_be_used_is_found_out_anew(tmp_path: Path) -> None:
    cache = HeaderCache(tmp_path / "headers")
    cache.put(ROW, Inspected("1", {"architecture": "llama"}))
    error = StudioError(ErrorCode.BAD_WEIGHTS, "It ends in its header.").info()
    cache.put(ROW, Inspected("2", error=error))
    assert cache.get(ROW) is None


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81\xa1a\x01"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "headers").write_bytes(data)
    cache = HeaderCache(tmp_path / "headers")
    cache.load()
    assert cache.get(ROW) is None
    (tmp_path / "headers").unlink()
    (tmp_path / "headers").mkdir()
    cache.save()
