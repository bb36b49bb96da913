"""A scale through a real sound server with nothing behind it, read back: its pitches, no gap.

Says nothing about time: such a server may take seconds to begin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.testing.sound_server import PATIENCE, sound_server, until

RATE = 44100
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
NOTE = 0.5
TRIES = 3
GAP = 0.005  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="PulseAudio is a server of Linux"),
]

PLAY = """
import sys, time
from studio_music.score.piece import Note, Piece, Tempo, Track
from studio_music.audio.playback.player import Player
pitches = [int(word) for word in sys.argv[1:]]
notes = tuple(Note(i * 480, pitch, 480, 100) for i, pitch in enumerate(pitches))
piece = Piece(
    tempos=(Tempo(0, 120.0),), length=480 * len(notes), tracks=(Track("scale", notes, 79),)
)
player = Player("studio")
while not (player.synth or player.trouble):
    time.sleep(0.01)
player.play(piece)
ticks = []
while player.playing:
    ticks.append(player.tick)
    time.sleep(0.01)
time.sleep(2.0)  # it rings on
player.close()
assert not player.trouble, player.trouble
assert ticks == sorted(ticks), "the place went back"
print(player.underruns)
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A PulseAudio of the test's own, whose only device is a null sink."""
    lines = (
        f"load-module module-null-sink sink_name=nowhere rate={RATE} channels=2",
        "set-default-sink nowhere",
        "set-default-source nowhere.monitor",
    )
    with sound_server(tmp_path, monkeypatch, lines):
        yield


def played(tmp_path: Path) -> tuple[np.ndarray, int]:
    """Return what went into the sink, (frames,), and how often the player missed a deadline."""
    recording = tmp_path / "recording.raw"
    words = ["parec", "-d", "nowhere.monitor", "--raw", "--format=float32le", "--channels=1"]
    with recording.open("wb") as file:
        ear = subprocess.Popen([*words, f"--rate={RATE}"], stdout=file)
        try:
            until(lambda: recording.stat().st_size > 0)
            player = subprocess.run(
                [sys.executable, "-c", PLAY, *map(str, SCALE)],
                env=dict(os.environ), capture_output=True, text=True, timeout=PATIENCE * 2,
                check=False,
            )  # fmt: skip
        finally:
            ear.terminate()
            ear.wait(PATIENCE)
    assert player.returncode == 0, player.stderr
    return np.fromfile(recording, np.float32), int(player.stdout.split()[-1])


def pitch(sound: np.ndarray) -> int:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 17))
    hertz = float(np.argmax(spectrum)) * RATE / (1 << 17)
    return round(69 + 12 * np.log2(max(hertz, 1) / 440))


def longest_silence(sound: np.ndarray) -> float:
    """Return the seconds of the longest stretch in which nothing is heard."""
    loud = np.flatnonzero(np.abs(sound) > 1e-4)
    return float(np.diff(loud).max()) / RATE


def scale_of(sound: np.ndarray) -> np.ndarray:
    """Return as much of what arrived as the scale lasts, from its first sound on."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    assert len(loud), "nothing arrived"
    return sound[loud[0] : loud[0] + round(len(SCALE) * NOTE * RATE)]


@pytest.mark.usefixtures("server")
def test_a_scale_arrives_with_its_pitches_in_order_and_without_a_gap(tmp_path: Path) -> None:
    for _ in range(TRIES):
        sound, missed = played(tmp_path)
        scale = scale_of(sound)
        # A machine that is too busy leaves gaps, and the player counts them: once more, then.
        if longest_silence(scale) < GAP or not missed:
            break
    if longest_silence(scale) >= GAP and missed:
        pytest.skip(f"the machine was too busy {TRIES} times: the player counted {missed} gaps")
    assert longest_silence(scale) < GAP, "a gap that the player did not count"
    middle, width = round(NOTE / 2 * RATE), round(NOTE / 5 * RATE)
    centres = [round(i * NOTE * RATE) + middle for i in range(len(SCALE))]
    heard = [pitch(scale[at - width : at + width]) for at in centres]
    assert heard == list(SCALE)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 1
