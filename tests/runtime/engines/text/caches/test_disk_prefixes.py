"""What was read of a text outlives the runtime: private, bounded, and never trusted blindly."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.api import finished
from studio.api.worker.text import SamplingParams
from studio.protocol.caches import PROMPT_CACHE
from studio.runtime.engines.text.caches import disk_prefixes
from studio.runtime.engines.text.caches.disk_prefixes import DiskPrefixes
from studio.runtime.engines.text.caches.paths import identity
from studio.runtime.engines.text.caches.prefix import Prefix
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from studio.runtime.engines.text.loader import TextLoader
from studio.runtime.pool.digests import Digests
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="only packed models keep beginnings"),
]

PROMPT = [(7 * i * i + 3) % 300 for i in range(150)]
PARAMS = SamplingParams(seed=5, temperature=1.5, min_p=0, max_tokens=12)
SHAPE = (2, 1, 4)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch) -> None:
    monkeypatch.setattr(disk_prefixes, "PIECE", 64)


def start(weights: Path, cache: Path) -> TextEngine:
    """The engine as a fresh runtime loads it."""
    return finished(TextLoader(cache=cache).load(weights, "cpu"))


def write(engine: TextEngine, ids: list[int]) -> list[int]:
    return [step.token for step in engine.generate(ids, PARAMS) if step.kind == "token"]


def files(cache: Path) -> list[Path]:
    return sorted((cache / PROMPT_CACHE).glob("*/*"))


def after_a_turn(weights: Path, cache: Path) -> list[int]:
    """A runtime writes a reply and ends; returns the conversation with another question."""
    engine = start(weights, cache)
    written = write(engine, PROMPT)
    engine.close()
    return [*PROMPT, *written, 17, 99]


def test_after_a_restart_only_the_new_tokens_are_read(weights, tmp_path, rows_read) -> None:
    turn = after_a_turn(weights, tmp_path)
    expected = write(TextEngine.load(weights), turn)
    engine = start(weights, tmp_path)
    sizes = rows_read(engine)
    assert write(engine, turn) == expected
    assert sizes[0] == 3, "the reply's last token and the question"


def test_a_branch_shares_what_it_begins_with(weights, tmp_path, rows_read) -> None:
    after_a_turn(weights, tmp_path)
    branch = [*PROMPT[:100], 5, 6, 7]
    expected = write(TextEngine.load(weights), branch)
    engine = start(weights, tmp_path)
    sizes = rows_read(engine)
    assert write(engine, branch) == expected
    assert sizes[0] == 3
    engine.close()
    assert len(files(tmp_path)) == 4, "three of the first, one of the branch"


def test_a_longer_text_takes_the_place_of_its_beginning(weights, tmp_path) -> None:
    turn = after_a_turn(weights, tmp_path)
    before = files(tmp_path)
    engine = start(weights, tmp_path)
    write(engine, turn)
    engine.close()
    after = files(tmp_path)
    assert len(before) == len(after) == 3
    assert before[:2] != after or before != after


def test_a_private_text_is_remembered_and_never_on_disk(weights, tmp_path, rows_read) -> None:
    engine = start(weights, tmp_path)
    private = replace(PARAMS, is_private=True)
    list(engine.generate(PROMPT, private))
    sizes = rows_read(engine)
    list(engine.generate([*PROMPT, 5], private))
    assert sizes[0] == 1, "from memory"
    engine.close()
    assert files(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_nobody_else_may_read_them(weights, tmp_path) -> None:
    after_a_turn(weights, tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)} == {0o600}
    folders = {path.parent for path in files(tmp_path)} | {tmp_path / PROMPT_CACHE}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    """One number is another, as after a write that the disk lost."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 255
    path.write_bytes(raw)


def foreign(path: Path) -> None:
    path.write_bytes(b"\xff" * 1000)


def swapped(path: Path) -> None:
    """Another piece under its name."""
    path.write_bytes(next(p for p in path.parent.iterdir() if p != path).read_bytes())


