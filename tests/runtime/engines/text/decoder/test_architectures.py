"""Every architecture scores as the reference does, in every way that its text can come in."""

from __future__ import annotations

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0 + 0.1 * i for i in range(6)],
    "long_factor": [2.0 + i for i in range(6)],
    "original_max_position_embeddings": 64,
    "partial_rotary_factor": 0.75,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 500.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}
PHI3 = {"num_key_value_heads": 2, "pad_token_id": 0, "sliding_window": 70}
GEMMA = {"head_dim": 32, "pad_token_id": 0}
VARIANTS = {
    "mistral": ("mistral", {"sliding_window": 21, "head_dim": 32}),
    "mistral without a window": ("mistral", {"sliding_window": None}),
    "qwen2, upper layers through a window": (
        "qwen2",
        {"use_sliding_window": True, "sliding_window": 70, "max_window_layers": 1},
    ),
    "qwen3": ("qwen3", {"head_dim": 32}),
    "qwen3 stretched": ("qwen3", {"head_dim": 32, "rope_parameters": YARN}),
    "gemma": ("gemma", GEMMA),
    "gemma2": (
        "gemma2",
        {
            **GEMMA,
            "query_pre_attn_scalar": 32,
            "sliding_window": 21,
            "attn_logit_softcapping": 3.0,
            "final_logit_softcapping": 2.0,
        },
    ),
    "gemma3": (
        "gemma3",
        {**GEMMA, "query_pre_attn_scalar": 32, "sliding_window": 21, "num_hidden_layers": 6},
    ),
    "gemma3 stretched": (
        "gemma3",
        {
            **GEMMA,
            "query_pre_attn_scalar": 32,
            "sliding_window": 80,
            "num_hidden_layers": 6,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
    ),
    "phi3": ("phi3", PHI3),
    "phi3 for long texts": (
        "phi3",
        {**PHI3, "rope_parameters": LONGROPE, "original_max_position_embeddings": 64},
    ),
    "smollm3": ("smollm3", {"num_hidden_layers": 4, "pad_token_id": 0}),
}
CLOSE = {"atol": 2e-4, "rtol": 2e-4}
PROMPT = [(7 * i * i + 3) % 300 for i in range(90)]


class Tiny:
    """A model in all forms, each loaded once."""

    def __init__(self, folder, variant: str) -> None:
        architecture, settings = VARIANTS[variant]
        self.model = tiny_models.reference(architecture, **settings)
        self.paths = {
            "folder": tiny_models.save_folder(self.model, folder),
            "gguf": tiny_models.save_gguf(self.model, folder / "tiny.gguf"),
        }
        self._engines = {}

    def engine(self, form: str, dtype=torch.float32) -> TextEngine:
        if (form, dtype) not in self._engines:
            self._engines[form, dtype] = TextEngine.load(self.paths[form], dtype=dtype)
        return self._engines[form, dtype]

    def expected(self, ids: list[int]) -> torch.Tensor:
        with torch.inference_mode():
            scores = self.model(torch.tensor([ids])).logits[0]
        assert scores.std() > 0.1, "scores that say something"
        return scores.float()


@pytest.fixture(scope="module", params=VARIANTS)
def tiny(request, tmp_path_factory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"), request.param)


def scores(engine: TextEngine, ids: list[int], chunk: int, capacity: int = 0) -> torch.Tensor:
    """Scores after each of ``ids``, (tokens, vocabulary)."""
    cache = engine.model.new_cache(capacity or len(ids))
    rows = []
    for start in range(0, len(ids), chunk):
        tokens = torch.tensor(ids[start : start + chunk])
        rows.append(engine.model.read([Passage(tokens, cache, len(tokens))]))
    return torch.cat(rows)


@pytest.mark.parametrize("form", ["folder", "gguf"])
def test_a_prompt_scores_as_in_the_reference(tiny, form) -> None:
    ours = scores(tiny.engine(form), PROMPT, chunk=40)
    torch.testing.assert_close(ours, tiny.expected(PROMPT), **CLOSE)


@pytest.mark.parametrize("form", ["folder", "gguf"])
def test_a_short_text_scores_as_in_the_reference(tiny, form) -> None:
    ours = scores(tiny.engine(form), PROMPT[:50], chunk=50)
    torch.testing.assert_close(ours, tiny.expected(PROMPT[:50]), **CLOSE)


def test_token_by_token_scores_as_in_the_reference(tiny) -> None:
    ours = scores(tiny.engine("folder"), PROMPT, chunk=1)
    torch.testing.assert_close(ours, tiny.expected(PROMPT), **CLOSE)


def test_parameters_are_counted(tiny) -> None:
    for form in ("folder", "gguf"):
        assert tiny.engine(form).info.parameters == tiny.model.num_parameters()


DIFFERENT = ["mistral", "gemma2", "gemma3", "phi3 for long texts", "smollm3"]
"""Variants that have all between them that attention varies."""

needs_packing = pytest.mark.skipif(not can_pack("cpu"), reason="no kernels for packed weights")


@needs_packing
def test_packed_scores_are_close_to_the_reference(tiny) -> None:
    ours = scores(tiny.engine("gguf", None), PROMPT, chunk=40)
    theirs = tiny.expected(PROMPT)
    difference = torch.nn.functional.kl_div(
        ours.log_softmax(-1), theirs.log_softmax(-1), log_target=True, reduction="none"
    ).sum(-1)
    assert difference.mean() < 0.01, "nothing but rounding"


@needs_packing
@pytest.mark.parametrize("tiny", DIFFERENT, indirect=True)
def test_packed_bits_do_not_depend_on_how_a_text_is_read(tiny) -> None:
    engine = tiny.engine("gguf", None)
    whole = scores(engine, PROMPT, chunk=90)
    assert torch.equal(scores(engine, PROMPT, chunk=7), whole)
    assert torch.equal(scores(engine, PROMPT, chunk=1)[-30:], whole[-30:])
    caches = [engine.model.new_cache(90) for _ in range(3)]
    passages = [
        Passage(torch.tensor(PROMPT[:33]), caches[0], 33),
        Passage(torch.tensor(PROMPT[5:6]), caches[1], 1),
        Passage(torch.tensor(PROMPT), caches[2], 90),
    ]
    assert torch.equal(engine.model.read(passages)[-90:], whole)


@needs_packing
@pytest.mark.parametrize("tiny", DIFFERENT, indirect=True)
def test_packed_bits_do_not_depend_on_what_is_known_already(tiny) -> None:
    engine = tiny.engine("gguf", None)
    whole = engine.model.new_cache(90)
    engine.model(torch.tensor(PROMPT[:60]), whole)
    reused = engine.model.new_cache(90)
    reused.start_with(*whole.beginning(60))
    rest = torch.tensor(PROMPT[60:])
    assert torch.equal(engine.model(rest, reused), engine.model(rest, whole))


@needs_packing
def test_a_text_that_turns_otherwise_does_not_reuse_a_beginning(tmp_path) -> None:
    tiny = Tiny(tmp_path, "phi3 for long texts")
    path = tiny.paths["gguf"]

    def written(engine: TextEngine, tokens: int) -> list[int]:
        params = SamplingParams(temperature=0, max_tokens=tokens)
        steps = list(engine.generate(PROMPT[:40], params))
        return [step.token for step in steps if step.kind == "token"]

    engine = TextEngine.load(path)
    written(engine, 4)  # fits the original context of 64, a text with 60 new tokens does not
    assert engine.prefixes.bytes > 0, "control: a beginning is kept"
    assert written(engine, 60) == written(TextEngine.load(path), 60)
    assert engine.prefixes.longest(PROMPT[:40], is_long=True) is not None
    assert engine.prefixes.longest(PROMPT[:40], is_long=False) is not None
