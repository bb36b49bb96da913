"""What the buttons of a film ask of a player; ``test_viewers`` plays one with QtMultimedia."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.viewers.video_player import VideoPlayer

State = Enum("State", "StoppedState PlayingState PausedState")
Status = Enum("Status", "LoadedMedia EndOfMedia")
Loops = Enum("Loops", {"Infinite": -1, "Once": 1})


class Film(QObject):
    """Two seconds of ten pictures each, with sound; it answers as a ``QMediaPlayer`` does."""

    errorOccurred, playbackStateChanged, mediaStatusChanged = Signal(), Signal(), Signal(object)
    durationChanged, positionChanged = Signal(int), Signal(int)
    PlaybackState, MediaStatus, Loops = State, Status, Loops

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.at, self.state, self.loops = 0, State.StoppedState, 1
        self.isAvailable = self.hasAudio = self.hasVideo = lambda: True
        self.setVideoSink = self.setAudioOutput = lambda _: None
        self.metaData = lambda: SimpleNamespace(value=lambda _: 10.0)
        self.position, self.duration = lambda: self.at, lambda: 2000
        self.playbackState = lambda: self.state
        self.play = lambda: self.go(State.PlayingState)
        self.pause = lambda: self.go(State.PausedState)
        self.stop = lambda: self.go(State.StoppedState)

    def go(self, state: State) -> None:
        self.state = state
        self.playbackStateChanged.emit()

    def setSourceDevice(self, *_: Any) -> None:
        self.durationChanged.emit(2000)
        self.mediaStatusChanged.emit(Status.LoadedMedia)

    def setPosition(self, at: int) -> None:
        self.at = at
        self.positionChanged.emit(at)

    def setLoops(self, loops: int) -> None:
        self.loops = loops


class Sound(QObject):
    """A loudspeaker."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.volume, self.muted = 0.0, False

    def setVolume(self, volume: float) -> None:
        self.volume = volume

    def setMuted(self, muted: bool) -> None:
        self.muted = muted

    def isMuted(self) -> bool:
        return self.muted


class Sink(QObject):
    """Where the pictures arrive."""

    videoFrameChanged = Signal(object)


@pytest.fixture
def player(look: Appearance, qtbot: Any, tmp_path: Path) -> VideoPlayer:
    (tmp_path / "film.mp4").write_bytes(b"never decoded")
    device = SimpleNamespace(isNull=lambda: False)
    media = SimpleNamespace(
        QMediaPlayer=Film,
        QVideoSink=Sink,
        QAudioOutput=Sound,
        QMediaDevices=SimpleNamespace(defaultAudioOutput=lambda: device),
        QMediaMetaData=SimpleNamespace(Key=SimpleNamespace(VideoFrameRate=0)),
        QtAudio=SimpleNamespace(
            VolumeScale=SimpleNamespace(LogarithmicVolumeScale=0, LinearVolumeScale=1),
            convertVolume=lambda volume, _from, _to: volume**2,
        ),
    )
    view = VideoPlayer(look, media, tmp_path / "film.mp4", 320)
    qtbot.addWidget(view)
    view.show()
    assert not view.slider.isEnabled(), "opened before Play"
    view.button.click()
    return view


def test_play_becomes_pause_and_what_is_hidden_holds(player: VideoPlayer) -> None:
    assert player.button.accessibleName() == "Pause"
    player.button.click()
    assert (player.player.state, player.button.accessibleName()) == (State.PausedState, "Play")
    player.button.click()
    player.hide()
    assert player.player.state is State.PausedState


def test_it_is_wound_and_goes_picture_by_picture(player: VideoPlayer) -> None:
    player.slider.setValue(1000)
    assert (player.player.at, player.time.text()) == (1000, "0:01 / 0:02")
    for button, at in ((player.on, 1100), (player.back, 1000), (player.back, 900)):
        button.click()
        assert (player.player.at, player.slider.value()) == (at, at)
    assert player.player.state is State.PausedState, "a step holds the film"
    player.slider.setValue(2000)
    player.on.click()
    assert player.player.at == 2000, "there is nothing after the end"
    player.player.setPosition(0)
    player.back.click()
    assert player.player.at == 0


def test_sound_volume_and_repeat(player: VideoPlayer) -> None:
    sound = player._sound
    assert (sound.volume, player.mute.isEnabled()) == (1.0, True)
    player.volume.setValue(50)
    assert sound.volume == 0.25
    for muted, says in ((True, "Sound on"), (False, "Mute")):
        player.mute.click()
        assert (sound.muted, player.mute.accessibleName()) == (muted, says)
    for loops in (Loops.Infinite, Loops.Once):
        player.again.click()
        assert player.player.loops == loops.value


def test_pictures_that_end_early_and_errors_are_told(player: VideoPlayer, qtbot: Any) -> None:
    with qtbot.waitSignal(player.ended):
        player.player.mediaStatusChanged.emit(Status.EndOfMedia)
    assert "The pictures end at 0:00" in player.words.text()
    player.player.errorOccurred.emit()
    assert "the file is damaged" in player.words.text()
    assert not player.button.isVisible()
    assert player.player.state is State.StoppedState
