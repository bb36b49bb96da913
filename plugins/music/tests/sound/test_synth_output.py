"""A piece is played on a synthesiser whose port and clock are the test's."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from studio.api import ErrorCode, StudioError
from studio_music.audio.midi.synth_output import Messages, SynthOutput
from studio_music.score.piece import TICKS, Note, Piece, Track

TUNE = Piece(
    length=4 * TICKS,
    tracks=(
        Track("Tune", (Note(0, 60, 480, 90), Note(480, 60, 480, 70)), 73, volume=1.0),
        Track("Drums", (Note(0, 36, 120, 100),), drums=True),
        Track("Silent", (Note(0, 90, 480),), muted=True),
    ),
)
OFF = [bytes([0xB0, 123, 0]), bytes([0xB9, 123, 0])]


class FakePort:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = self.gone = False

    def send(self, data: bytes) -> None:
        self.check()
        self.sent.append(data)

    def check(self) -> None:
        if self.gone:
            raise StudioError(ErrorCode.UNSUPPORTED, "The MIDI port “Synth” is gone.", "")

    def close(self) -> None:
        self.closed = True

    def notes(self) -> list[bytes]:
        """Return what was sent since this was asked last, without programs and volumes."""
        sent, self.sent = self.sent, []
        return [data for data in sent if data[0] & 0xF0 in (0x80, 0x90)]


def refused(_name: str) -> FakePort:
    raise StudioError(ErrorCode.UNSUPPORTED, "It cannot be opened.", "")


class Player:
    """A clock that the test turns, and an output whose turns the test takes, not its thread."""

    def __init__(self) -> None:
        self.tick, self.port = 0, FakePort()
        self.output = SynthOutput("Synth", TUNE, lambda: self.tick, refused)
        self.output.join()

    def at(self, tick: int) -> list[bytes]:
        self.tick = tick
        self.output.turn(self.port)
        return self.port.notes()


@pytest.fixture
def player() -> Player:
    return Player()


def on(pitch: int, velocity: int, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 64])


def test_each_track_is_told_its_instrument_and_a_muted_one_nothing() -> None:
    setup = Messages(TUNE).setup
    assert bytes([0xC0, 73]) in setup
    assert bytes([0xB0, 7, 127]) in setup
    assert {data[0] & 0x0F for data in setup} == {0, 9}


def test_more_tracks_than_channels_share_them() -> None:
    many = Piece(tracks=tuple(Track(str(n), (Note(n, 60, 1),)) for n in range(17)))
    channels = [data[0] & 0x0F for data in Messages(many).between(0, 99) if data[0] & 0x90 == 0x90]
    assert channels == [*range(9), *range(10, 16), 0, 1]


def test_notes_go_out_when_they_are_due_and_once(player: Player) -> None:
    assert sorted(player.at(0)) == [on(60, 90), on(36, 100, 9)]
    assert player.at(100) == []
    assert player.at(119) == []
    assert player.at(125) == [off(36, 9)]
    assert player.at(124) == []  # a clock that goes back by a hair
    assert player.at(400) == []
    assert player.at(481) == [off(60), on(60, 70)]


def test_a_loop_ends_what_sounds_and_begins_again(player: Player) -> None:
    player.at(0)
    player.at(470)
    player.at(500)
    assert player.at(3) == [off(60), on(60, 90), on(36, 100, 9)]


def test_a_place_further_on_is_not_caught_up_with(player: Player) -> None:
    player.at(0)
    assert sorted(player.at(1900)) == [off(60), off(36, 9)]


def test_a_note_that_is_taken_out_while_it_sounds_ends(player: Player) -> None:
    player.at(0)
    tune = replace(TUNE.tracks[0], notes=(Note(480, 62, 480, 70),))
    player.output.update(replace(TUNE, tracks=(tune, *TUNE.tracks[1:])))
    assert player.at(60) == [off(60)]
    assert player.at(480) == [off(36, 9), on(62, 70)]


def test_at_the_end_every_note_is_ended_and_the_port_let_go() -> None:
    port, made = FakePort(), list[SynthOutput]()

    def clock() -> int:
        if made and port.sent:
            made[0].close()
        return 0

    output = SynthOutput("Synth", TUNE, clock, lambda _: port)
    made.append(output)
    output.join()
    assert on(36, 100, 9) in port.sent
    assert port.sent[-4:] == [off(60), off(36, 9), *OFF]
    assert port.closed
    assert output.trouble is None


def test_a_synthesiser_that_is_gone_is_told() -> None:
    port = FakePort()
    port.gone = True
    output = SynthOutput("Synth", TUNE, lambda: 0, lambda _: port)
    output.join()
    assert output.trouble is not None
    assert "is gone" in output.trouble.message
    assert port.closed


def test_a_port_that_does_not_open_is_told() -> None:
    output = SynthOutput("Synth", TUNE, lambda: 0, refused)
    output.join()
    assert output.trouble is not None
