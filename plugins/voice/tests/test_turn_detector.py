"""Turns: where somebody begins and stops to speak, and whose voice it is."""

from __future__ import annotations

import numpy as np
import pytest

from studio_voice.speech.detector import BEFORE, HOP, SHAPES, SpeechDetector, State
from studio_voice.speech.echo_guard import EchoGuard
from studio_voice.speech.turn_detector import Resampler, TurnDetector, What

RATE = 16_000


class Loudness:
    """A detector for which all that is loud is speech."""

    def shares(self, frames: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        return (np.abs(frames[:, BEFORE:]).max(axis=1) > 0.05).astype(np.float32), state


def turns(played: float = 0.0) -> TurnDetector:
    return TurnDetector(Loudness(), EchoGuard(lambda: played), pause=0.5)  # type: ignore[arg-type]


def sound(loudness: float, seconds: float) -> np.ndarray:
    return np.full(round(seconds * RATE), loudness, np.float32)


@pytest.mark.torch
def test_the_detector_is_the_network_that_torch_computes() -> None:
    import torch
    from torch.nn import functional as F

    generator = torch.Generator().manual_seed(3)
    state = {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    frames = torch.randn(5, BEFORE + HOP, generator=generator)
    x = F.conv1d(
        F.pad(frames, (0, 64), mode="reflect")[:, None], state["stft_conv.weight"], stride=128
    )
    x = (x[:, :129].square() + x[:, 129:].square()).sqrt()
    for number, stride in enumerate((1, 2, 2, 1), 1):
        weight, bias = state[f"conv{number}.weight"], state[f"conv{number}.bias"]
        x = F.relu(F.conv1d(x, weight, bias, stride=stride, padding=1))
    cell = torch.nn.LSTMCell(128, 128)
    cell.load_state_dict({n[10:]: t for n, t in state.items() if n.startswith("lstm_cell.")})
    hidden, outputs = None, []
    for each in x[..., 0]:
        hidden = cell(each[None], hidden)
        outputs.append(hidden[0])
    last = F.conv1d(F.relu(torch.cat(outputs))[..., None], state["final_conv.weight"])
    wanted = (last[:, 0, 0] + state["final_conv.bias"]).sigmoid().detach().numpy()
    ours = SpeechDetector({name: tensor.numpy() for name, tensor in state.items()})
    first, between = ours.shares(frames[:2].numpy(), State.new())
    rest, _ = ours.shares(frames[2:].numpy(), between)
    assert np.allclose(np.concatenate([first, rest]), wanted, atol=1e-5)
    assert np.ptp(wanted) > 0.01


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000])
def test_every_rate_comes_out_at_sixteen_thousand(rate: int) -> None:
    times = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 440 * times).astype(np.float32)
    resampler = Resampler(rate)
    pieces = [resampler.add(tone[at : at + 777]) for at in range(0, rate, 777)]
    made = np.concatenate(pieces)
    assert len(made) == pytest.approx(RATE, rel=0.1)
    middle = made[4000:12_000]
    pitch = np.abs(np.fft.rfft(middle)).argmax() * RATE / len(middle)
    assert pitch == pytest.approx(440, abs=3)
    assert np.abs(np.diff(middle)).max() < 0.2, "there is a seam"


def test_a_turn_begins_with_speech_and_ends_with_a_pause() -> None:
    ear = turns()
    noticed = ear.hear(np.concatenate([sound(0, 1), sound(0.3, 1), sound(0, 0.3), sound(0.3, 1)]))
    assert [each.what for each in noticed] == [What.BEGAN]
    assert ear.speaking
    (ended,) = ear.hear(sound(0, 0.6))
    assert ended.sound is not None
    # From a little before the first word to the pause that ended it.
    assert 2.5 < len(ended.sound) / RATE < 3.5
    assert not ear.speaking


def test_a_click_is_no_turn() -> None:
    assert turns().hear(np.concatenate([sound(0.3, 0.06), sound(0, 1)])) == []


def test_a_key_that_is_held_takes_everything() -> None:
    ear = turns()
    ear.hold()
    assert ear.hear(sound(0, 3)) == []
    made = ear.release().sound
    assert made is not None
    assert len(made) / RATE == pytest.approx(3, abs=0.1)


def test_a_turn_without_a_pause_ends_some_time() -> None:
    assert [n.what for n in turns().hear(sound(0.3, 121))][:2] == [What.BEGAN, What.ENDED]


@pytest.mark.parametrize(("played", "noticed"), [(0.2, 0), (0.0, 1)], ids=["guarded", "control"])
def test_the_own_sound_is_no_person(played: float, noticed: int) -> None:
    assert len(turns(played).hear(sound(0.1, 3))) == noticed


def test_a_person_is_heard_over_the_own_sound() -> None:
    ear = turns(played=0.2)
    assert ear.hear(sound(0.1, 1)) == []
    assert [each.what for each in ear.hear(sound(0.4, 0.5))] == [What.BEGAN]


def test_with_headphones_a_quiet_voice_is_enough() -> None:
    ear = turns(played=0.2)
    assert ear.hear(sound(0.0005, 1)) == []
    assert [each.what for each in ear.hear(sound(0.06, 0.5))] == [What.BEGAN]
