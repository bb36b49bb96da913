"""The starter generator: reading prompts, drawing the same twice, its file, its task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.api import BadInput, StudioError, finished
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.probe import network as probe_network
from studio_image.probe import weights as probe_weights
from studio_image.recipes import png_text
from studio_image.recipes import recipe as recipes
from studio_image.schema import Generate
from studio_image.starter import sampler
from studio_image.starter import weights as starter_weights
from studio_image.starter.network import Caption, Decoder, Encoder, Generator
from studio_image.starter.related_styles import known_styles, related
from studio_image.starter.variety import mixed_style
from studio_image.tasks import starter_generation
from studio_image.upscale.model import Upscaler
from studio_image.upscale.networks import Compact

CAPTIONS = ("fox", "red apple", "crying face", "a button", "house")


def loaded(path: Path) -> starter_weights.Starter:
    return finished(starter_weights.loader().load(path, "cpu"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that learned nothing, but whose words and noise all matter."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {"encoder": Encoder(), "decoder": Decoder(), "generator": Generator()}
        generator = parts["generator"]
        torch.nn.init.normal_(generator.leave.weight, std=0.2)
        torch.nn.init.normal_(generator.modulation.weight, std=0.2)
    states = {name: network.state_dict() for name, network in parts.items()}
    starter_weights.save(path, states, CAPTIONS, seen=12)
    return path


@pytest.fixture(scope="module")
def starter(file: Path) -> starter_weights.Starter:
    """Two of its six blocks do all that is tested here, sooner."""
    starter = loaded(file)
    assert isinstance(starter.generator, Generator)
    starter.generator.blocks = starter.generator.blocks[:2]
    return starter


def draw(
    starter: starter_weights.Starter,
    seed: int = 3,
    more: Mapping[str, Any] | None = None,
    **params: Any,
) -> Made:
    values = {"prompt": "a fox", "weights": "tiny", "enlarge": False, "steps": 2, **params}
    models = {"tiny": starter, **(more or {})}
    return run_task(starter_generation.generate, Generate.parse(values), seed=seed, models=models)


# --- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{"prompt": "  "}, {"scheduler": "ddim"}, {"init": "/none.png"}])
def test_what_it_cannot_do_is_refused_in_words(
    starter: starter_weights.Starter, params: dict[str, Any]
) -> None:
    with pytest.raises(BadInput):
        draw(starter, **params)


# --- drawing ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(
    starter: starter_weights.Starter,
) -> None:
    first, again, other = (
        [artifact.payload for artifact in draw(starter, seed=seed, count=2).artifacts]
        for seed in (3, 3, 4)
    )
    assert first == again
    assert first[0] != other[0]
    assert first[0] != first[1]


def test_a_picture_does_not_depend_on_how_many_others_there_are(
    starter: starter_weights.Starter,
) -> None:
    few = [picture_arrays.read(made.payload) for made in draw(starter, count=1).artifacts]
    many = [picture_arrays.read(made.payload) for made in draw(starter, count=6).artifacts]
    assert len(many) == 6
    assert np.array_equal(few[0], many[0])


@pytest.mark.parametrize("change", [{"prompt": "house"}, {"style": "flat"}, {"negative": "house"}])
def test_words_styles_and_what_to_avoid_all_count(
    starter: starter_weights.Starter, change: dict[str, str]
) -> None:
    plain, changed = draw(starter, count=1), draw(starter, count=1, **change)
    assert not np.array_equal(
        picture_arrays.read(plain.artifacts[0].payload),
        picture_arrays.read(changed.artifacts[0].payload),
    )


def test_each_step_is_shown(starter: starter_weights.Starter) -> None:
    made = draw(starter, count=3, steps=4)
    assert [event.preview.shape for event in made.progress] == [(64, 192, 3)] * 4
    assert made.progress[-1].done == made.progress[-1].total


def test_drawing_and_enlarging_are_one_way_forward(starter: starter_weights.Starter) -> None:
    upscaler = Upscaler(Compact(4, 4, 1).requires_grad_(False), "cpu", torch.float32)
    made = draw(starter, count=2, enlarge=True, more={starter_generation.ENLARGER: upscaler})
    shares = [event.done / event.total for event in made.progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert made.progress[-1].message == "Enlarging 2 of 2"
    assert [e.preview is None for e in made.progress if "Enlarging" in e.message].count(False) == 0


def test_the_file_says_how_it_was_made(starter: starter_weights.Starter) -> None:
    made = draw(starter, count=1, seed=9)
    recipe = recipes.from_json(
        png_text.texts(made.artifacts[0].payload, [recipes.KEY])[recipes.KEY]
    )
    assert recipe.params["seed"] == 9
    assert recipe.params["prompt"] == "a fox"
    again = draw(starter, **{k: v for k, v in recipe.params.items() if k != "seed"}, seed=9)
    assert again.artifacts[0].payload == made.artifacts[0].payload


def test_the_size_that_was_asked_for(starter: starter_weights.Starter) -> None:
    made = draw(starter, count=1, width=96, height=48)
    assert picture_arrays.read(made.artifacts[0].payload).shape == (48, 96, 3)


def test_when_memory_runs_out_fewer_pictures_are_drawn_together(
    starter: starter_weights.Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, velocity = draw(starter, count=6), sampler._velocity

    def short(starter: Any, x: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return velocity(starter, x, *rest)

    monkeypatch.setattr(sampler, "_velocity", short)
    made = draw(starter, count=6)
    assert made.result["reduced"] == ["two pictures at a time"]
    assert {tuple(each.meta["reduced"]) for each in made.artifacts} == {("two pictures at a time",)}
    for one, other in zip(whole.artifacts, made.artifacts, strict=True):
        apart = picture_arrays.read(one.payload).astype(int) - picture_arrays.read(other.payload)
        assert np.abs(apart).mean() < 2, "the same pictures, but for rounding"


def test_a_picture_to_begin_with_shows_through(
    starter: starter_weights.Starter, tmp_path: Path
) -> None:
    black, white = tmp_path / "black.png", tmp_path / "white.png"
    black.write_bytes(picture_arrays.png(np.zeros((20, 20, 3), np.uint8)))
    white.write_bytes(picture_arrays.png(np.full((20, 20, 3), 255, np.uint8)))
    first, second = (
        picture_arrays.read(
            draw(starter, count=1, init=str(path), strength=0.2).artifacts[0].payload
        )
        for path in (black, white)
    )
    assert not np.array_equal(first, second)


# --- the file -----------------------------------------------------------------------------------


def test_the_file_keeps_what_was_trained(file: Path, starter: starter_weights.Starter) -> None:
    facts = starter_weights.loader().recognise(file)
    assert facts is not None
    assert facts.capabilities == ("text-to-image",)
    assert facts.facts["captions"] == len(CAPTIONS)
    assert starter.captions == frozenset(CAPTIONS)
    row = Caption.of("crying face", "3d").row()
    assert starter.generator.phrases.weight[row[-2]].abs().sum() > 0


def test_a_drawing_that_was_not_trained_leans_on_one_that_was(file: Path, tmp_path: Path) -> None:
    starter = loaded(file)
    assert not starter.trained, "an older file does not say"
    told = tmp_path / "told.safetensors"
    parts = ("encoder", "decoder", "generator")
    states = {part: getattr(starter, part).state_dict() for part in parts}
    pairs = [("fox", "noto"), ("fox", "fx"), ("house", "3d")]
    starter_weights.save(told, states, CAPTIONS, seen=12, pairs=pairs)
    starter.trained = loaded(told).trained

    assert known_styles(Caption.of("fox", "3d"), starter.trained) == ("noto", "fx")

    def rows(style: str, *captions: str) -> torch.Tensor:
        return torch.tensor([Caption.of(caption, style).row() for caption in captions])

    asked = rows("3d", "fox", "house", "crying face")
    led = related(asked, starter.trained)
    assert led[0].tolist() == Caption.of("fox", "noto").row(), "the nearest style that is known"
    assert torch.equal(led[1:], asked[1:]), "one is trained, one was seen in no style"

    def flow(asked: torch.Tensor) -> torch.Tensor:
        noise = torch.randn(len(asked), 16, 32, generator=torch.Generator().manual_seed(1))
        *_, latents = sampler.flow(starter, asked, torch.zeros_like(asked), noise, steps=2)
        return latents

    led = flow(asked[:2])
    starter.trained = {}
    plain = flow(asked[:2])
    apart = (led - plain).abs().mean((1, 2))
    assert apart[0] > 10 * apart[1], "what was trained is drawn as before, but for rounding"


def test_other_files_are_nobody_we_know(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"nonsense")
    assert starter_weights.loader().recognise(other) is None


def test_a_damaged_file_is_told(file: Path, tmp_path: Path) -> None:
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("generator.leave.bias")
    body = json.dumps(header).encode().ljust(length)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(length.to_bytes(8, "little") + body + data[8 + length :])
    with pytest.raises(StudioError):
        loaded(broken)


# --- what is kept -------------------------------------------------------------------------------


def test_more_pictures_and_larger_ones_do_not_start_anew(
    starter: starter_weights.Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    whole_draw = sampler.draw

    def counted(*args: Any, **more: Any) -> Any:
        drawn.append(1)
        return whole_draw(*args, **more)

    monkeypatch.setattr(sampler, "draw", counted)
    kept: dict[str, bytes] = {}
    values = {"prompt": "a fox", "weights": "tiny", "enlarge": False, "steps": 2}

    def run(with_kept: bool = True, **params: Any) -> list[bytes]:
        drawn.clear()
        made = run_task(
            starter_generation.generate,
            Generate.parse({**values, **params}),
            seed=params.get("seed", 3),
            models={"tiny": starter},
            intermediates=kept if with_kept else None,
        )
        return [picture_arrays.read(each.read()).tobytes() for each in made.artifacts]

    first = run(count=4)
    assert len(drawn) == 1
    assert len(kept) == 1
    assert run(count=4, width=128) != first
    assert drawn == [], "another size is another step, not another drawing"
    more = run(count=6)
    assert len(drawn) == 1, "only what is new"
    assert more == run(with_kept=False, count=6), "as without what was kept"
    assert len(drawn) == 2, "control"
    for change in ({"seed": 4}, {"prompt": "a house"}, {"steps": 3}, {"negative": "a house"}):
        run(count=4, **change)
        assert drawn, change


@pytest.mark.parametrize("damage", [b"", b"PK", b"x" * 500])
def test_what_is_kept_and_damaged_is_made_anew(
    starter: starter_weights.Starter, damage: bytes
) -> None:
    kept: dict[str, bytes] = {}
    values = {"prompt": "a fox", "weights": "tiny", "enlarge": False, "steps": 1, "count": 1}
    for _ in range(2):
        made = run_task(
            starter_generation.generate,
            Generate.parse(values),
            models={"tiny": starter},
            intermediates=kept,
        )
        assert len(made.artifacts) == 1
        kept.update(dict.fromkeys(kept, damage))


# --- what a picture shows -----------------------------------------------------------------------


class Opinion:
    """A probe that answers what it was told to, a list of captions for each picture in turn."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def recognise(self, pictures: torch.Tensor, most: int) -> list[list[str]]:
        """Answer."""
        return [[self._answers.pop(0)] for _ in pictures]


