"""A language model larger than its card: some layers beside it, and what it says is the same.

The card is the processor, too: what is away is told by the products, not by where they are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from studio.api import Placement
from studio.api.worker.context import Parks, Places
from studio.runtime.engines.text.decoder.layers import Linear
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import TextLoader
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

PROMPT = torch.tensor([(7 * i * i + 3) % 300 for i in range(40)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_folder(
        tiny_models.reference("qwen2", tie_word_embeddings=True), tmp_path_factory.mktemp("tiny")
    )


def load(folder: Path, placement: Placement) -> TextEngine:
    steps, loaded = TextLoader().load_placed(folder, "cpu", placement), []

    def keep() -> Iterator[float]:
        loaded.append((yield from steps))

    for _ in keep():
        pass
    return loaded[0]


def scores(engine: TextEngine) -> torch.Tensor:
    return engine.model.read([Passage(PROMPT, engine.model.new_cache(64), wanted=3)])


def away(model: nn.Module) -> list[int]:
    """The numbers of the layers whose matrices are away."""
    assert isinstance(model, Llama)
    return [
        number
        for number, block in enumerate(model.blocks)
        if all(m.is_away for m in block.modules() if isinstance(m, Linear))
    ]


def test_the_division_is_the_largest_that_fits_and_adds_up(folder: Path) -> None:
    loader = TextLoader()
    assert isinstance(loader, Places)
    assert isinstance(loader, Parks)
    whole = loader.place(folder, 10**9)
    assert whole is not None
    assert (whole.layers, whole.of, whole.host_bytes) == (3, 3, 0)
    two = loader.place(folder, whole.device_bytes - 1)
    assert two is not None
    assert two.layers == 2
    assert two.device_bytes + two.host_bytes == whole.device_bytes
    least = loader.place(folder, two.device_bytes - 1)
    assert least is not None
    assert least.layers == 1
    assert loader.place(folder, least.device_bytes - 1) is None, "no layer fits"


def test_in_two_parts_it_says_what_it_says_whole(folder: Path) -> None:
    whole = load(folder, Placement(3, 3, 0, 0))
    parts = load(folder, Placement(1, 3, 0, 0))
    assert away(whole.model) == []
    assert away(parts.model) == [1, 2]
    assert torch.equal(scores(parts), scores(whole))
    assert scores(whole).std() > 0.01


def test_products_that_are_away_are_made_where_the_weights_are() -> None:
    """On a device that keeps no numbers: the rows go there, and only the way back is refused."""
    linear = Linear(4, 2, bias=False, device="meta")
    linear.is_away = True
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta"):
        linear(torch.ones(3, 4))


def test_it_can_leave_a_card_and_come_back(folder: Path) -> None:
    loader, engine = TextLoader(), load(folder, Placement(3, 3, 0, 0))
    before = scores(engine)
    head = engine.model.head if isinstance(engine.model, Llama) else None
    loader.park(engine)
    loader.unpark(engine, "cpu")
    assert torch.equal(scores(engine), before)
    assert head is not None
    assert isinstance(engine.model, Llama)
    assert head.weight is engine.model.embedding.weight, "what was shared still is"


def test_layers_that_are_away_stay_there_when_the_others_come_back(folder: Path) -> None:
    loader, engine = TextLoader(), load(folder, Placement(1, 3, 0, 0))
    loader.unpark(engine, "meta")
    assert isinstance(engine.model, Llama)
    for block in engine.model.blocks:
        for module in block.modules():
            if isinstance(module, Linear):
                assert module.weight.is_meta is not module.is_away
    assert engine.model.norm.weight.is_meta
