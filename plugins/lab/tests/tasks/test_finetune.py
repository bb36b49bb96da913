"""A language model learns from pairs: the adapter writes beside its base, which stays the same."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from studio.api import BadInput, Kind, SamplingParams, SavedArtifact, finished
from studio.runtime.engines.text.adapter_loader import AdapterLoader
from studio.runtime.engines.text.engine import TextEngine
from studio.testing.plugins import Made, run_task
from studio_lab.schema.finetune import FineTune
from studio_lab.tasks.finetune import finetune
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch


ANSWER = "Aye, captain."


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "orders.tsv"
    path.write_text("".join(f"Steer {n} degrees\t{ANSWER}\n" for n in range(80)))
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    """A model that has learned nothing."""
    model = tiny_models.Plain(0.1)
    return TextEngine.load(tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny")))


def tuned(
    base: TextEngine,
    pairs: Path,
    stop_after: int | None = None,
    checkpoint: Path | None = None,
    library: Sequence[SavedArtifact] = (),
    **params: object,
) -> Made:
    asked = FineTune.parse(
        {"data": str(pairs), "weights": "tiny", "rate": 0.01, "epochs": 4} | params
    )
    models = {"tiny": base}
    return run_task(
        finetune,
        asked,
        seed=1,
        models=models,
        stop_after=stop_after,
        checkpoint=checkpoint,
        library=library,
    )


@pytest.fixture(scope="module")
def made(base: TextEngine, pairs: Path) -> Made:
    return tuned(base, pairs)


def kept(made: Made, kind: str) -> list[bytes]:
    return [each.read() for each in made.artifacts if each.kind == kind]


def reply(engine: TextEngine, number: int) -> str:
    ids = engine.fit([{"role": "user", "content": f"Steer {number} degrees"}], 20).ids
    how = SamplingParams(temperature=0, max_tokens=20, repetition_penalty=1.0)
    return "".join(step.text for step in engine.generate(ids, how))


def test_it_answers_what_it_has_not_seen(made: Made, base: TextEngine, tmp_path: Path) -> None:
    measures = made.result["measures"]
    assert measures["held_out_after"] < measures["held_out_before"] / 5
    path = tmp_path / "adapter.safetensors"
    path.write_bytes(kept(made, Kind.WEIGHTS)[0])
    loader = AdapterLoader()
    loader.find_base = lambda id, digest: base.opened().path
    facts = loader.recognise(path)
    assert facts is not None
    assert facts.facts["measures"] == measures
    adapted = finished(loader.load(path, "cpu"))
    assert [reply(adapted, n) for n in (190, 275, 300)] == [ANSWER] * 3
    assert reply(base, 190) != ANSWER, "the base is as it was"


def test_held_out_answers_are_shown_before_and_after(made: Made) -> None:
    (table,) = kept(made, Kind.TABLE)
    heads, *rows = table.decode().splitlines()
    assert heads == "prompt,answer,nats per token before,nats per token after"
    assert len(rows) == 8
    for row in csv.reader(rows):
        assert row[0].startswith("Steer")
        assert row[1] == ANSWER
        assert float(row[3]) < float(row[2])


def test_what_was_stopped_goes_on_to_the_same_adapter(
    base: TextEngine, pairs: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_lab.training.run.SLICE_SECONDS", 0.0)  # a step at a time
    begins = sum(each.message.startswith(("Loading", "Reading")) for each in made.progress)
    first = tuned(base, pairs, stop_after=begins + 20, checkpoint=tmp_path)
    assert first.cancelled
    assert first.result["steps"] < made.result["steps"]
    assert kept(first, Kind.WEIGHTS) != kept(made, Kind.WEIGHTS)
    second = tuned(base, pairs, checkpoint=tmp_path)
    assert kept(second, Kind.WEIGHTS) == kept(made, Kind.WEIGHTS)


def test_the_better_of_two_answers_is_preferred(base: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "choices.csv"
    rows = "".join(f"Steer {n} degrees,{ANSWER},No way.\n" for n in range(40))
    path.write_text("prompt,chosen,rejected\n" + rows)
    measures = tuned(base, path, method="preferences").result["measures"]
    assert measures["preferred"] == 1.0
    assert measures["held_out_after"] < measures["held_out_before"] / 3


def test_stars_are_preferences(base: TextEngine) -> None:
    replies = [
        SavedArtifact(f"{n}{text}", "text", f"Steer {n}", "", Path(), text, starred=text == ANSWER)
        for n in range(20)
        for text in (ANSWER, "No way.")
    ]
    made = tuned(base, Path(), method="preferences", data="", library=replies, epochs=2)
    assert made.result["measures"]["preferred"] == 1.0


def test_stars_of_chat_are_preferences_too(base: TextEngine) -> None:
    said = [[f"Steer {n}", ANSWER, "No way."] for n in range(20)]
    asked = {"method": "preferences", "weights": "tiny", "rate": 0.01, "epochs": 1}
    made = run_task(
        finetune, FineTune.parse(asked), seed=1, models={"tiny": base}, inputs={"choices": said}
    )
    assert made.result["measures"]["preferences"] == 2


def test_a_whole_model_is_made_if_that_is_asked_for(pairs: Path, tmp_path: Path) -> None:
    model = tiny_models.Plain(0.1)
    base = TextEngine.load(tiny_models.save_gguf(model, tmp_path / "tiny.gguf"))
    made = tuned(base, pairs, merge=True, epochs=1)
    whole = next(each for each in made.artifacts if each.suffix == ".gguf")
    assert whole.meta["weights"] == made.result["merged"]
    path = tmp_path / "whole.gguf"
    path.write_bytes(whole.read())
    ids = base.encode(f"Steer 7 degrees {ANSWER}")
    before, after = (
        sum(sum(step) for step in engine.score(ids, 8)) for engine in (base, TextEngine.load(path))
    )
    assert after > before


def test_plain_text_is_learned_too(base: TextEngine, tmp_path: Path) -> None:
    text = tmp_path / "rhyme.txt"
    text.write_text("the rain in spain stays mainly in the plain, " * 60)
    made = tuned(base, text, length=64)
    measures = made.result["measures"]
    assert measures["held_out_after"] < measures["held_out_before"] / 2


def test_examples_that_are_too_long_are_told(base: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("".join(f"{n},{'yes ' * 40}\n{'why ' * 40}{n},no\n" for n in range(10)))
    made = tuned(base, path, epochs=1, length=64)
    assert made.result["notes"][1:3] == [  # the first is about the missing header
        "Left out: prompts longer than 64 tokens (10).",
        "10 answers are cut after 64 tokens.",
    ]
    with pytest.raises(BadInput, match="too few examples that fit 16 tokens"):
        tuned(base, path, length=16)
