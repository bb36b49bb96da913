"""The mixer: what is sent to the room, how long that is, what the compressor does to the sum."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from studio.api import BadInput
from studio_music.audio.mix.mixdown import Mixdown
from studio_music.audio.mix.render import render_with
from studio_music.audio.mix.stems import stems
from studio_music.audio.playback.performance import BLOCK, Mixer, Performance
from studio_music.audio.synth.builtin_synth import BuiltinSynth
from studio_music.audio.synth.protocol import Tones
from studio_music.score.formats.midi.files import read, write
from studio_music.score.piece import Mix, Note, Piece, Tempo, Track, checked

RATE = 22_050


@pytest.fixture(scope="module")
def tones() -> Tones:
    return Tones(BuiltinSynth(RATE))


PLAIN = Mix()


def band(mix: Mix = PLAIN, **changes: object) -> Piece:
    """A loud drum over a soft tune: what a compressor is for."""
    tune = tuple(Note(i * 240, 60 + i % 5, 220, 55) for i in range(16))
    beat = tuple(Note(i * 480, 36, 60, 120) for i in range(8))
    tracks = (Track("tune", tune, 73), Track("kit", beat, drums=True))
    tracks = tuple(replace(track, **changes) for track in tracks)
    return Piece(tempos=(Tempo(0, 120.0),), length=3840, tracks=tracks, mix=mix)


def rendered(piece: Piece, tones: Tones, *, loop: bool = False) -> np.ndarray:
    *_, samples = render_with(tones, piece, loop=loop)
    assert isinstance(samples, np.ndarray)
    return samples


def played(piece: Piece, tones: Tones, frames: int) -> np.ndarray:
    """Return what the window would play, (frames, 2)."""
    mixer, performance = Mixer(RATE), Performance(Mixdown(piece, tones), 0)
    moment, blocks = mixer.silence(), []
    while len(blocks) * BLOCK < frames + BLOCK:
        block = mixer.play(performance, moment)
        moment = block.after
        blocks.append(block.samples)
    return np.concatenate(blocks)[512 : 512 + frames]  # compressor and limiter are late


def crest(sound: np.ndarray) -> float:
    """Return decibels of the peak over the root of the mean square."""
    return float(20 * np.log10(np.abs(sound).max() / np.sqrt(np.square(sound).mean())))


def decay(sound: np.ndarray) -> float:
    """Return seconds from the loudest 10 ms after the last note to 40 dB below, by energy."""
    hop = RATE // 100
    power = np.square(sound[: len(sound) // hop * hop]).reshape(-1, hop * 2).sum(axis=1)
    left = np.cumsum(power[::-1])[::-1]
    return float(np.argmax(left < 1e-4 * left[0]) / 100)


def test_compression_makes_the_peaks_smaller_and_not_the_loudness(tones: Tones) -> None:
    crests = [crest(rendered(band(Mix(compression=c)), tones)) for c in (0.0, 0.5, 1.0)]
    assert crests[0] - 1 > crests[1] > crests[2] + 1
    levels = [
        np.sqrt(np.square(played(band(Mix(compression=c)), tones, 3 * RATE)).mean())
        for c in (0.0, 1.0)
    ]
    assert abs(20 * np.log10(levels[1] / levels[0])) < 3, "as loud as before"


def test_a_longer_room_and_a_larger_share_sound_longer(tones: Tones) -> None:
    click = Track("kit", (Note(0, 37, 60, 120),), drums=True)
    one = Piece(tempos=(Tempo(0, 120.0),), length=480, tracks=(click,))
    rooms = [decay(rendered(replace(one, mix=Mix(room)), tones)) for room in (0.4, 1.3, 4.0)]
    assert rooms[2] > 1.5 * rooms[1] > 2 * rooms[0]
    shares = [
        decay(rendered(replace(one, tracks=(replace(click, reverb=share),)), tones))
        for share in (0.0, 0.1, 0.3, 1.0)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 3 * shares[0]


def test_each_track_has_a_share_of_its_own(tones: Tones) -> None:
    tune, kit = band().tracks
    dry = replace(band(), tracks=(replace(tune, reverb=0.0), replace(kit, volume=0.0)))
    mixed = replace(band(), tracks=(replace(tune, reverb=0.0), replace(kit, reverb=1.0)))
    buses = []
    for piece in (dry, mixed):
        buses.append(np.zeros((3, RATE), np.float32))
        Mixdown(piece, tones).mix_into(buses[-1], 0)
    assert not buses[0][2].any()
    assert np.allclose(buses[1][2], (buses[1][:2] - buses[0][:2]).mean(axis=0) / 0.3, atol=1e-5)


@pytest.mark.parametrize("mix", [Mix(), Mix(3.0, 0.7)])
def test_what_is_played_is_what_is_exported(tones: Tones, mix: Mix) -> None:
    # So soft that no limiter has a say.
    piece = band(mix, volume=0.3, reverb=0.5, compression=mix.compression)
    file = rendered(piece, tones)[: 3 * RATE]
    heard = played(piece, tones, len(file))
    gain = (file * heard).sum() / (heard * heard).sum()
    off = np.sqrt(np.square(file - gain * heard).mean() / np.square(file).mean())
    assert 20 * np.log10(off) < -60, "but for their loudness"


def test_a_track_is_compressed_by_itself_and_alike_from_wherever_it_is_played(
    tones: Tones,
) -> None:
    tune, kit = band().tracks
    swelling = tuple(replace(note, velocity=40 + 5 * n) for n, note in enumerate(tune.notes))
    tune, ranges, whole = replace(tune, notes=swelling), [], np.zeros((3, 4 * RATE), np.float32)
    for amount in (0.0, 1.0):
        timeline = Mixdown(Piece(tracks=(replace(tune, compression=amount),)), tones)
        whole[:] = 0
        timeline.mix_into(whole, 0)
        loud = np.sqrt(np.square(whole[0]).reshape(8, -1).mean(axis=1))
        ranges.append(float(20 * np.log10(loud.max() / loud[0])))
    assert ranges[1] < ranges[0] - 4, "decibels from the softest to the loudest"
    later = np.zeros((3, RATE), np.float32)
    fresh = Mixdown(Piece(tracks=(replace(tune, compression=1.0), kit)), tones)
    fresh.mix_into(later, 3 * RATE - 100)
    beside = np.zeros_like(later)
    Mixdown(Piece(tracks=(kit,)), tones).mix_into(beside, 3 * RATE - 100)
    assert np.allclose(later - beside, whole[:, 3 * RATE - 100 : 4 * RATE - 100], atol=1e-4), (
        "the other track is as it was"
    )


def test_stems_add_up_to_the_compressed_whole(tones: Tones) -> None:
    piece = band(Mix(1.0, 1.0), compression=0.6)
    *_, made = stems(piece, RATE, "studio")
    assert isinstance(made, list)
    total = np.sum([sound for _, sound in made], axis=0)
    whole = rendered(piece, tones, loop=True)
    gain = (whole * total).sum() / (total * total).sum()
    assert np.sqrt(np.square(whole - gain * total).mean() / np.square(whole).mean()) < 0.02


def test_the_mix_is_saved_with_the_piece_and_told_to_other_programs() -> None:
    piece = band(Mix(2.5, 0.4), reverb=0.8, compression=0.3)
    assert read(write(piece)).piece.mix == piece.mix
    assert read(write(piece)).piece.tracks == piece.tracks
    plain = write(piece).replace(b"offline-studio/piece/1", b"offline-studio/other/1")
    assert read(plain).piece.tracks[0].reverb == pytest.approx(0.8, abs=0.01)
    assert read(plain).piece.mix == Mix()


@pytest.mark.parametrize("mix", [Mix(60.0), Mix(1.0, 7.0), Mix(-1.0)])
def test_a_mix_that_cannot_be_is_refused(mix: Mix) -> None:
    with pytest.raises(BadInput):
        checked(band(mix))
    with pytest.raises(BadInput, match="not from 0 to 1"):
        checked(band(reverb=3.0))
    with pytest.raises(BadInput, match="The compression of “tune”"):
        checked(band(compression=3.0))


def test_muted_tracks_are_not_called_empty() -> None:
    note = Note(0, 60, 480)
    for tracks, words in (
        ((Track("A", (note,), muted=True),), "All tracks of “X” are muted"),
        ((Track("A"),), "has no notes"),
    ):
        with pytest.raises(BadInput, match=words):
            list(stems(Piece("X", length=480, tracks=tracks), RATE, "studio"))
