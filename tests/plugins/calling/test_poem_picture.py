"""The worked example: built as a wheel, read as the installer reads it, run with the real tasks of
the chat and of the pictures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio.api import Requirements, SamplingParams, TextStep, WeightsFacts
from studio.api.worker.text import FittedPrompt
from studio.plugins.install.host_packages import look
from studio.plugins.install.wheel import read_wheel
from studio.protocol.states import JobState
from studio_image.starter import sampler
from tests.plugins.calling.conftest import Desk

pytestmark = [pytest.mark.torch, pytest.mark.e2e]

PROJECT = Path(__file__).parents[3] / "plugins" / "examples" / "poem_picture"
POEM = "A fox in the snow\nleaves no sign at all"
SIDECAR = """
id = "poet"
title = "Poet"
file = "poet.gguf"
format = "gguf"
family = "poet"
capabilities = ["text"]
"""


class Poet:
    """Writes one poem, and knows what to paint of it."""

    context_length = 512
    engine = "pretended"

    def fit(self, messages: Sequence[Any], reserve: int) -> FittedPrompt:
        return FittedPrompt([int("painted" in messages[-1]["content"])])

    def encode(self, text: str) -> list[int]:
        return [0]

    def count(self, text: str) -> int:
        return len(text.split())

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return 0

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        text = "fox" if ids[0] else POEM
        yield TextStep("token", 1, params.max_tokens, text)
        yield TextStep("end", 1, params.max_tokens, finish_reason="stop")

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        raise NotImplementedError


class PoetLoader:
    """Lends that engine."""

    family = "poet"

    def recognise(self, path: Path) -> WeightsFacts | None:
        return WeightsFacts("poet", "Poet", ("text",)) if path.stem == "poet" else None

    def measure(self, path: Path) -> Requirements:
        return Requirements(100, 10)

    def load(self, path: Path, device: str) -> Iterator[Any]:
        yield 1.0
        return Poet()

    def unload(self, loaded: Any) -> None:
        pass


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = ("wheel", str(PROJECT), "--no-build-isolation", "--no-deps", "--no-index", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "-w", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_installer_finds_nothing_wrong_with_it(wheel: Path) -> None:
    read = read_wheel(wheel, look())
    assert read.findings == ()
    assert read.manifest is not None
    assert read.manifest.uses == ("chat.reply", "image.generate")


def test_installed_it_runs_with_the_chat_and_the_pictures(
    wheel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., tuple[int, str, str]],
) -> None:
    pytest.importorskip("uv", reason="installing needs it: run the setup")
    home = tmp_path / "home"
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "poet.gguf").write_bytes(b"GGUF")
    (home / "weights" / "poet.toml").write_text(SIDECAR)
    monkeypatch.setenv("STUDIO_HOME", str(home))
    for words in (("install", str(wheel), "--yes"), ("on", "poem_picture")):
        code, out, err = command("plugins", *words)
        assert code == 0, out + err
    only = ("poem_picture", "chat", "image")
    with Desk.opened(home, tmp_path / "none", monkeypatch, only, [PoetLoader()]) as desk:
        assert desk.studio.plugins.plugin("poem_picture").isolated
        job = desk.run("poem_picture.make", about="a fox", weights="poet", seed=3)
        assert job.error is None
        assert job.state is JobState.DONE
        assert job.result["poem"] == POEM
        assert job.result["known"] is True
        poem, picture, card = job.artifacts
        assert [each.kind for each in job.artifacts] == ["text", "image", "poem_card"]
        assert picture.read().startswith(b"\x89PNG")
        assert "data:image/png;base64,iVBOR" in card.path.read_text()
        library = desk.studio.library
        assert set(library.inputs(card.id)) == {poem.id, picture.id}
        assert library.inputs(picture.id) == [poem.id]
        assert "image-starter" in library.record(picture.record).weights
        painted = library.record(picture.record)
        assert painted.caller == job.record
        assert painted.energy is not None
        own, whole = library.energy.of_record(job.record)
        assert own is not None
        assert whole is not None
        assert whole.joules > own.joules + painted.energy.joules / 2, "with what it called for"
        drawn: list[int] = []
        draw = sampler.draw
        monkeypatch.setattr(sampler, "draw", lambda *a, **b: drawn.append(1) or draw(*a, **b))
        again = desk.run("image.generate", **painted.params)
        assert again.artifacts[0].read() == picture.read()
        assert drawn == [], "what was kept beside the first is found over the link"
        library.erase([picture.id])
        assert library.intermediates.bytes == 0
        desk.run("image.generate", **painted.params)
        assert drawn, "control"
        tasks = sorted(entry.task for entry in library.jobs.recent())
        assert tasks == ["chat.reply", "chat.reply", *["image.generate"] * 2, "poem_picture.make"]