def test_what_the_probe_does_not_find_is_drawn_again(starter: starter_weights.Starter) -> None:
    plain = [made.payload for made in draw(starter, count=2).artifacts]
    opinion = Opinion("fox", "house", "house", "fox")
    made = draw(starter, count=2, more={starter_generation.PROBE: opinion})
    assert made.result["found"] == [["fox"], ["fox"]]
    first, second = (picture_arrays.read(artifact.payload) for artifact in made.artifacts)
    assert np.array_equal(first, picture_arrays.read(plain[0]))
    assert not np.array_equal(second, picture_arrays.read(plain[1]))
    assert made.progress[-1].message == "Drawing fox again"
    assert all(artifact.verdict.passed for artifact in made.artifacts)


def test_what_it_never_finds_is_kept_and_not_called_checked(
    starter: starter_weights.Starter,
) -> None:
    opinion = Opinion(*["house"] * 2)
    (made,) = draw(starter, count=1, more={starter_generation.PROBE: opinion}).artifacts
    assert not made.verdict.passed
    (failed,) = (check for check in made.verdict.checks if not check.passed)
    assert (failed.name, failed.evidence) == ("shows fox", "the probe sees: house")


def test_several_things_are_put_on_one_sheet(starter: starter_weights.Starter) -> None:
    made = draw(starter, prompt="two foxes and a house", count=1)
    assert made.result["drawn"] == "2 × fox, house"
    assert "side by side" in made.result["note"]
    (sheet,) = made.artifacts
    alone = [draw(starter, prompt=words, count=1).artifacts[0] for words in ("fox", "house")]
    assert picture_arrays.read(sheet.payload).shape == (64, 64, 3)
    assert sheet.payload not in [other.payload for other in alone]


