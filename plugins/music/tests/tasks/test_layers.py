"""Layers join at any bar: one length, one tempo, the same chords. Stems add up to the piece."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from plugins.music.tests.tasks import music_tasks
from studio.api import Kind
from studio_music.audio.audio_files import read_sound
from studio_music.audio.sound_checks import check_joint
from studio_music.compose.arc.layers import STRENGTHS, layered
from studio_music.score.piece import Piece, Tempo

pytestmark = pytest.mark.torch


def quick(bars: int = 2) -> Piece:
    return msgspec.structs.replace(music_tasks.tune(bars), tempos=(Tempo(0, 240),))


def test_layers_share_length_tempo_key_and_chords_and_grow() -> None:
    layers = dict(layered(music_tasks.tune(8), 1))
    assert [strength.name for strength in layers] == ["calm", "alert", "battle"]
    pieces = list(layers.values())
    for one, other in pairwise(pieces):
        assert (one.length, one.tempos, one.key) == (other.length, other.tempos, other.key)
        assert one.chords == other.chords
        assert one.bar_starts() == other.bar_starts()
    counts = [sum(len(track.notes) for track in piece.tracks) for piece in pieces]
    assert counts == sorted(counts)
    assert counts[-1] > 2 * counts[0]
    assert [strength.level for strength in STRENGTHS] == sorted(s.level for s in STRENGTHS)


def test_layers_are_loops_of_one_length_from_soft_to_loud() -> None:
    made = music_tasks.run(
        "layers", piece=music_tasks.plain(quick()), synth="studio", format="flac"
    )
    assert [part["name"] for part in made.result["parts"]] == ["calm", "alert", "battle"]
    sounds = [read_sound(a.payload) for a in made.artifacts if a.kind == Kind.AUDIO]
    assert len({len(samples) for samples, _ in sounds}) == 1
    assert len(sounds[0][0]) == 2 * 44_100
    assert all(check_joint(samples, rate).passed for samples, rate in sounds)
    loud = [float(np.sqrt((samples**2).mean())) for samples, _ in sounds]
    assert loud == sorted(loud)
    assert len([a for a in made.artifacts if a.kind == Kind.SCORE]) == 3


def test_stems_are_as_long_as_the_piece_and_add_up_without_clipping() -> None:
    layer = {s.name: p for s, p in layered(quick(), 1)}["battle"]
    made = music_tasks.run(
        "layers", piece=music_tasks.plain(layer), parts="stems", synth="studio", format="ogg"
    )
    sounds = [read_sound(a.payload)[0] for a in made.artifacts if a.kind == Kind.AUDIO]
    assert len(sounds) == len([track for track in layer.tracks if track.notes]) > 3
    assert {len(samples) for samples in sounds} == {2 * 44_100}
    peak = float(np.abs(np.sum(sounds, axis=0)).max())
    assert 0.1 < peak <= 1
