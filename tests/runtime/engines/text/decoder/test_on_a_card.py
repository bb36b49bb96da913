"""The whole way of a text on a card, on machines without one: devices, types and shapes agree.

Nothing waits for the card but the scores of a step, once for all its texts. What is captured
touches nothing of the processor.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.utils import _pytree as trees
from torch.utils._python_dispatch import TorchDispatchMode

from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.decoder import weights_loader
from studio.runtime.engines.text.decoder.layers import Linear
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.model_files import open_model
from studio.runtime.engines.text.decoder.weights_loader import load_decoder
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.sampler import Sampler
from studio.runtime.engines.text.tokenization.chat_template import ChatTemplate
from tests.runtime.engines import tiny_models
from tests.runtime.engines.fake_card import NAME, fake_card
from tests.runtime.engines.text.decoder.test_architectures import VARIANTS

pytestmark = pytest.mark.torch

CARD, PROCESSOR = torch.device(NAME), torch.device("cpu")
FAMILIES = [
    "mistral",
    "qwen2, upper layers through a window",
    "gemma2",
    "gemma3",
    "phi3 for long texts",
    "smollm3",
]
"""Variants that have all between them that families vary."""
PROMPT = list(range(5, 75))


class Captured(TorchDispatchMode):
    """Refuses what a capture refuses: copies from the processor and to it."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for each in trees.tree_leaves((args, kwargs, result)):
            if isinstance(each, torch.Tensor):
                assert each.device == CARD, f"{function} in a captured step"
        return result


class Card:
    """A card's graphs and streams.

    Attributes:
        replays: How often a captured step was made again.
        waits: How often somebody waited for the card.
    """

    def __init__(self) -> None:
        self.replays = self.waits = 0

    def capture(self, run):
        with Captured():
            buffer = run()

        def replay() -> torch.Tensor:
            self.replays += 1
            with Captured():
                assert run().shape == buffer.shape
            return buffer

        return replay

    def synchronize(self) -> None:
        self.waits += 1


@pytest.fixture
def card(monkeypatch) -> Card:
    """A card on which each token that is chosen is 9."""
    card = Card()

    def pick(self: Sampler, scores: torch.Tensor) -> int:
        assert (scores.device, scores.dtype) == (PROCESSOR, torch.float32)
        return 9

    def capture(device: torch.device, run):
        assert device == CARD
        return card.capture(run)

    monkeypatch.setattr(Sampler, "pick", pick)
    monkeypatch.setattr("studio.runtime.engines.text.decoder.llama.cuda_capture", capture)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: card)
    return card


def load(path: Path, layers: int | None = None, may_pack: bool = False) -> TextEngine:
    """Load on the card, which is held."""
    with open_model(path) as files:
        tokenizer = files.tokenizer()
        with fake_card():
            steps = load_decoder(
                files.source, files.names, files.config, torch.bfloat16, NAME,
                layers=layers, may_pack=may_pack,
            )  # fmt: skip
            model = finished(steps)
        return TextEngine(files.info(), model, tokenizer, ChatTemplate("", {}, chatml=True), 1_024)


def finished(steps) -> Llama:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def written(engine: TextEngine, texts: int, tokens: int, prompt=PROMPT) -> list[int]:
    params = [SamplingParams(seed=n, max_tokens=tokens) for n in range(texts)]
    return [s.token for _, s in engine.generate_many(prompt, params) if s.kind == "token"]


def places(model: Llama) -> set[torch.device]:
    return {weight.device for weight in model.parameters()}


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_written_and_weights_leave_and_come_back(tmp_path, card, family) -> None:
    architecture, settings = VARIANTS[family]
    model = tiny_models.reference(architecture, **settings)
    engine = load(tiny_models.save_gguf(model, tmp_path / "tiny.gguf"))
    with fake_card():
        assert places(engine.model) == {CARD}
        assert engine.model.dtype is torch.bfloat16
        assert written(engine, texts=2, tokens=3) == [9] * 6
        long = family == "phi3 for long texts"  # which turn by other rules, and are not captured
        assert (card.replays > 0) is not long
        assert card.waits == 3, "for the prompt, and once a step for both texts"
        engine.move("cpu")
        assert places(engine.model) == {PROCESSOR}
        engine.move(NAME)
        assert places(engine.model) == {CARD}
        assert written(engine, texts=1, tokens=2, prompt=PROMPT[:1]) == [9, 9]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    return tiny_models.save_gguf(tiny_models.reference("qwen2"), folder / "tiny.gguf", "Q8_0")


def test_layers_may_be_away(path, card) -> None:
    engine = load(path, layers=1)
    with fake_card():
        away = {
            m.weight.device for m in engine.model.modules() if isinstance(m, Linear) and m.is_away
        }
        assert away == {PROCESSOR}
        assert written(engine, texts=2, tokens=3) == [9] * 6
        assert card.replays == 0, "the processor takes part in each step"


def test_products_of_4_bits_stay_so(tmp_path, card, monkeypatch) -> None:
    monkeypatch.setattr(weights_loader, "can_multiply", lambda device: device == NAME)
    path = tiny_models.save_gguf(tiny_models.reference("qwen2"), tmp_path / "tiny.gguf", "Q4_1")
    engine = load(path, may_pack=True)
    block = next(engine.model.layers())
    products = (block.attention.qkv, block.attention.out, block.feed_forward.down)
    assert all(product.four_bits and product.weight.is_meta for product in products)
    assert engine.model.head.four_bits is None, "its 300 rows are no whole tiles"
    with open_model(path) as files:
        sizes = (files.source, files.names, files.config, torch.bfloat16, NAME)
        assert engine.model.weights_bytes == weights_loader.card_bytes(*sizes)
        assert engine.model.weights_bytes < weights_loader.float_bytes(files.config, torch.bfloat16)
    with fake_card():
        assert written(engine, texts=2, tokens=3) == [9] * 6
        assert card.replays == 2
        engine.move("cpu")
        engine.move(NAME)
        assert written(engine, texts=1, tokens=2) == [9, 9]


def test_what_is_on_another_device_is_told(path, card) -> None:
    """The control: were a tensor left behind anywhere, the tests above would fail."""
    engine = load(path)
    with fake_card():
        weight = torch.ones(engine.model.config.hidden, dtype=torch.bfloat16)
        engine.model.norm.weight = torch.nn.Parameter(weight, requires_grad=False)
        with pytest.raises(RuntimeError, match="same device"):
            written(engine, texts=1, tokens=1)


def test_what_waits_or_copies_within_a_step_is_told(card) -> None:
    with fake_card():
        numbers = torch.ones(4, device=NAME)
        for waits in (lambda: bool(numbers.any()), numbers.tolist, numbers.sum().item):
            with pytest.raises(DataDependentOutputException):
                waits()
        for copies in (
            lambda: torch.ones(4).to(NAME),
            lambda: numbers.to("cpu"),
            lambda: numbers + torch.tensor([1.0], device=NAME),
            lambda: numbers + torch.ones(()),
        ):
            with pytest.raises(AssertionError, match="in a captured step"):
                card.capture(copies)
        with pytest.raises(AssertionError, match="would be copied"):
            numbers[torch.tensor([1])]
