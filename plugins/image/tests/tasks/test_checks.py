"""What comes to nothing is computed once more in float32; what is nothing then is a failure."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from studio.api import StudioError
from studio.testing.plugins import run_task
from studio_image import picture_arrays as pictures
from studio_image.restyle import transfer
from studio_image.restyle.features import LAYERS, Features
from studio_image.schema import Enlarge, Generate, Restyle
from studio_image.starter import sampler
from studio_image.starter.network import Decoder, Encoder, Generator
from studio_image.starter.weights import Starter
from studio_image.tasks import starter_generation
from studio_image.tasks.enlargement import enlarge
from studio_image.tasks.style_transfer import restyle
from studio_image.upscale.model import Upscaler
from studio_image.upscale.networks import Compact

pytestmark = pytest.mark.torch
NAN = float("nan")


def picture(height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def assert_sound(made) -> None:
    assert made.artifacts
    assert all(artifact.verdict.passed for artifact in made.artifacts)


# --- the verdict ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (np.zeros((24, 32, 3), np.uint8), "not blank"),
        (np.full((24, 32, 3), 200, np.uint8), "not blank"),
        (picture(24, 33), "size"),
    ],
)
def test_black_constant_and_the_wrong_size_are_failures(made: np.ndarray, words: str) -> None:
    pictures.insist(pictures.verdict(picture(), size=(32, 24)))  # control
    with pytest.raises(StudioError, match=words):
        pictures.insist(pictures.verdict(made, size=(32, 24)))


def test_not_a_number_is_a_failure_and_a_blank_source_excuses_a_blank_result() -> None:
    with pytest.raises(StudioError, match="invalid numbers"):
        pictures.insist(pictures.verdict(picture(), finite=False))
    white = np.full((24, 32, 3), 255, np.uint8)
    assert pictures.verdict(white, source=white).passed
    assert not pictures.verdict(white, source=picture()).passed


# --- the starter ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter() -> Starter:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder, decoder, generator = Encoder(), Decoder(), Generator(depth=1)
        torch.nn.init.normal_(generator.leave.weight, std=0.2)
    for part in (encoder, decoder, generator):
        part.eval().requires_grad_(False)
    return Starter(encoder, decoder, generator, frozenset({"fox"}), frozenset({"fox"}))


def draw(starter: Starter):
    values = {"prompt": "a fox", "weights": "tiny", "enlarge": False, "steps": 3, "count": 2}
    return run_task(
        starter_generation.generate, Generate.parse(values), seed=3, models={"tiny": starter}
    )


@pytest.mark.parametrize("bad", range(3))
@pytest.mark.parametrize("always", [False, True])
def test_a_starter_step_without_numbers(
    starter: Starter, monkeypatch: pytest.MonkeyPatch, bad: int, always: bool
) -> None:
    velocity = sampler._velocity
    done: list[str] = []

    def broken(*arguments):
        kind = "half" if torch.is_autocast_enabled("cpu") else "float32"
        done.append(kind)
        spoil = done.count(kind) == bad + 1 and (always or kind == "half")
        return velocity(*arguments) * (NAN if spoil else 1)

    monkeypatch.setattr(sampler, "fast_dtype", lambda device: torch.bfloat16)
    monkeypatch.setattr(sampler, "_velocity", broken)
    if always:
        with pytest.raises(StudioError, match="invalid numbers"):
            draw(starter)
    else:
        made = draw(starter)
        assert_sound(made)
        assert all(artifact.meta["float32"] for artifact in made.artifacts)
    assert done.count("half") == bad + 1
    assert done.count("float32") == (bad + 1 if always else 3)


def test_a_starter_that_draws_nothing_is_a_failure_and_saves_nothing(
    starter: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []

    def flat(starter, latents, *, exact=False):
        tried.append(exact)
        return torch.zeros(len(latents), 3, 64, 64)

    made = draw(starter)
    assert_sound(made)
    assert not made.artifacts[0].meta["float32"]
    monkeypatch.setattr(sampler, "decode", flat)
    with pytest.raises(StudioError, match="not blank"):
        draw(starter)
    assert tried == [False] * 3 + [True] * 3


def test_good_pictures_of_a_batch_are_kept(
    starter: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = sampler.decode

    def spoiled(starter, latents, *, exact=False):
        made = decode(starter, latents, exact=exact).clone()
        made[1] = NAN
        return made

    monkeypatch.setattr(sampler, "decode", spoiled)
    kept = []
    monkeypatch.setattr(pictures, "thumbnail", lambda made: kept.append(made) or b"")
    with pytest.raises(StudioError, match="invalid numbers"):
        draw(starter)
    assert len(kept) == 1


# --- enlarging --------------------------------------------------------------------------------


class Spoiled(Compact):
    """Its result is spoiled, in half precision or always; left alone it only doubles pixels."""

    def __init__(self, spoil, always: bool) -> None:
        super().__init__(2, 4, 1)
        self.spoil, self.always = spoil, always
        for parameter in self.parameters():
            parameter.data.zero_()

    def steps(self, pictures):
        made = yield from super().steps(pictures)
        return self.spoil(made) if self.always or made.dtype != torch.float32 else made


SPOILS = {
    "black": lambda made: made * 0,
    "constant": lambda made: made * 0 + 0.5,
    "not a number": lambda made: made * NAN,
}


def larger(network: Compact):
    upscaler = Upscaler(network.bfloat16().requires_grad_(False), "cpu", torch.bfloat16)
    params = Enlarge.parse({"weights": "tiny", "factor": "2"})
    return run_task(enlarge, params, models={"tiny": upscaler}, inputs={"image": png(picture())})


@pytest.mark.parametrize("spoil", SPOILS)
def test_enlarging_to_nothing(spoil: str) -> None:
    assert_sound(larger(Spoiled(SPOILS[spoil], always=False)))
    with pytest.raises(StudioError, match=r"invalid numbers|not blank"):
        larger(Spoiled(SPOILS[spoil], always=True))


def test_an_enlarged_picture_that_is_another_is_kept_and_says_so() -> None:
    """Some networks change brightness on purpose: that is for the user to judge."""
    made = larger(Spoiled(lambda large: large * 0.1 + 0.9, always=True))
    failed = [check.name for check in made.artifacts[0].verdict.checks if not check.passed]
    assert failed == ["matches the original"]


def test_enlarging_a_blank_picture_gives_a_blank_one() -> None:
    upscaler = Upscaler(Spoiled(None, False).requires_grad_(False), "cpu", torch.float32)
    blank = png(np.full((8, 8, 3), 255, np.uint8))
    params = Enlarge.parse({"weights": "tiny", "factor": "2"})
    assert_sound(run_task(enlarge, params, models={"tiny": upscaler}, inputs={"image": blank}))


# --- restyling --------------------------------------------------------------------------------


def features() -> Features:
    generator, inputs, tensors = torch.Generator().manual_seed(0), 3, {}
    for name in LAYERS:
        tensors[f"{name}.weight"] = torch.randn(4, inputs, 3, 3, generator=generator) / 4
        tensors[f"{name}.bias"] = torch.zeros(4)
        inputs = 4
    return Features(tensors, "cpu", torch.bfloat16)


def restyled():
    params = Restyle.parse({"styles": ["waves"], "size": 64, "steps": 10, "weights": "vgg"})
    inputs = {"image": png(picture())}
    return run_task(restyle, params, seed=3, models={"vgg": features()}, inputs=inputs)


@pytest.mark.parametrize("bad", range(10))
@pytest.mark.parametrize("always", [False, True])
def test_a_restyling_step_without_numbers(
    monkeypatch: pytest.MonkeyPatch, bad: int, always: bool
) -> None:
    gradient = transfer.Goal.gradient
    done: list[torch.dtype] = []

    def broken(goal, canvas):
        dtype = goal.features.dtype
        done.append(dtype)
        spoil = done.count(dtype) == bad + 1 and (always or dtype != torch.float32)
        found = yield from gradient(goal, canvas)
        return found * (NAN if spoil else 1)

    monkeypatch.setattr(transfer.Goal, "gradient", broken)
    if always:
        with pytest.raises(StudioError, match="invalid numbers"):
            restyled()
    else:
        made = restyled()
        assert_sound(made)
        assert made.result["steps"] == 10
    assert done.count(torch.bfloat16) == bad + 1
    assert done.count(torch.float32) == (bad + 1 if always else 10)
