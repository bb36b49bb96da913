"""Packed weights on disk save the packing, change no bit, and are never trusted blindly."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from studio.runtime.engines.text.caches import packed_weights
from studio.runtime.engines.text.caches.packed_weights import PackedCache, parts_of
from studio.runtime.engines.text.caches.paths import PACKED
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.formats.quantised_embedding import QuantisedEmbedding
from studio.runtime.engines.text.kernels.huge_pages import Moving
from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix, bands, can_pack
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
IDS = torch.arange(3, 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


def loaded(path: Path, cache: Path | None) -> TextEngine:
    steps = load_steps(path, cache=cache)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def scores(engine: TextEngine) -> torch.Tensor:
    return engine.model(IDS, engine.model.new_cache(64))


@pytest.fixture
def no_packing(monkeypatch):
    """From here on, whatever packs fails."""

    def fail(*_: object) -> None:
        raise AssertionError("packed again")

    return lambda: monkeypatch.setattr(PackedMatrix, "write", fail)


def test_the_second_load_packs_nothing_and_has_the_same_bits(folder, tmp_path, no_packing) -> None:
    first = scores(loaded(folder, tmp_path))
    assert torch.equal(first, scores(loaded(folder, None)))
    no_packing()
    with pytest.raises(AssertionError, match="packed again"):
        loaded(folder, None)  # control
    assert torch.equal(first, scores(loaded(folder, tmp_path)))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_once_all_is_moved_the_file_is_no_longer_mapped(folder, tmp_path, monkeypatch) -> None:
    first = scores(loaded(folder, tmp_path))
    monkeypatch.setattr(Moving, "start", lambda self: None)
    engine = loaded(folder, tmp_path)
    is_mapped = lambda: str(tmp_path / PACKED) in Path("/proc/self/maps").read_text()  # noqa: E731
    assert is_mapped(), "control"
    engine.model.moving.run()
    gc.collect()
    assert not is_mapped()
    assert torch.equal(first, scores(engine))


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def shortened(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize("damage", [flipped, shortened, emptied, zeroed])
def test_a_damaged_file_is_made_anew(damage, folder, tmp_path, caplog, no_packing) -> None:
    first = scores(loaded(folder, tmp_path))
    (file,) = (tmp_path / PACKED).iterdir()
    damage(file)
    assert torch.equal(first, scores(loaded(folder, tmp_path)))
    assert "prepared again" in caplog.text
    no_packing()
    assert torch.equal(first, scores(loaded(folder, tmp_path)))


def test_weights_that_changed_on_disk_are_packed_again(tmp_path) -> None:
    path, cache = tmp_path / "model", tmp_path / "cache"
    path.mkdir()
    tiny_models.save_folder(tiny_models.reference(seed=1), path)
    before = scores(loaded(path, cache))
    tiny_models.save_folder(tiny_models.reference(seed=2), path)
    after = scores(loaded(path, cache))
    assert not torch.equal(before, after)
    assert torch.equal(after, scores(loaded(path, None)))


def matrices(seed: int = 0) -> dict[str, PackedMatrix]:
    values = torch.randn(128, 64, generator=torch.Generator().manual_seed(seed))
    return {"one": PackedMatrix.of_floats(values)}


def test_the_folder_stays_within_its_bound_and_forgets_the_oldest(tmp_path) -> None:
    size = 9_000  # of one
    for number in range(4):
        list(PackedCache(tmp_path, f"model {number}", 3 * 12_000).keep(matrices(number)))
        for file in tmp_path.iterdir():
            os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 60))
    (tmp_path / "torn.part").write_bytes(b"x")
    list(PackedCache(tmp_path, "model 4", 3 * 12_000).keep(matrices(4)))
    assert not (tmp_path / "torn.part").exists()
    assert size < sum(file.stat().st_size for file in tmp_path.iterdir()) <= 3 * 12_000
    empty = {"one": PackedMatrix(64, bands([(0, 128, "F32")]))}
    assert _result(PackedCache(tmp_path, "model 4").fill(empty))
    assert not _result(PackedCache(tmp_path, "model 0").fill(empty))


@pytest.mark.parametrize(("free", "is_kept"), [(50_000, False), (200_000, True)])
def test_a_model_beyond_the_bound_is_kept_where_the_disk_is_large(
    tmp_path, monkeypatch, free: int, is_kept: bool
) -> None:
    monkeypatch.setattr(packed_weights, "MOST_BYTES", 1)
    monkeypatch.setattr(packed_weights, "LEAST_FREE", 0)
    monkeypatch.setattr(packed_weights.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    list(PackedCache(tmp_path, "large").keep(matrices()))  # 9 kB
    assert bool(list(tmp_path.iterdir())) == is_kept


def _result(steps) -> bool:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_disk_that_refuses_is_no_failure(folder, tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = loaded(folder, tmp_path / "file")
    assert "cannot be kept" in caplog.text
    assert scores(engine).isfinite().all()


def test_a_disk_that_fills_while_it_is_written_leaves_no_file_behind(tmp_path, caplog) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))  # of about 9,000 bytes
    try:
        list(PackedCache(tmp_path, "model").keep(matrices()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot be kept" in caplog.text
    assert list(tmp_path.iterdir()) == []
    list(PackedCache(tmp_path, "model").keep(matrices()))
    assert len(list(tmp_path.iterdir())) == 1, "the control: with room it is kept"


def test_a_load_that_is_cancelled_leaves_no_file_behind(folder, tmp_path) -> None:
    matrix = matrices()
    steps = PackedCache(tmp_path, "model").keep(matrix)
    next(steps)
    assert list(tmp_path.iterdir()), "control: it is being written"
    steps.close()
    assert not list(tmp_path.iterdir())


def test_all_products_of_a_model_are_kept_and_last_its_embedding(folder) -> None:
    names = list(parts_of(loaded(folder, None).model))
    assert {"head", "blocks.0.attention.qkv", "blocks.2.feed_forward.down"} <= set(names)
    assert names[-1] == "embedding"


def test_rows_of_any_length_are_kept_and_their_last_byte_is_looked_at(tmp_path) -> None:
    rows, again = (QuantisedEmbedding((3, 5), "Q", 1, 5) for _ in range(2))
    rows.write(0, torch.arange(15, dtype=torch.uint8).view(3, 5))
    list(PackedCache(tmp_path, "model").keep({"embedding": rows}))
    assert _result(PackedCache(tmp_path, "model").fill({"embedding": again}))
    assert torch.equal(again.memory, rows.memory)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert not _result(PackedCache(tmp_path, "model").fill({"embedding": again}))


_GROWTH = """
import sys
from pathlib import Path
import torch
from studio.runtime.engines.text.engine import TextEngine
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))
before = resident()
engine = TextEngine.load(Path(sys.argv[1]))
print(resident() - before, engine.weights_bytes - engine.prefixes.most_bytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_load_takes_the_memory_that_is_counted(starter) -> None:
    words = [sys.executable, "-c", _GROWTH, str(starter)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=600)
    grown, counted = map(int, done.stdout.split())
    assert grown == pytest.approx(counted, rel=0.1)
