"""A look inside hands over plots and pictures that the window knows the words of."""

from __future__ import annotations

import pytest

from studio.api import Kind
from studio.api.plot import Plot
from studio.testing.plugins import run_task
from studio_lab.datasets.dataset import Shape
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.schema import Inspect
from studio_lab.tasks.inspect import inspect
from studio_lab.weights import Trained

pytestmark = pytest.mark.torch


def test_a_transformer_and_an_autoencoder_are_looked_into() -> None:
    shapes = {
        "decoder_transformer": Shape("text", vocabulary=3, length=8),
        "vae": Shape("pictures", 1, 8, 8, levels=4),
    }
    sizes = {
        "decoder_transformer": {"width": 8, "depth": 1, "heads": 2},
        "vae": {"width": 8, "latent": 2, "depth": 1},
    }
    kinds = {}
    for name, shape in shapes.items():
        network = ARCHITECTURES[name].make(shape, **sizes[name])
        model = Trained(
            network.eval(), name, shape, {"vocabulary": ["a", "b", "c"]}, {"data": "Letters"}
        )
        asked = Inspect.parse({"weights": "it", "text": "abba", "count": 2})
        made = run_task(inspect, asked, models={"it": model})
        kinds[name] = [each.kind for each in made.artifacts]
        assert [each.title.split(": ")[0] for each in made.artifacts] == made.result["views"]
        for each in made.artifacts:
            if each.kind == Kind.PLOT:
                assert Plot.decode(each.read()).title == each.title.split(": ")[0]
            else:
                assert each.meta["view"] in made.result["views"]
    assert kinds["vae"] == [Kind.IMAGE]
    assert kinds["decoder_transformer"].count(Kind.PLOT) == 5