@pytest.mark.parametrize("damage", [cut, flip, foreign, swapped])
def test_what_is_damaged_is_removed_and_read_again(weights, tmp_path, damage) -> None:
    turn = after_a_turn(weights, tmp_path)
    expected = write(TextEngine.load(weights), turn)
    root = next(path for path in files(tmp_path) if is_first(path, tmp_path))
    damage(root)
    raw = root.read_bytes()
    engine = start(weights, tmp_path)
    assert write(engine, turn) == expected
    engine.close()
    assert root.read_bytes() != raw, "removed, and made anew"
    assert write(start(weights, tmp_path), turn) == expected


def is_first(path: Path, cache: Path) -> bool:
    owns = {each.stem.split("-")[1] for each in files(cache)}
    return path.stem.split("-")[0] not in owns


def test_other_files_in_the_folder_are_removed_and_do_no_harm(weights, tmp_path) -> None:
    turn = after_a_turn(weights, tmp_path)
    folder = files(tmp_path)[0].parent
    (folder / "README.txt").write_text("hello")
    (folder / "half.tmp").write_text("hello")
    engine = start(weights, tmp_path)
    write(engine, turn)
    engine.close()
    assert {path.suffix for path in files(tmp_path)} == {".safetensors"}


def test_other_weights_do_not_find_them(weights, tmp_path) -> None:
    after_a_turn(weights, tmp_path / "cache")
    model = tiny_models.reference(seed=9)
    (tmp_path / "other").mkdir()
    other = tiny_models.save_folder(model, tmp_path / "other")
    engine = start(other, tmp_path / "cache")
    assert engine.prefixes.longest(PROMPT) is None
    assert start(weights, tmp_path / "cache").prefixes.longest(PROMPT) is not None, "control"


def test_changed_weights_are_others(tmp_path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(bytes(100_000))
    facts, before = file.stat(), identity(file)
    raw = bytearray(100_000)
    raw[50_000] = 1
    file.write_bytes(raw)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert identity(file) != before, "the same length and date, other content"


def test_weights_are_known_by_their_digest_as_soon_as_there_is_one(tmp_path) -> None:
    cache, file = tmp_path / "cache", tmp_path / "model.gguf"
    file.write_bytes(b"weights")
    sampled = identity(file, cache)
    list(Digests(cache).compute(file))
    known = identity(file, cache)
    assert known != sampled
    assert known.startswith("sha256 ")
    os.utime(file, ns=(0, 0))
    assert identity(file, cache) not in (known, sampled), "nobody has read it since"
    list(Digests(cache).compute(file))
    assert identity(file, cache) == known, "the same bytes, whatever their date"


def test_a_cache_that_cannot_be_written_is_no_failure(weights, tmp_path) -> None:
    (tmp_path / PROMPT_CACHE).write_text("a file where the folder should be")
    turn = after_a_turn(weights, tmp_path)
    assert write(start(weights, tmp_path), turn) == write(TextEngine.load(weights), turn)


def beginning(first: int, count: int = 64) -> Prefix:
    numbers = torch.full((2, 1, count, 4), float(first))
    return Prefix([first] * count, numbers, -numbers)


def test_the_least_used_go_when_it_is_too_much(tmp_path) -> None:
    room = 3 * 5_000
    for first in range(5):
        store = DiskPrefixes(tmp_path, "model", SHAPE, room)
        store.keep(beginning(first))
        store.close()
        known = tmp_path.glob("*/*")
        for age, path in enumerate(sorted(known, key=lambda each: each.stat().st_mtime_ns)):
            os.utime(path, ns=(age * 10**9, age * 10**9))
        if first > 0:
            assert store.longest([1] * 64, False, 32) is not None, "used every time"
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= room
    assert store.longest([4] * 64, False, 32) is not None
    assert store.longest([0] * 64, False, 32) is None
    assert store.longest([2] * 64, False, 32) is None


def test_texts_of_another_sort_do_not_share(tmp_path) -> None:
    store = DiskPrefixes(tmp_path, "model", SHAPE)
    store.keep(beginning(1))
    store.close()
    assert store.longest([1] * 64, True, 32) is None
    assert store.longest([1] * 64, False, 32) is not None


def test_a_full_disk_is_left_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(disk_prefixes, "LEAST_FREE", 1 << 60)
    store = DiskPrefixes(tmp_path, "model", SHAPE)
    store.keep(beginning(1))
    store.close()
    assert not list(tmp_path.glob("*/*"))
