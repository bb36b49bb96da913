"""Scores of tiny random models equal the reference's, from model folders and from GGUF files."""

from __future__ import annotations

import copy

import numpy
import pytest
import torch

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.engine import TextEngine
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
VARIANTS = {
    "plain": ("llama", {}),
    "tied": ("llama", {"tie_word_embeddings": True}),
    "one key for all": ("llama", {"num_key_value_heads": 1}),
    "a key each": ("llama", {"num_key_value_heads": 4}),
    "wide heads": ("llama", {"head_dim": 32}),
    "another base": ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
    "linear": (
        "llama",
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0}},
    ),
    "llama3": ("llama", {"rope_parameters": LLAMA3}),
    "qwen2": ("qwen2", {}),
    "qwen2 tied": ("qwen2", {"tie_word_embeddings": True}),
}
CLOSE = {"atol": 1e-4, "rtol": 1e-4}
"""Of scores whose spread is above 0.1: the last bits are the processor's, which adds up a single
row in another order than a block of rows."""

PROMPT = [(7 * i * i + 3) % 300 for i in range(90)]


def load(path) -> TextEngine:
    """The exact path: what packing rounds is tested elsewhere."""
    return TextEngine.load(path, dtype=torch.float32)


def scores(engine: TextEngine, ids: list[int], chunk: int) -> torch.Tensor:
    """Scores after each chunk of ``ids``, (chunks, vocabulary)."""
    cache = engine.model.new_cache(len(ids))
    rows = [
        engine.model(torch.tensor(ids[start : start + chunk]), cache)
        for start in range(0, len(ids), chunk)
    ]
    return torch.stack(rows)


def expected(model, ids: list[int], chunk: int) -> torch.Tensor:
    with torch.inference_mode():
        rows = model(torch.tensor([ids])).logits[0]
    return rows[chunk - 1 :: chunk].float()


@pytest.mark.parametrize("chunk", [1, 9, 30, 90])
@pytest.mark.parametrize("variant", VARIANTS)
def test_folder(tmp_path, variant, chunk) -> None:
    architecture, settings = VARIANTS[variant]
    model = tiny_models.reference(architecture, **settings)
    engine = load(tiny_models.save_folder(model, tmp_path))
    ours, theirs = scores(engine, PROMPT, chunk), expected(model, PROMPT, chunk)
    assert theirs.std() > 0.1, "scores that say something"
    torch.testing.assert_close(ours, theirs, **CLOSE)


@pytest.mark.parametrize("variant", ["plain", "tied", "wide heads", "another base", "qwen2"])
def test_gguf(tmp_path, variant) -> None:
    architecture, settings = VARIANTS[variant]
    model = tiny_models.reference(architecture, **settings)
    engine = load(tiny_models.save_gguf(model, tmp_path / "tiny.gguf"))
    torch.testing.assert_close(scores(engine, PROMPT, 30), expected(model, PROMPT, 30), **CLOSE)


@pytest.mark.parametrize("quantisation", ["F16", "BF16", "Q8_0", "Q5_1", "Q4_0"])
def test_quantised_gguf_is_the_reference_with_the_same_rounding(tmp_path, quantisation) -> None:
    import gguf

    model = tiny_models.reference()
    path = tiny_models.save_gguf(model, tmp_path / "tiny.gguf", quantisation)
    kind = gguf.GGMLQuantizationType[quantisation]
    for value in model.state_dict().values():
        if value.ndim > 1:
            packed = gguf.quants.quantize(value.numpy(), kind)
            rounded = numpy.asarray(gguf.quants.dequantize(packed, kind), dtype=numpy.float32)
            value.copy_(torch.from_numpy(rounded.reshape(value.shape)))
    engine = load(path)
    assert engine.info.quantisation == quantisation
    torch.testing.assert_close(scores(engine, PROMPT, 30), expected(model, PROMPT, 30), **CLOSE)


@pytest.mark.parametrize("quantisation", ["Q4_K", "Q6_K"])
def test_qwen2_of_k_blocks_is_the_reference_with_the_same_numbers(tmp_path, quantisation) -> None:
    import gguf

    model = tiny_models.reference("qwen2", hidden_size=256, intermediate_size=512)
    path = tiny_models.save_gguf(model, tmp_path / "tiny.gguf", quantisation)
    kind = gguf.GGMLQuantizationType[quantisation]
    for value in model.state_dict().values():
        if value.ndim > 1:
            blocks = tiny_models.packed(value.numpy(), kind)
            value.copy_(torch.from_numpy(gguf.quants.dequantize(blocks, kind)))
    theirs = expected(model, PROMPT, 30)
    assert theirs.std() > 0.1, "scores that say something"
    ours = scores(load(path), PROMPT, 30)
    torch.testing.assert_close(ours, theirs, **CLOSE)


def test_gguf_divides_slow_frequencies(tmp_path) -> None:
    model = tiny_models.reference("llama", rope_parameters=LLAMA3)
    plain = tiny_models.reference("llama").model.rotary_emb.inv_freq
    divisors = (plain / model.model.rotary_emb.inv_freq).numpy()
    path = tiny_models.save_gguf(
        model, tmp_path / "tiny.gguf", tensors={"rope_freqs.weight": divisors}
    )
    torch.testing.assert_close(scores(load(path), PROMPT, 30), expected(model, PROMPT, 30), **CLOSE)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_stored_in_half_precision(tmp_path, dtype) -> None:
    model = tiny_models.reference()
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).float()
    engine = load(tiny_models.save_folder(copy.deepcopy(model).to(dtype), tmp_path))
    assert engine.model.dtype is torch.float32
    torch.testing.assert_close(scores(engine, PROMPT, 30), expected(model, PROMPT, 30), **CLOSE)


def test_computed_in_bfloat16(tmp_path) -> None:
    model = tiny_models.reference()
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path), dtype=torch.bfloat16)
    assert engine.weights_bytes == 2 * engine.info.parameters
    ours, theirs = scores(engine, PROMPT, 30), expected(model, PROMPT, 30)
    assert torch.nn.functional.cosine_similarity(ours, theirs).min() > 0.99


def test_shards(tmp_path) -> None:
    model = tiny_models.reference()
    folder = tiny_models.save_folder(model, tmp_path, max_shard_size="100KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    torch.testing.assert_close(
        scores(load(folder), PROMPT, 30), expected(model, PROMPT, 30), **CLOSE
    )  # fmt: skip


def test_a_bias_that_would_be_left_out_is_refused(tmp_path) -> None:
    model = tiny_models.reference()
    bias = {"blk.0.attn_q.bias": numpy.ones(64, numpy.float32)}
    path = tiny_models.save_gguf(model, tmp_path / "tiny.gguf", tensors=bias)
    with pytest.raises(StudioError, match=r"“blk\.0\.attn_q\.bias”"):
        load(path)


def test_counted_parameters_are_those_of_the_reference(tmp_path) -> None:
    for variant, (architecture, settings) in VARIANTS.items():
        model = tiny_models.reference(architecture, **settings)
        engine = load(tiny_models.save_folder(model, tmp_path / variant))
        assert engine.info.parameters == model.num_parameters(), variant
