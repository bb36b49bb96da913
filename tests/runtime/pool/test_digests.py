"""Digests of weights: right, remembered over a restart, and forgotten when the file changes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from studio.models.verification import verify
from studio.models.weights import Weights
from studio.runtime.pool.digests import CHUNK, Digests


def compute(digests: Digests, path: Path) -> tuple[list[float], str]:
    shares = []
    steps = digests.compute(path)
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            return shares, end.value


def test_a_file_is_read_in_parts_and_remembered_until_it_changes(tmp_path: Path) -> None:
    path, cache = tmp_path / "weights.gguf", tmp_path / "cache"
    path.write_bytes(b"\0" * (2 * CHUNK + 1))
    shares, digest = compute(Digests(cache), path)
    assert len(shares) == 3
    assert shares[-1] == 1.0
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert Digests(cache).known(path) == digest
    assert Digests(tmp_path / "other").known(path) == ""
    facts = path.stat()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert Digests(cache).known(path) == ""


@pytest.mark.parametrize("damage", [b"", b"{", b"[1, 2]", b"\xff\xfe"])
def test_a_damaged_cache_is_computed_again(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "weights.gguf"
    path.write_bytes(b"x")
    (tmp_path / "digests.json").write_bytes(damage)
    digests = Digests(tmp_path)
    assert digests.known(path) == ""
    _, digest = compute(digests, path)
    assert Digests(tmp_path).known(path) == digest


def test_a_folder_has_the_digest_that_the_catalogue_verifies(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "part").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "part" / "b.safetensors").write_bytes(b"b")
    _, digest = compute(Digests(), folder)
    weights = Weights(id="model", title="Model", path=folder)
    assert verify(weights, lambda done, total: None).digest == digest


def test_an_empty_folder_and_a_vanished_file_are_no_trouble(tmp_path: Path) -> None:
    assert compute(Digests(), tmp_path) == ([], hashlib.sha256(b"").hexdigest())
    assert Digests().known(tmp_path / "nothing") == ""