def test_a_starting_image_is_for_one_thing(
    starter: starter_weights.Starter, tmp_path: Path
) -> None:
    begin = tmp_path / "begin.png"
    begin.write_bytes(picture_arrays.png(np.full((8, 8, 3), 90, np.uint8)))
    made = draw(starter, prompt="two foxes and a house", count=1, init=str(begin))
    assert (made.result["drawn"], made.result["unknown"]) == ("fox", ["house"])


def test_a_transparent_background_is_in_the_file(starter: starter_weights.Starter) -> None:
    (made,) = draw(starter, count=1, transparent=True).artifacts
    assert picture_arrays.read(made.payload).shape == (64, 64, 4)


def test_the_probe_is_a_file_that_says_the_same_as_the_network(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = probe_network.Network(3)
        network(torch.rand(16, 3, 64, 64))  # its norms have seen something
    captions, pictures = ("fox", "house", "owl"), torch.rand(5, 3, 64, 64)
    probe_weights.save(tmp_path / "probe.safetensors", network.eval(), captions)
    loaded = finished(probe_weights.loader().load(tmp_path / "probe.safetensors", "cpu"))
    scores = network(pictures)
    expected = [[captions[at] for at in row] for row in scores.argsort(1, descending=True).tolist()]
    assert loaded.recognise(pictures, 9) == expected
    assert loaded.recognise(pictures, 1) == [row[:1] for row in expected]


def test_variations_are_shown_as_drawn_and_have_other_styles_only_where_these_are_mixed(
    starter: starter_weights.Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[sampler.Drawing] = []
    drawn: list[np.ndarray] = []
    whole = sampler.draw

    def noted(starter: Any, drawing: sampler.Drawing, *rest: Any) -> Any:
        asked.append(drawing)
        for step, pictures in whole(starter, drawing, *rest):
            drawn[:] = list(pictures.permute(0, 2, 3, 1).float().numpy())
            yield step, pictures

    monkeypatch.setattr(sampler, "draw", noted)
    for variety in (0.0, 0.5, 1.0):
        made = draw(starter, steps=1, count=4, variety=variety)
        shown = [picture_arrays.read(artifact.payload) for artifact in made.artifacts]
        assert np.array_equal(shown, [picture_arrays.from_unit(each) for each in drawn])
    assert {style for drawing in asked for style in drawing.styles} == {"3d"}
    draw(starter, steps=1, count=4, mix_styles=True)
    assert asked[-1].styles[0] == "3d"
    assert len({*asked[-1].styles}) == 4
    assert mixed_style(1, "3d", {"noto-v1", "3d"}) == "noto-v1", "a known style comes first"


def test_variety_moves_drawings_and_lets_the_noise_say_more(
    starter: starter_weights.Starter,
) -> None:
    def first(**params: Any) -> Any:
        return draw(starter, count=1, steps=1, **params).artifacts[0]

    still, moved = first(variety=0), first(variety=1)
    assert moved.payload == first(variety=1).payload
    assert moved.payload != first(variety=1, seed=4).payload
    guided = [artifact.meta["params"]["guidance"] for artifact in (still, moved)]
    assert guided[0] == sampler.GUIDANCE > guided[1] > 1
    same = [first(variety=variety, guidance=2.0) for variety in (0, 1)]
    shown = [picture_arrays.read(artifact.payload).tobytes() for artifact in same]
    assert shown[0] != shown[1], "with the same guidance it is moved all the same"


class Nearness:
    """A text encoder to which a vixen is nearly a fox, and an orc nothing."""

    width, fingerprint = 3, "nearness"

    def embed(self, texts):
        near = {"fox": (1.0, 0.0, 0.0), "vixen": (0.9, 0.4, 0.17), "orc": (0.6, 0.0, 0.8)}
        yield tuple(range(len(texts))), torch.tensor([near.get(t, (0.0, 1.0, 0.0)) for t in texts])


def test_a_prompt_of_unknown_words_is_drawn_from_what_is_nearest(
    starter: starter_weights.Starter,
) -> None:
    def drawn(prompt: str, **more: Any) -> Made:
        return draw(starter, more=more, prompt=prompt, steps=1, count=1)

    encoder = {"all-minilm-l6-v2": Nearness()}
    made = drawn("an orange vixen", **encoder)
    assert made.result["drawn"] == "orange fox"
    assert made.result["note"] == "“vixen” was read as “fox”."
    assert made.artifacts[0].meta["respelt"] == {"vixen": "fox"}
    assert drawn("a vixen and a house", **encoder).result["unknown"] == ["vixen"]
    with pytest.raises(BadInput, match="knows nothing"):
        drawn("an orc", **encoder)
    with pytest.raises(BadInput, match="knows nothing"):
        drawn("an orange vixen")
