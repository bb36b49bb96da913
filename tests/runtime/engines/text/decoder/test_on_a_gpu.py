"""What can only be seen on a card: its numbers are the processor's, in every way of reading."""

from __future__ import annotations

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import CARD_DTYPE
from tests.runtime.engines import tiny_models
from tests.runtime.engines.text.decoder.test_architectures import VARIANTS
from tests.runtime.engines.text.decoder.test_on_a_card import FAMILIES

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]

CARD = f"cuda:{torch.cuda.device_count() - 1}"
"""The last one: where there are several, it is not the one that torch takes by itself."""
PROMPT = [(7 * i * i + 3) % 300 for i in range(70)]


def scores(engine: TextEngine, steps: int) -> torch.Tensor:
    """Scores of two texts, after a prompt and so many steps of both: (steps, 2, vocabulary)."""
    model = engine.model
    caches = [model.new_cache(100) for _ in range(2)]
    for text, cache in enumerate(caches):
        model.read([Passage(torch.tensor(PROMPT[text:]), cache)])
    tokens = torch.tensor(PROMPT[:steps])
    return torch.stack(
        [model.read([Passage(token[None], cache) for cache in caches]).cpu() for token in tokens]
    )


def tokens(engine: TextEngine, texts: int) -> list[tuple[int, int]]:
    params = [SamplingParams(seed=n, max_tokens=8) for n in range(texts)]
    steps = engine.generate_many(PROMPT, params)
    return [(text, step.token) for text, step in steps if step.kind == "token"]


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_the_processors(tmp_path, family) -> None:
    architecture, settings = VARIANTS[family]
    model = tiny_models.reference(architecture, **settings)
    path = tiny_models.save_gguf(model, tmp_path / "tiny.gguf")
    here = scores(TextEngine.load(path, dtype=torch.float32), 6)
    engine = TextEngine.load(path, device=CARD, dtype=torch.float32)
    torch.testing.assert_close(scores(engine, 6), here, atol=1e-3, rtol=1e-3)
    if family != "phi3 for long texts":  # which turn by other rules, and are not captured
        assert engine.model.graphs._of_thread.current is not None, "steps were captured"
    engine.move("cpu")
    engine.move(CARD)
    torch.testing.assert_close(scores(engine, 6), here, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("quantisation", ["Q4_1", "Q8_0"])
def test_by_itself_it_writes_in_the_cards_own_type(tmp_path, quantisation) -> None:
    path = tiny_models.save_gguf(tiny_models.reference(), tmp_path / "tiny.gguf", quantisation)
    engine = TextEngine.load(path, device=CARD)
    assert engine.model.dtype is CARD_DTYPE
    exact = scores(TextEngine.load(path, dtype=torch.float32), 6)
    error = (scores(engine, 6) - exact).square().mean().sqrt()
    assert error < 0.05 * exact.std()
    assert len(tokens(engine, 3)) == 24
    held = torch.cuda.memory_allocated(CARD)
    engine.close()
    assert torch.cuda.memory_allocated(CARD) < held
