"""The example with stand-ins for the tasks that it calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from studio.api import BadInput, CalledArtifact, CallOutcome, Check, Verdict
from studio.testing.plugins import Made, importable, run_task

POEM = "A fox in snow\nleaves <no> sign."
PICTURE = CalledArtifact(
    "image",
    b"PNG",
    ".png",
    text="a fox",
    verdict=Verdict((Check("pixels", True),)),
    preview=b"small",
    id="picture",
)


@pytest.fixture
def worker() -> Iterator[ModuleType]:
    with importable(Path(__file__).parents[1]):
        import studio_poem_picture.worker as worker

        yield worker


def run(worker: ModuleType, *, poem: str = POEM, scene: str = "red fox", **params: Any) -> Made:
    from studio_poem_picture.schema import Make

    asked: list[tuple[str, str]] = []

    def reply(given: Mapping[str, Any], inputs: Any) -> CallOutcome:
        asked.append(("chat.reply", given["prompt"]))
        return CallOutcome({}, (), scene if given["regex"] else poem)

    def paint(given: Mapping[str, Any], inputs: Any) -> CallOutcome:
        asked.append(("image.generate", given["prompt"]))
        if "zeppelin" in given["prompt"]:
            raise BadInput("The starter model does not know “zeppelin”.")
        return CallOutcome({"count": 1}, (PICTURE,))

    calls: dict[str, Callable[..., CallOutcome]] = {"chat.reply": reply, "image.generate": paint}
    made = run_task(worker.make, Make.parse({"about": "a fox", **params}), calls=calls)
    made.result["asked"] = asked
    return made


def test_a_card_has_the_poem_and_its_picture(worker: ModuleType) -> None:
    made = run(worker)
    (card,) = made.artifacts
    page = card.read().decode()
    assert "A fox in snow<br>\nleaves &lt;no&gt; sign." in page
    assert 'src="data:image/png;base64,UE5H"' in page
    assert [check.name for check in card.verdict.checks] == ["poem", "pixels"]
    assert (card.kind, card.meta, card.preview) == ("poem_card", {"picture": "picture"}, b"small")
    assert made.result["asked"][-1] == ("image.generate", "red fox")
    assert made.result["known"] is True
    assert made.text.strip() == POEM
    assert [event.done for event in made.progress] == [0, 1, 2, 3]


def test_what_the_painter_does_not_know_is_not_painted(worker: ModuleType) -> None:
    made = run(worker, scene="zeppelin")
    assert [prompt for task, prompt in made.result["asked"] if task == "image.generate"] == [
        "zeppelin",
        "a fox",
    ]
    assert made.result["known"] is False


def test_the_form_is_asked_for(worker: ModuleType) -> None:
    (_, asked), *_ = run(worker, form="haiku").result["asked"]
    assert asked == "Write a poem about a fox as a haiku of three lines. Write the poem only."


@pytest.mark.parametrize("more", [{"about": " "}, {"poem": " "}])
def test_nothing_is_said_in_words(worker: ModuleType, more: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        run(worker, **more)
