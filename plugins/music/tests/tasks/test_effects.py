"""The task ``music.effect``: what it makes and says, its files, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from studio.api import BadInput, Kind
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import Made, run_task
from studio_music.audio.audio_files import read_loop, read_wav
from studio_music.audio.effects.schema import Effect
from studio_music.tasks.effects import effect


def run(seed: int = 1, models: dict[str, Any] | None = None, **values: Any) -> Made:
    weights = values.pop("weights", None)
    params = Effect.parse({**values, "weights": weights})
    return run_task(effect, params, seed=seed, models=models or {})


def test_a_coin_is_made_checked_and_told() -> None:
    made = run(prompt="a small coin")
    (artifact,) = made.artifacts
    assert (artifact.kind, artifact.suffix, artifact.title) == (Kind.AUDIO, ".wav", "Coin")
    samples, rate = read_wav(artifact.payload)
    assert rate == 44_100
    assert made.result["sound"] == "coin"
    assert made.result["known"] == ["coin", "small"]
    assert made.result["settings"]["pitch"] == 5
    (file,) = made.result["files"]
    assert file["duration"] == pytest.approx(len(samples) / rate, abs=0.001)
    assert file["peak"] == pytest.approx(-1, abs=0.1)
    assert made.result["passed"]
    assert read_loop(artifact.payload) is None


def test_the_same_seed_makes_the_same_bytes() -> None:
    first, again, other = (run(seed=seed, prompt="splash").artifacts[0] for seed in (4, 4, 5))
    assert first.payload == again.payload
    assert first.payload != other.payload


def test_variations_are_named_and_each_can_be_made_alone() -> None:
    made = run(seed=7, prompt="blip", count=20)
    assert [artifact.title for artifact in made.artifacts[:2]] == ["Blip 01", "Blip 02"]
    assert len({artifact.payload for artifact in made.artifacts}) == 20
    sixth = made.result["files"][5]
    alone = run(seed=sixth["seed"], prompt="blip").artifacts[0]
    samples = [read_wav(each.payload)[0] for each in (alone, made.artifacts[5])]
    assert np.array_equal(*samples)


def test_a_texture_has_loop_points_and_no_seam() -> None:
    made = run(sound="machine_hum", seconds=1)
    payload = made.artifacts[0].payload
    samples, _rate = read_wav(payload)
    assert read_loop(payload) == (0, len(samples))
    assert "joint" in {check["name"] for check in made.result["checks"]}
    assert made.result["loop"]


def test_a_loudness_is_met_in_lufs_and_never_clips() -> None:
    for asked in (-24.0, -16.0):
        file = run(sound="siren", seconds=1, loudness=asked).result["files"][0]
        assert file["lufs"] == pytest.approx(asked, abs=0.3)
        assert file["peak"] <= -0.9


def test_a_morph_lies_between_its_ends() -> None:
    def centre(**values: Any) -> float:
        samples, rate = read_wav(run(**values).artifacts[0].payload)
        power = np.abs(np.fft.rfft(samples.mean(axis=1))) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / rate)
        return float((hertz * power).sum() / power.sum())

    low, high = centre(sound="drum", seconds=0.3), centre(sound="blip", seconds=0.3)
    between = centre(sound="drum", into="blip", morph=50, seconds=0.3)
    assert 1.5 * low < between < high / 1.5
    assert run(sound="drum", into="blip", morph=0).artifacts[0].title == "Drum into blip"


def test_a_language_model_is_asked_only_where_no_word_names_a_sound() -> None:
    answer = {
        "sound": "growl",
        "pitch": "lower",
        "length": "long",
        "brightness": "dull",
        "space": "some",
        "roughness": "much",
    }
    engine = FakeTextEngine(json.dumps(answer))
    asks = {"weights": "tiny", "models": {"tiny": engine}}
    with pytest.raises(BadInput, match="wyvern"):
        run(prompt="an angry wyvern", **asks)
    assert not engine.prompts, "nobody is asked unless that is chosen"
    made = run(prompt="an angry wyvern", reader="auto", **asks)
    assert made.result["sound"] == "growl"
    assert made.result["read_by"] == "tiny"
    assert made.result["unknown"] == ["angry", "wyvern"]
    assert "language model" in made.result["note"]
    assert made.result["settings"]["roughness"] == 65
    assert engine.samplings[0].constraint is not None
    run(prompt="a coin", reader="auto", **asks)
    assert len(engine.prompts) == 1
    engine = FakeTextEngine(json.dumps(answer))
    other = {"prompt": "footsteps on wood", "reader": "model", "weights": "tiny"}
    made = run(**other, models={"tiny": engine})
    assert made.result["sound"] == "growl", "which has no ground that could be of wood"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Nothing says which sound"),
        ({"prompt": "quux"}, "not understood: “quux”."),
        ({"sound": "coin", "shape": {"girth": 3}}, "“Coin” has no setting “girth”"),
        ({"sound": "coin", "shape": {"interval": 99}}, "between 2 and 12"),
        ({"sound": "coin", "pitch": 99}, "Pitch must be between"),
        ({"sound": "coin", "count": 0}, "Variations must be between"),
        ({"sound": "coin", "seconds": float("nan")}, "finite"),
        ({"sound": "tuba"}, "tuba"),
    ],
)
def test_bad_input_is_a_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as raised:
        run(**values)
    assert said in str(raised.value)
