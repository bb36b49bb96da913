"""What the bench of the music models is made of: figures whose truth is known."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.music import jsb, likelihood, models  # noqa: E402
from benchmarks.music.models import (  # noqa: E402
    intervals,
    longest_shared,
    named_share,
)
from studio_music.compose.chorales import weights as chorales  # noqa: E402
from studio_music.compose.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.compose.chorales.vocabulary import LOWEST, PITCHES  # noqa: E402
from studio_music.compose.tunes import weights as tunes  # noqa: E402
from studio_music.compose.tunes.network import TuneNetwork  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_copy_of_the_split_is_whole() -> None:
    pieces = jsb.read()
    assert {part: len(grids) for part, grids in pieces.items()} == {"test": 77, "valid": 76}
    assert sum(len(grid) for grid in pieces["test"]) == 18_900
    assert pieces["test"][0][4].tolist() == [72, 60, 55, 52]


def constant(pitch: int | None = None) -> ChoraleNetwork:
    """A network that thinks all pitches alike, or one of them certain."""
    torch.manual_seed(0)
    network = ChoraleNetwork("transformer", 64, 1).eval().requires_grad_(False)
    network.out.weight.zero_()
    network.out.bias.zero_()
    if pitch is not None:
        network.out.bias.view(4, -1)[:, pitch - LOWEST] = 50.0
    return network


def test_who_knows_nothing_is_surprised_by_the_log_of_all_values() -> None:
    grid = jsb.read()["test"][0]
    rng = np.random.default_rng(0)
    assert likelihood.any_order(constant(), grid, 2, rng) == pytest.approx(log(PITCHES + 1))
    total, count = likelihood.start_to_end(constant(), grid, every=50, first=3)
    assert count == 4 * len(range(3, len(grid), 50))
    assert total / count == pytest.approx(log(PITCHES + 1))


def test_who_is_right_is_not_surprised() -> None:
    grid = np.full((40, 4), 60)
    assert likelihood.any_order(constant(60), grid, 2, np.random.default_rng(0)) < 1e-6
    assert likelihood.start_to_end(constant(60), grid, 7, 0)[0] < 1e-6
    assert likelihood.any_order(constant(61), grid, 2, np.random.default_rng(0)) > 40


def test_nothing_of_what_is_asked_is_shown() -> None:
    """Cells after the asked one, and the asked one, make no difference to what is thought of it."""
    torch.manual_seed(0)
    network = ChoraleNetwork("gru", 64, 1).eval()
    grid = jsb.read()["test"][0][:40]
    other = grid.copy()
    other[21:] = 60
    first, count = likelihood.start_to_end(network, grid, every=40, first=20)
    assert count == 4
    assert likelihood.start_to_end(network, other, every=40, first=20)[0] == first


def test_chords_that_have_a_name() -> None:
    chords = np.array([[72, 67, 64, 60], [72, 66, 61, 60], [-1, -1, -1, -1], [77, 71, 67, 62]])
    assert named_share(chords, every=1) == pytest.approx(2 / 3)


def test_the_longest_shared_run_is_free_of_key() -> None:
    known = intervals([60, 62, 64, 65, 67, 60], [2, 2, 2, 2, 2, 4])
    moved = intervals([70, 72, 74, 75, 60, 61], [2, 2, 2, 2, 2, 2])
    assert longest_shared(moved, [known]) == 3
    assert longest_shared(intervals([60, 61, 60], [1, 1, 1]), [known]) == 0


def test_all_figures_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With untrained networks, two short pieces, and a corpus of one tune and one chorale."""
    grid = jsb.read()["test"][0][:64]
    few = {"test": [grid], "valid": [grid]}
    monkeypatch.setattr(jsb, "read", lambda: few)
    monkeypatch.setattr(models, "WRITTEN", 1)
    save_untrained(tmp_path)
    np.savez(tmp_path / "chorales.npz", grid=grid, length=[len(grid)])
    np.savez(tmp_path / "tunes.npz", pitch=[20, 21], duration=[5, 5], heads=[[2, 0, 0, 4, 1, 1]])
    monkeypatch.setenv("STUDIO_BENCH_MUSIC_CORPUS", str(tmp_path))
    monkeypatch.setenv("STUDIO_BENCH_MUSIC_BASELINE", str(tmp_path / "music-chorales.safetensors"))
    figures = models.measure(Context(tmp_path))
    assert figures["chorales"] == {k: v for k, v in figures["baseline"].items() if k != "network"}
    assert 3 < figures["chorales"]["any order"]["test"] < 6
    assert figures["ratio"] == round(figures["chorales"]["start to end"]["valid"] / 0.417, 2)
    assert figures["harmony"]["the same of Bach's own voices"] == 16
    assert figures["tunes"]["notes a second"] > 0


class Context:
    def __init__(self, folder: Path) -> None:
        self.scratch = folder

    def say(self, text: str) -> None:
        assert text

    def weights_path(self, weights: str) -> Path:
        return self.scratch / f"{weights}.safetensors"


def save_untrained(folder: Path) -> None:
    torch.manual_seed(0)
    shape: dict[str, Any] = {"kind": "gru", "width": 64, "depth": 1}
    chorale = ChoraleNetwork(**shape).state_dict()
    chorales.save(folder / "music-chorales.safetensors", chorale, shape, {})
    tune = TuneNetwork(**shape).state_dict()
    tunes.save(folder / "music-tunes.safetensors", tune, shape, {}, {})
