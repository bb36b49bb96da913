"""Rules between voices: what is counted as a fault, and that lines are drawn around it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plugins.music.tests.tasks import music_tasks  # noqa: E402
from studio_music.compose.chorales.lines import VALUES, Rules, drawn  # noqa: E402
from studio_music.compose.chorales.masked_sampler import MaskedSampler  # noqa: E402
from studio_music.compose.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, REST  # noqa: E402
from studio_music.score.piece import Key, Note, Piece, Track  # noqa: E402
from studio_music.score.theory.voice_leading import leading_of, rows_of  # noqa: E402

pytestmark = pytest.mark.torch


def test_parallel_fifths_and_octaves_are_found_and_nothing_else() -> None:
    fifths = [(79, 72, 64, 60), (81, 72, 65, 62)]
    assert [(p.interval, p.upper, p.lower) for p in leading_of(fifths).parallels] == [
        ("fifths", 0, 3)
    ]
    octaves = [(72, 67, 64, 48), (72, 67, 64, 48), (74, 65, 65, 50)]
    found = leading_of(octaves)
    assert [(p.row, p.interval) for p in found.parallels] == [(2, "octaves")]
    assert (found.moves, found.per_hundred) == (1, 100)
    contrary = [(72, 67, 64, 48), (71, 67, 62, 55)]
    held = [(72, 67, 64, 48), (76, 67, 60, 48)]
    assert not leading_of(contrary).parallels
    assert not leading_of(held).parallels
    assert not leading_of([(72, -1, 64, 48), (74, -1, 65, -1)]).parallels


def test_leaps_ranges_and_crossings_are_counted() -> None:
    found = leading_of([(72, 67, 64, 48), (72, 67, 64, 60), (72, 59, 64, 57), (90, 67, 64, 57)])
    assert (found.bass_moves, found.bass_leaps) == (2, 1)
    assert (found.crossings, found.out_of_range, found.wide) == (1, 1, 2)


def test_only_a_piece_for_four_voices_has_rows() -> None:
    roles = ("soprano", "alto", "tenor", "bass voice")
    tracks = tuple(
        Track(role, (Note(0, 72 - 7 * n, 240),), role=role) for n, role in enumerate(roles)
    )
    assert rows_of(Piece(length=240, tracks=tracks)) == [[72, 65, 58, 51]] * 2
    assert rows_of(Piece(length=240, tracks=tracks[:3])) is None


def test_a_line_is_drawn_by_weight_and_led_away_from_what_costs() -> None:
    scores = np.full((3, VALUES), -np.inf)
    scores[:, 20], scores[:, 22] = 0.0, 1.0
    free = [np.zeros((VALUES, VALUES))] * 2
    chances = np.random.default_rng(1).random((400, 3))
    lines = np.array([drawn(scores, free, row) for row in chances])
    assert set(lines.ravel()) == {20, 22}
    assert (lines == 22).mean() == pytest.approx(np.e / (1 + np.e), abs=0.04)
    same = free[0].copy()
    same[22, 22] = 50.0
    led = np.array([drawn(scores, [same, same], row) for row in chances])
    assert not ((led[:, 1:] == 22) & (led[:, :-1] == 22)).any()


def test_parallels_leaps_and_unresolved_leading_notes_cost() -> None:
    rules, alone = Rules(Key("C")), [0] * 4

    def cost(voice: int, was: int, is_: int, before: list[int], now: list[int]) -> float:
        open_ = [pitch - LOWEST if pitch else REST for pitch in (*before, *now)]
        table = rules.step(voice, np.array(open_[:4]), np.array(open_[4:]))
        return float(table[was - LOWEST, is_ - LOWEST])

    assert cost(3, 60, 62, [79, 0, 0, 0], [81, 0, 0, 0]) > 10, "fifths"
    assert cost(1, 67, 69, [79, 0, 0, 0], [81, 0, 0, 0]) > 10, "octaves"
    assert cost(3, 60, 59, [79, 0, 0, 0], [81, 0, 0, 0]) < 1, "contrary"
    assert cost(3, 60, 60, [79, 0, 0, 0], [81, 0, 0, 0]) == 0, "held"
    assert (
        cost(3, 50, 60, alone, alone)
        > cost(3, 48, 60, alone, alone)
        > cost(3, 53, 60, alone, alone)
    )
    assert cost(3, 59, 55, alone, alone) > cost(3, 60, 56, alone, alone), "the leading note"
    assert rules.chord(1, np.array([71 - LOWEST, REST, REST, REST]))[59 - LOWEST] > 0, "doubled"


def test_what_knows_nothing_writes_no_parallels() -> None:
    torch.manual_seed(2)
    network = ChoraleNetwork("gru", 32, 1).eval()
    melody = np.repeat([72, 74, 76, 77, 79, 77, 76, 74, 72, 71, 72, 74, 72, 72], 4)
    cells = np.full((len(melody), 4), MASKED)
    cells[:, 0] = melody - LOWEST
    places = np.arange(len(melody)) % 4
    rng = torch.Generator().manual_seed(1)
    filling = MaskedSampler(network, cells, places, 1.0, rng)
    list(filling.fill(3))
    found = leading_of((filling.cells + LOWEST).tolist())
    assert found.moves > 20
    assert found.per_hundred <= 5
    assert found.crossings == 0


def test_the_result_tells_key_and_parallels() -> None:
    made = music_tasks.run("harmonise", piece=music_tasks.plain(music_tasks.tune()), audio=False)
    rows = rows_of(music_tasks.score_of(made))
    assert rows is not None
    found = leading_of(rows)
    assert made.result["key"] == "D minor"
    assert made.result["parallels"] == len(found.parallels)
    assert made.result["moves"] == found.moves
    assert "voice leading" in {check["name"] for check in made.result["checks"]}
