"""Sizes and rules from strangers: every value that does not fit ends in a sentence, and quickly."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.rotary import Rotary
from studio.runtime.engines.text.formats.config import ARCHITECTURES, MAX_LAYERS
from studio.runtime.engines.text.formats.config_gguf import config_from_gguf
from studio.runtime.engines.text.formats.config_json import config_from_json
from studio.runtime.engines.text.formats.gguf import BLOCK_TYPES, GgufHeader, GgufTensor

HERE = Path("config.json")
SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "sliding_window": 32,
    "tie_word_embeddings": False,
}
STRETCHED = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "llama3": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
}  # fmt: skip
LONGROPE = {
    "rope_type": "longrope",
    "short_factor": [1.0] * 8,
    "long_factor": [2.0] * 8,
    "original_max_position_embeddings": 64,
}
SOUND = {
    "LlamaForCausalLM": {"sliding_window": None, "rope_scaling": STRETCHED["llama3"]},
    "MistralForCausalLM": {},
    "Qwen2ForCausalLM": {"use_sliding_window": True, "max_window_layers": 2},
    "Qwen3ForCausalLM": {"rope_scaling": STRETCHED["yarn"], "rope_theta": 500.0},
    "GemmaForCausalLM": {"hidden_act": "gelu", "sliding_window": None},
    "Gemma2ForCausalLM": {
        "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 32,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
        "layer_types": ["sliding_attention", "full_attention"] * 3,
    },
    "Gemma3ForCausalLM": {
        "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 32,
        "rope_local_base_freq": 10_000.0, "rope_theta": 1e6, "sliding_window_pattern": 3,
        "rope_scaling": STRETCHED["linear"],
    },
    "Phi3ForCausalLM": {"rope_scaling": LONGROPE, "partial_rotary_factor": 1.0},
    "SmolLM3ForCausalLM": {"no_rope_layers": [1, 1, 1, 0, 1, 1], "sliding_window": None},
}  # fmt: skip
JUNK = [
    None, True, False, 0, -1, 7, 1 << 60, -0.5, math.inf, math.nan, "x", "", [], [0], ["x"] * 6,
    [-1.0] * 8, [1e300] * 8, {}, {"rope_type": []}, {"a": 1}, {"sliding_attention": 3},
]  # fmt: skip


def sound(name: str) -> dict[str, object]:
    return {"architectures": [name], **SIZES, **SOUND[name]}


def seen(config) -> list[tuple[bool, int | None]]:
    """Of each layer, whether it knows positions, and its window."""
    return [(kind.rope is not None, kind.window) for kind in config.kinds]


def test_all_architectures_are_tried() -> None:
    assert SOUND.keys() == ARCHITECTURES.keys()


@pytest.mark.parametrize("name", SOUND)
def test_any_junk_is_a_sentence_or_harmless(name) -> None:
    values = sound(name)
    assert config_from_json(values, HERE).architecture == ARCHITECTURES[name]
    rope = values.get("rope_scaling", {})
    changed = [{**values, key: junk} for key in values for junk in JUNK]
    changed += [{**values, "rope_scaling": {**rope, key: j}} for key in rope for j in JUNK]
    refused = 0
    for each in changed:
        try:
            config = config_from_json(each, HERE)
        except StudioError:
            refused += 1
            continue
        assert 1 <= config.layers <= MAX_LAYERS
        assert len(config.kinds) == config.layers
        for rope_config in config.ropes:
            for is_long in (False, True):
                Rotary(rope_config, config.head_dim, is_long=is_long).turns(0, 4)
    assert refused > len(changed) / 4


def test_layers_see_what_their_architecture_says() -> None:
    near, far, nope = (True, 32), (True, None), (False, None)
    expected = {
        "LlamaForCausalLM": [far] * 6,
        "MistralForCausalLM": [near] * 6,
        "Qwen2ForCausalLM": [far] * 2 + [near] * 4,
        "Qwen3ForCausalLM": [far] * 6,
        "GemmaForCausalLM": [far] * 6,
        "Gemma2ForCausalLM": [near, far] * 3,
        "Gemma3ForCausalLM": [near, near, far] * 2,
        "Phi3ForCausalLM": [near] * 6,
        "SmolLM3ForCausalLM": [far, far, far, nope, far, far],
    }
    assert {name: seen(config_from_json(sound(name), HERE)) for name in SOUND} == expected


def test_only_near_layers_of_gemma3_turn_by_the_local_base() -> None:
    config = config_from_json(sound("Gemma3ForCausalLM"), HERE)
    rules = [(kind.rope.theta, kind.rope.scaling) for kind in config.kinds if kind.rope]
    assert rules == [(10_000, "none"), (10_000, "none"), (1e6, "linear")] * 2


# --- GGUF ----------------------------------------------------------------------------------------

KEYS = {
    "embedding_length": 64, "feed_forward_length": 96, "block_count": 6, "context_length": 256,
    "attention.head_count": 4, "attention.head_count_kv": 2, "attention.key_length": 16,
    "attention.value_length": 16, "attention.layer_norm_rms_epsilon": 1e-5,
    "attention.sliding_window": 32, "attention.sliding_window_pattern": 3, "attention.scale": 0.2,
    "rope.dimension_count": 16, "rope.freq_base": 500.0, "rope.scaling.type": "yarn",
    "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64,
    "rope.scaling.attn_factor": 1.1, "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
}  # fmt: skip
GGUF_JUNK = [
    True,
    False,
    0,
    -1,
    7,
    1 << 60,
    -0.5,
    math.inf,
    math.nan,
    "x",
    "",
    (),
    (1,) * 6,
    ("a",),
]


def header(name: str, keys: dict[str, object], *tensors: str) -> GgufHeader:
    one = BLOCK_TYPES[0]
    shapes = {"token_embd.weight": (300, 64)} | dict.fromkeys(tensors, (8,))
    entries = {key: GgufTensor(key, shape, one, 0, 4) for key, shape in shapes.items()}
    metadata = {f"{name}.{key}": value for key, value in keys.items()}
    return GgufHeader(HERE, 3, {"general.architecture": name, **metadata}, entries)


@pytest.mark.parametrize("name", ["llama", "qwen3", "gemma2", "gemma3", "phi3", "smollm3"])
def test_any_junk_in_a_gguf_header_is_a_sentence_or_harmless(name) -> None:
    def vector(_: str) -> tuple[float, ...]:
        return (1.0,) * 8

    config = config_from_gguf(header(name, KEYS), vector)
    assert config.architecture == name
    for key in KEYS:
        for junk in GGUF_JUNK:
            try:
                config = config_from_gguf(header(name, {**KEYS, key: junk}), vector)
            except StudioError:
                continue
            assert len(config.kinds) == config.layers <= MAX_LAYERS
            for rope in config.ropes:
                Rotary(rope, config.head_dim, is_long=False).turns(0, 4)


@pytest.mark.parametrize(
    "numbers", [(), (1.0,) * 7, (0.0,) * 8, (-1.0,) * 8, (math.nan,) * 8, (math.inf,) * 8]
)
def test_divisors_that_are_none_are_refused(numbers) -> None:
    keys = {key: value for key, value in KEYS.items() if "scaling" not in key}
    content = header("phi3", keys, "rope_factors_short.weight", "rope_factors_long.weight")
    with pytest.raises(StudioError) as caught:
        config_from_gguf(content, lambda _: numbers)
    assert caught.value.code is ErrorCode.BAD_WEIGHTS


def test_layers_of_gguf_files_see_what_llama_cpp_says() -> None:
    keys = {key: value for key, value in KEYS.items() if "pattern" not in key}
    near, far, nope = (True, 32), (True, None), (False, None)
    found = {
        name: seen(config_from_gguf(header(name, keys), lambda _: ()))
        for name in ("llama", "qwen3", "gemma2", "gemma3", "phi3")
    }
    assert found == {
        "llama": [near] * 6,
        "qwen3": [far] * 6,
        "gemma2": [near, far] * 3,
        "gemma3": [near] * 5 + [far],
        "phi3": [near] * 6,
    }
    assert seen(config_from_gguf(header("smollm3", keys), lambda _: ()))[3] == nope


def test_queries_of_the_largest_gemmas_are_scaled_by_other_sizes() -> None:
    keys = {k: v for k, v in KEYS.items() if k not in ("attention.scale", "block_count")}
    for name, layers, scale in (("gemma2", 46, 0.25), ("gemma3", 62, 0.25), ("gemma3", 6, None)):
        content = header(name, {**keys, "attention.key_length": 32, "attention.value_length": 32,
                                "rope.dimension_count": 32, "block_count": layers})  # fmt: skip
        assert config_from_gguf(content, lambda _: ()).query_scale == scale
