"""Films: what lies between two drawings, what a film may be, its file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.tasks.test_starter import CAPTIONS, loaded
from studio.api import BadInput, StudioError
from studio.desktop.viewers.film_file import is_film
from studio.runtime.jobs.context import Context
from studio.testing.plugins import Made, run_task
from studio_image.grid import film_file
from studio_image.schema import Film
from studio_image.starter import between, sampler
from studio_image.starter import weights as starter_weights
from studio_image.starter.between import Frame
from studio_image.starter.network import Decoder, Encoder, Generator
from studio_image.starter.prompt import understand
from studio_image.tasks import film as film_task

Run = Callable[..., Made]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> starter_weights.Starter:
    """One block that learned nothing, but whose words and noise all matter."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {"encoder": Encoder(), "decoder": Decoder(), "generator": Generator()}
        generator = parts["generator"]
        torch.nn.init.normal_(generator.leave.weight, std=0.2)
        torch.nn.init.normal_(generator.modulation.weight, std=0.2)
    states = {name: network.state_dict() for name, network in parts.items()}
    starter_weights.save(path, states, CAPTIONS, seen=12)
    starter = loaded(path)
    assert isinstance(starter.generator, Generator)
    starter.generator.blocks = starter.generator.blocks[:1]
    return starter


@pytest.fixture
def run(starter: starter_weights.Starter, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(starter_weights, "is_starter", lambda _path: True)
    monkeypatch.setattr(Context, "weights_path", lambda _ctx, _weights: Path("tiny"))

    def run(stop_after: int | None = None, **params: Any) -> Made:
        values = {"weights": "tiny", "enlarge": False, "steps": 2, "frames": 4, **params}
        return run_task(
            film_task.film,
            Film.parse(values),
            seed=3,
            models={"tiny": starter},
            stop_after=stop_after,
        )

    return run


def frames_of(payload: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(payload)) as film:
        found = []
        for number in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
    return found


# --- what lies between --------------------------------------------------------------------------


def test_the_ends_are_the_drawings_of_their_prompts(starter: starter_weights.Starter) -> None:
    fox, house = (
        understand(words, "3d", starter).subjects[0].caption for words in ("a fox", "a house")
    )
    ends = [Frame((7, 9), (fox, house), share) for share in (0.0, 0.5, 1.0)]
    *_, made = between.draw(starter, ends, steps=2, guidance=3.0, exact=True)
    for at, seed, caption in ((0, 7, fox), (2, 9, house)):
        drawing = sampler.Drawing(caption, steps=2, guidance=3.0, exact=True)
        *_, (_, plain) = sampler.draw(starter, drawing, torch.Generator().manual_seed(seed))
        assert torch.allclose(made[at], plain[0], atol=1e-4)
    assert not torch.allclose(made[1], made[0], atol=1e-2)
    assert not torch.allclose(made[1], made[2], atol=1e-2)


# --- what a film may be -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"prompts": " \n "}, "no prompt"),
        ({"prompts": "a fox"}, "two prompts, or two seeds"),
        ({"prompts": "a fox\na house\na fox", "seeds": [1, 2]}, "3 prompts, but 2 seeds"),
        ({"prompts": "a fox", "seeds": [1, -2]}, "less than 0"),
        ({"prompts": "a fox\na house", "frames": 100_000}, "Frames"),
        ({"prompts": "a fox\n" * 500, "frames": 200}, "100,000 frames, but the limit is 600"),
        ({"prompts": "a fox\na house", "frames": 240, "width": 1024}, "more than a film may have"),
    ],
)
def test_what_is_no_film_is_refused_before_anything_is_drawn(
    params: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        Film.parse(params)


def test_a_prompt_that_no_word_is_known_of_is_refused(run: Run) -> None:
    with pytest.raises(BadInput):
        run(prompts="a fox\nxyzzy")


def test_keys_and_frames_between_them() -> None:
    film = Film.parse({"prompts": "a\nb", "seeds": [4, 5], "frames": 2})
    assert film.keys(1) == [("a", 4), ("b", 5)]
    assert film.places(2) == [(0, 1, 0.0), (0, 1, 0.5), (1, 0, 0.0), (1, 0, 0.5)]
    once = Film.parse({"prompts": "a", "seeds": [4, 5, 6], "frames": 2, "loop": False})
    assert once.keys(1) == [("a", 4), ("a", 5), ("a", 6)]
    assert once.places(3) == [(0, 1, 0), (0, 1, 0.5), (1, 2, 0), (1, 2, 0.5), (2, 0, 0)]


# --- the task -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_a_film_goes_from_prompt_to_prompt_and_back(run: Run, format: str) -> None:
    made = run(prompts="a fox\na house", format=format, fps=10)
    (film,) = made.artifacts
    assert (film.kind, film.suffix) == ("video", f".{format}")
    frames = frames_of(film.read())
    assert len(frames) == made.result["frames"] == 8
    assert made.result["duration"] == 0.8
    with Image.open(io.BytesIO(film.read())) as image:
        assert image.info["loop"] == 0
        image.seek(1)
        image.load()
        assert image.info["duration"] == 100
    assert film.verdict is not None
    assert film.verdict.passed
    assert film.title == "a fox → a house"
    assert film.meta["keys"] == [
        {"prompt": "a fox", "seed": 3}, {"prompt": "a house", "seed": 3},
    ]  # fmt: skip
    assert made.progress[-1].done == 8


def test_one_prompt_goes_from_seed_to_seed(run: Run) -> None:
    made = run(prompts="a fox", seeds=[1, 2], loop=False, width=96)
    frames = frames_of(made.artifacts[0].read())
    assert len(frames) == 5
    assert frames[0].shape == (96, 96, 3)
    assert made.result["seeds"] == [1, 2]


def test_a_film_that_is_stopped_has_the_frames_so_far(run: Run) -> None:
    made = run(stop_after=3, prompts="a fox\na house")
    assert made.cancelled
    (film,) = made.artifacts
    assert len(frames_of(film.read())) == 4
    assert film.meta["ended_early"]
    assert not run(stop_after=1, prompts="a fox\na house").artifacts


def test_a_film_is_written_beside_and_others_get_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 255, (512, 512, 3), dtype=np.uint8) for _ in range(4)]
    *waited, data = film_file.write_beside(frames, "webp", 12, endless=False)
    assert waited, "it took no step meanwhile"
    assert isinstance(data, bytes)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.n_frames, image.info["loop"]) == (4, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("format", ["webm", "mp4"])
def test_a_video_has_the_frames_that_were_drawn(run: Run, tmp_path: Path, format: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="WebM and MP4 are written by OpenCV, an extra")
    drawn = frames_of(run(prompts="a fox\na house", format="webp").artifacts[0].read())
    made = run(prompts="a fox\na house", format=format, fps=10)
    (film,) = made.artifacts
    assert (film.kind, film.suffix) == ("video", f".{format}")
    file = tmp_path / f"film.{format}"
    file.write_bytes(film.read())
    assert is_film(file), "the window plays it"
    video = cv2.VideoCapture(str(file))
    assert video.get(cv2.CAP_PROP_FPS) == 10
    code = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").lower()
    assert code in (b"vp90", b"vp09")
    read = []
    while (each := video.read())[0]:
        read.append(each[1][..., ::-1].astype(int))
    assert len(read) == made.result["frames"] == len(drawn)
    for ours, theirs in zip(read, drawn, strict=True):
        off = (ours - theirs).mean(axis=2)  # videos have half of the colours
        assert np.abs(off).mean() < 8
    assert np.abs(read[0] - drawn[4]).mean() > np.abs(read[0] - drawn[0]).mean()


def test_a_video_without_its_package_is_refused_before_anything_is_drawn(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_file, "find_spec", lambda _name: None)
    with pytest.raises(StudioError, match="OpenCV, which is not installed") as refused:
        run(prompts="a fox\na house", format="webm")
    assert "studio-plugin-image[opencv]" in refused.value.hint
    assert run(prompts="a fox\na house", format="gif").artifacts, "control: it does without"


# --- by diffusion weights -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("weights", ["sd", "sdxl"])
def test_diffusion_weights_go_from_picture_to_picture(
    weights: str, draw: Any, models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter_weights, "is_starter", lambda _path: False)
    kept: list[np.ndarray] = []

    def keep(frames: list[np.ndarray], *_args: Any, **_more: Any) -> bytes:
        kept.extend(frames)
        return b"film"

    monkeypatch.setattr(film_file, "written", keep)  # a file is not exact
    asked = {"weights": weights, "steps": 2, "scheduler": "euler"}
    film = Film.parse(
        {**asked, "prompts": "a red fox\na hen", "seeds": [3, 8], "frames": 2, "loop": False}
    )
    made = run_task(film_task.film, film, models=models)
    assert made.result["frames"] == 3
    for frame, prompt, seed in ((kept[0], "a red fox", 3), (kept[2], "a hen", 8)):
        alone = draw(seed=seed, prompt=prompt, **asked).artifacts[0].payload
        assert np.array_equal(frame, np.asarray(Image.open(io.BytesIO(alone)).convert("RGB")))
    assert not np.array_equal(kept[0], kept[1])
    assert not np.array_equal(kept[1], kept[2])
