"""Voices that are set from start to end: what holds whatever the network proposes."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.music import likelihood  # noqa: E402
from plugins.music.tests.tasks.test_chorales import set_in_four, sounding, tune  # noqa: E402
from studio.api import finished  # noqa: E402
from studio_music.compose.chorales import causal_search, weights  # noqa: E402
from studio_music.compose.chorales.causal_network import (  # noqa: E402
    VALUES,
    CausalNetwork,
    holds,
    nats,
    shifted,
)
from studio_music.compose.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.compose.chorales.vocabulary import MASKED  # noqa: E402
from studio_music.score.theory.voice_leading import leading_of, rows_of  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def model() -> weights.Chorales:
    torch.manual_seed(4)
    masked, causal = ChoraleNetwork("gru", 32, 1), CausalNetwork(64, 1)
    return weights.Chorales(masked.eval(), causal.eval().requires_grad_(False))


def test_the_soprano_is_kept_and_the_others_keep_the_rules(model: weights.Chorales) -> None:
    piece = tune(72, rest=4)
    made = set_in_four(piece, model=model)
    assert made.tracks[0].notes == piece.tracks[0].notes
    rows = rows_of(made)
    assert rows is not None
    found = leading_of(rows)
    assert (found.crossings, found.out_of_range) == (0, 0)
    assert found.per_hundred < 5
    heard = np.array([sounding(track, made.length) for track in made.tracks])
    silent = (heard < 0).all(axis=0)
    assert silent.sum() == 16
    assert not (heard[:, ~silent] < 0).any()
    starts = {note.start for track in made.tracks[1:] for note in track.notes}
    assert all(start % 240 == 0 for start in starts)


def test_the_seed_decides_and_another_voice_is_given_to_the_other_network(
    model: weights.Chorales,
) -> None:
    first = set_in_four(tune(72), model=model)
    assert set_in_four(tune(72), model=model) == first
    assert set_in_four(tune(72), model=model, seed=2) != first
    assert set_in_four(tune(72), model=weights.Chorales(model.network)) != first
    alto = set_in_four(tune(65), "alto", model=model)
    assert alto == set_in_four(tune(65), "alto", model=weights.Chorales(model.network))


def test_voices_move_between_beats_too_where_they_are_stirred(
    model: weights.Chorales, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moves() -> int:
        made = set_in_four(tune(72), model=model)
        heard = np.array([sounding(track, made.length) for track in made.tracks[1:]])
        return int((heard[:, 2::4] != heard[:, 0::4]).any(axis=0).sum())

    stirred = moves()
    monkeypatch.setattr(causal_search, "_STIR", -20.0)
    assert stirred > moves()


def test_a_step_knows_nothing_of_what_comes(model: weights.Chorales) -> None:
    assert model.causal is not None
    torch.manual_seed(1)
    cells = torch.randint(10, 50, (1, 12, 4))
    other = cells.clone()
    other[:, 8:] = torch.randint(10, 50, (1, 4, 4))
    places = torch.arange(12)[None] % 4
    one, two = (nats(model.causal, c, places, places * 0, told=False) for c in (cells, other))
    assert torch.allclose(one[:, :8], two[:, :8], atol=1e-5)
    assert not torch.allclose(one[:, 8:], two[:, 8:])
    alone = cells.clone()
    alone[0, 5, 1] = 9
    order = nats(model.causal, alone, places, places * 0, told=False)[0, 5]
    assert torch.allclose(order[[0, 3, 2]], one[0, 5, [0, 3, 2]], atol=1e-5), "the alto is last"


def test_holds_count_the_steps_since_a_voice_moved() -> None:
    cells = torch.tensor([5, 5, 5, 6, 6, 5]).view(1, 6, 1).expand(1, 6, 4)
    assert holds(cells)[0, :, 0].tolist() == [0, 1, 2, 3, 1, 2]
    assert shifted(cells)[0, :, 0].tolist() == [MASKED, 5, 5, 5, 6, 6]


def test_who_knows_nothing_is_surprised_by_the_log_of_all_values() -> None:
    network = CausalNetwork(64, 1).eval().requires_grad_(False)
    for head in (*network.pitch, *network.interval):
        head.weight.zero_()
        head.bias.zero_()
    grid = np.full((9, 4), 60)
    for told, count in ((False, 36), (True, 27)):
        total, cells = likelihood.causal(network, grid, told=told)
        assert cells == count
        assert total / cells == pytest.approx(log(VALUES))


def test_both_networks_lie_in_one_file(model: weights.Chorales, tmp_path: Path) -> None:
    assert model.causal is not None
    path = tmp_path / "own.safetensors"
    shape = {"kind": "gru", "width": 32, "depth": 1, "causal": {"width": 64, "depth": 1}}
    causal = model.causal.half().float()
    weights.save(path, model.network.state_dict(), shape, {}, causal.state_dict())
    loaded = finished(weights.loader().load(path, "cpu"))
    assert set_in_four(tune(72), model=loaded) == set_in_four(tune(72), model=model)
