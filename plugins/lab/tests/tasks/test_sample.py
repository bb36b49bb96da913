"""A model of texts goes on with what somebody wrote; others say that they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from studio.api import BadInput, Event, TaskContext
from studio.testing.plugins import Made, run_task
from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Sample
from studio_lab.tasks.sample import sample
from studio_lab.tasks.samples import made_of
from studio_lab.weights import Trained

pytestmark = pytest.mark.torch

META = {"vocabulary": ["", "a", "b", " "]}


def trained(name: str, shape: Shape, **arguments: Any) -> Trained:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ARCHITECTURES[name].make(shape, **arguments).eval().requires_grad_(False)
    return Trained(network, name, shape, META, {"data": "letters"})


def made(model: Trained, prompt: str) -> Made:
    asked = Sample.parse({"weights": "it", "count": 3, "single": True, "prompt": prompt})
    return run_task(sample, asked, seed=1, models={"it": model})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("decoder_transformer", {"width": 16, "depth": 1, "heads": 2}),
        ("recurrent", {"width": 16, "depth": 1}),
    ],
)
def test_each_text_goes_on_with_the_beginning(name: str, arguments: dict[str, int]) -> None:
    model = trained(name, Shape("text", vocabulary=4, length=12), **arguments)
    texts = [each.text for each in made(model, "ab ?b").artifacts]
    assert len(texts) == 3
    assert all(text.startswith("ab b") for text in texts), "what is unknown is left out"
    assert len(set(texts)) > 1, "they go on in different ways"
    assert texts == [each.text for each in made(model, "ab b").artifacts]


def test_a_model_of_pairs_answers_the_beginning() -> None:
    shape = Shape("pairs", vocabulary=4, length=6)
    model = trained("encoder_decoder", shape, width=16, depth=1, heads=2)
    (table,) = made(model, "ba").artifacts
    assert [row.partition(",")[0] for row in table.text.splitlines()] == ["source", *["ba"] * 3]


def test_others_say_what_to_do_instead() -> None:
    drawing = trained("normalising_flow", Shape("table", columns=3), width=8, depth=1)
    with pytest.raises(BadInput, match="makes no texts"):
        made(drawing, "ab")
    writer = trained("recurrent", Shape("text", vocabulary=4, length=12), width=16, depth=1)
    with pytest.raises(BadInput, match="none of the characters"):
        made(writer, "xyz")


def test_a_tune_without_a_note_is_left_out() -> None:
    vocabulary = ["", "d4", "60", "+4"]
    meta = {"vocabulary": vocabulary, "content": "tunes", "tempo": 100.0}
    shape = Shape("text", vocabulary=4, length=4)

    def hand_over(ctx: TaskContext, _params: Sample) -> Iterator[Event]:
        rows = np.array([[1, 2, 3, 2], [0, 0, 0, 0], [1, 2, 0, 0]])
        yield from made_of(ctx, rows, shape, meta, "Tunes", single=True)

    made = run_task(hand_over, Sample.parse({"weights": "it"}))
    assert [each.title for each in made.artifacts] == ["Tunes 1", "Tunes 2"]
