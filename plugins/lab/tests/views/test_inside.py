"""What is seen inside tiny networks is what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from studio.api import BadInput, finished
from studio.api.plot import Plot
from studio_lab.datasets.dataset import Shape
from studio_lab.datasets.presentation import pixels
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.training.randomness import generator
from studio_lab.views import generation, predictions
from studio_lab.views.inside import views
from studio_lab.views.view import Ask, View, grid

pytestmark = pytest.mark.torch

TEXT = Shape("text", vocabulary=4, length=12)
PAIRS = Shape("pairs", vocabulary=4, length=6)
PICTURES = Shape("pictures", 1, 8, 8, levels=4)
TABLE = Shape("table", columns=3)
THREE = Ask(count=3)
META = {
    "vocabulary": ["", "a", "b", " "],
    "columns": [{"name": "size"}, {"name": "kind", "names": ["x", "y"]}],
}


def network(name: str, shape: Shape, **arguments: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ARCHITECTURES[name].make(shape, **arguments).eval()


def seen(looked_into: Any, ask: Ask = THREE) -> dict[str, Any]:
    found: list[View] = finished(views(looked_into, META, ask))
    for each in found:
        if isinstance(each.content, Plot):
            each.content.encode()
    return {each.title: each.content for each in found}


def test_heads_of_the_users_text_look_back_and_nowhere_else() -> None:
    transformer = network("decoder_transformer", TEXT, width=16, depth=2, heads=2)
    found = seen(transformer, Ask("ab ba?", block=9))
    titles = [f"Attention, block 2, head {number}" for number in (1, 2)]
    assert [*found] == ["Next token", "Surprise", "All heads", *titles, "Positions"]
    plot = found[titles[0]]
    assert plot.x.categories == ["▷", "a", "b", "␣", "b", "a"], "what is unknown is left out"
    assert plot.y.categories == plot.x.categories[::-1]
    for row, values in enumerate(plot.series[0].values[::-1]):
        assert sum(each or 0 for each in values) == pytest.approx(1, abs=1e-3)
        assert all(each is None for each in values[row + 1 :]), "nobody sees what follows"
    assert found["All heads"].shape == (2 * 6 + 2, 2 * 6 + 2, 3)
    cosines = np.array(found["Positions"].series[0].values)
    assert np.allclose(np.diag(cosines), 1, atol=1e-3)


def test_what_is_expected_next_is_what_the_network_says() -> None:
    recurrent = network("recurrent", TEXT, width=16, depth=1)
    found = seen(recurrent, Ask("ab"))
    told = recurrent.logits(torch.tensor([[4, 1, 2]])).softmax(2)[0]
    heights = dict(zip(found["Next token"].x.categories, found["Next token"].series[0].y))
    assert heights == pytest.approx(dict(zip("□ab␣", told[2].tolist())), abs=1e-4)
    bits = -told[[0, 1], [1, 2]].log2()
    assert found["Surprise"].series[0].y == pytest.approx(bits.tolist(), abs=1e-3)
    assert seen(recurrent) == seen(recurrent), "without a text it writes one, the same each time"


def test_a_text_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(BadInput, match="none of these characters"):
        seen(network("recurrent", TEXT, width=16, depth=1), Ask("漢字"))


def test_a_text_is_read_in_the_longest_tokens() -> None:
    assert predictions.tokens_of("CClx", ["", "C", "l", "Cl"], 9).tolist() == [1, 3]


def test_an_answer_is_written_with_an_eye_on_the_source() -> None:
    pair = network("encoder_decoder", PAIRS, width=16, depth=2, heads=2)
    found = seen(pair, Ask("ab", block=1))
    plot = found["Attention, block 1, head 2"]
    assert plot.x.categories == ["a", "b", "□"]
    assert len(plot.series[0].values) == len(plot.y.categories)


@pytest.mark.parametrize(
    ("name", "arguments", "title", "across"),
    [
        ("vae", {"width": 16, "latent": 2, "depth": 1}, "Latent walk", generation.STAGES),
        ("gan", {"width": 8, "latent": 4}, "Latent walk", generation.STAGES),
        ("diffusion", {"width": 8, "depth": 1}, "Denoising", generation.STAGES),
        ("flow_matching", {"width": 8, "depth": 1}, "Denoising", generation.STAGES),
        ("pixelcnn", {"width": 8, "depth": 1}, "Drawing", generation.STAGES),
        ("normalising_flow", {"width": 16, "depth": 3}, "Unfolding", 4),
    ],
)
def test_pictures_come_about_in_rows(
    name: str, arguments: dict[str, Any], title: str, across: int
) -> None:
    made = network(name, PICTURES, **arguments)
    picture = seen(made)[title]
    assert picture.shape == (3 * 9 - 1, across * 9 - 1, 3)
    assert np.array_equal(picture, seen(made)[title])


def test_codes_stand_above_their_pictures() -> None:
    made = network("vqvae", PICTURES, width=8, codes=8, depth=1)
    assert seen(made)["Codes"].shape == (2 * 9 - 1, 3 * 9 - 1, 3)


@pytest.mark.parametrize("name", ["diffusion", "flow_matching", "normalising_flow"])
def test_rows_of_a_table_are_points_that_wander(name: str) -> None:
    arguments = (
        {"width": 16, "depth": 3} if name == "normalising_flow" else {"width": 8, "depth": 1}
    )
    (plot,) = seen(network(name, TABLE, **arguments)).values()
    assert (plot.x.label, plot.y.label) == ("size", "kind: x")
    assert [each.name for each in plot.series][::3] == ["0%", "100%"]
    (lines,) = seen(network("vae", TABLE, width=16, latent=2, depth=1)).values()
    assert [each.name for each in lines.series] == ["size", "kind: x", "kind: y"]


def test_a_walk_begins_and_ends_where_it_should() -> None:
    first, last = torch.eye(2)
    ends = [
        generation.sphere(first[None], last[None], torch.tensor(share)) for share in (0.0, 0.5, 1.0)
    ]
    assert torch.allclose(
        torch.cat(ends), torch.tensor([[1, 0], [0.5**0.5] * 2, [0, 1]]), atol=1e-4
    )


@pytest.mark.parametrize("name", ["diffusion", "flow_matching"])
def test_noise_ends_as_what_is_sampled(name: str) -> None:
    made = network(name, PICTURES, width=8, depth=1)
    torch.nn.init.normal_(made.denoiser.leave.weight, std=0.1, generator=generator("cpu", 1))
    strip = seen(made)["Denoising"]
    with torch.no_grad():
        sampled = finished(made.sample(3, generator("cpu", 0, "denoising")))
    wanted = grid(pixels(sampled.numpy(), 4), 1)
    assert np.array_equal(strip[:, -8:], wanted)
    assert not np.array_equal(strip[:, :8], wanted), "the control"


def test_what_makes_nothing_has_nothing_to_show() -> None:
    with pytest.raises(BadInput, match="nothing to see"):
        seen(network("classifier", Shape("table", columns=3, classes=2), width=16))
