"""The sizes of a Llama-family decoder, from GGUF metadata or config.json. Allocates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studio.runtime.engines.text.gguf import GgufHeader
from studio.runtime.engines.text.refusals import bad_weights, shown, unsupported
from studio.runtime.engines.text.strict_json import positive_integer, positive_number

Architecture = Literal["llama", "qwen2"]

ARCHITECTURES: Mapping[str, Architecture] = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
}
"""Class names of config.json → what they are here. Nothing outside this table is ever looked up."""

# Far above any published model; a header that asks for more is broken or hostile.
MAX_HIDDEN = 1 << 16
MAX_INTERMEDIATE = 1 << 18
MAX_LAYERS = 1_000
MAX_HEADS = 1 << 10
MAX_HEAD_DIM = 1 << 10
MAX_VOCABULARY = 1 << 21
MAX_CONTEXT = 1 << 24


@dataclass(frozen=True)
class RopeConfig:
    """Rotary positions (RoFormer, arXiv:2104.09864) and how they are stretched.

    Attributes:
        theta: Base of the wavelengths.
        scaling: ``linear`` divides all frequencies by ``factor``; ``llama3`` only the slow ones.
        factor: How far.
        low_factor: ``llama3``: wavelengths above ``original_context / low_factor`` are divided.
        high_factor: ``llama3``: wavelengths below ``original_context / high_factor`` are left.
        original_context: ``llama3``: context length before stretching.
    """

    theta: float = 10_000.0
    scaling: Literal["none", "linear", "llama3"] = "none"
    factor: float = 1.0
    low_factor: float = 1.0
    high_factor: float = 4.0
    original_context: int = 8_192


@dataclass(frozen=True)
class LlamaConfig:
    """Sizes of the decoder; all of them checked against limits.

    Attributes:
        architecture: ``qwen2`` is ``llama`` with biases on queries, keys and values.
        heads: Query heads; ``kv_heads`` of them share no keys (grouped-query attention).
        tied: The output projection is the token embedding.
        interleaved: Queries and keys are stored so that neighbours are rotated together (GGUF's
            Llama files), not the two halves of a head (everything else).
    """

    architecture: Architecture
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    context_length: int
    norm_eps: float
    rope: RopeConfig
    tied: bool
    interleaved: bool = False

    @property
    def qkv_bias(self) -> bool:
        """Whether queries, keys and values have a bias."""
        return self.architecture == "qwen2"

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        width = (self.heads + 2 * self.kv_heads) * self.head_dim
        attention = width * self.hidden + self.heads * self.head_dim * self.hidden
        block = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden
        block += width if self.qkv_bias else 0
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.hidden
        return embeddings + self.layers * block + self.hidden

    @property
    def cache_values_per_token(self) -> int:
        """Numbers that the key-value cache keeps for one token."""
        return 2 * self.layers * self.kv_heads * self.head_dim


def config_from_gguf(header: GgufHeader) -> LlamaConfig:
    """Return the decoder's shape from GGUF metadata.

    Raises:
        StudioError: Another architecture, or a size that is missing or out of bounds.
    """
    path, metadata = header.path, header.metadata
    name = metadata.get("general.architecture")
    if name not in ("llama", "qwen2"):
        raise _other_architecture(path, str(name))
    values = {
        key.removeprefix(f"{name}."): value
        for key, value in metadata.items()
        if key.startswith(f"{name}.")
    }
    _refuse_other_files(metadata, values, path)
    embedding = header.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise bad_weights(path, "the tensor “token_embd.weight” is missing")
    if embedding.shape[0] > MAX_VOCABULARY:
        raise bad_weights(path, f"it has {embedding.shape[0]} tokens; limit {MAX_VOCABULARY}")
    hidden = positive_integer(values, "embedding_length", MAX_HIDDEN, path)
    heads = positive_integer(values, "attention.head_count", MAX_HEADS, path)
    head_dim = positive_integer(
        values, "attention.key_length", MAX_HEAD_DIM, path, max(1, hidden // heads)
    )
    if positive_integer(values, "rope.dimension_count", MAX_HEAD_DIM, path, head_dim) != head_dim:
        raise unsupported(path, "it rotates only a part of each head")
    return _checked(
        path,
        LlamaConfig(
            architecture="llama" if name == "llama" else "qwen2",
            vocabulary=embedding.shape[0],
            hidden=hidden,
            intermediate=positive_integer(values, "feed_forward_length", MAX_INTERMEDIATE, path),
            layers=positive_integer(values, "block_count", MAX_LAYERS, path),
            heads=heads,
            kv_heads=positive_integer(values, "attention.head_count_kv", MAX_HEADS, path, heads),
            head_dim=head_dim,
            context_length=positive_integer(values, "context_length", MAX_CONTEXT, path),
            norm_eps=positive_number(values, "attention.layer_norm_rms_epsilon", 1.0, path),
            rope=_gguf_rope(values, path),
            tied="output.weight" not in header.tensors,
            interleaved=name == "llama",
        ),
    )


def config_from_json(values: Mapping[str, Any], path: Path) -> LlamaConfig:
    """Return the decoder's shape from the object in a config.json at ``path``.

    Only the keys named here are read: ``auto_map`` and the like have no effect.

    Raises:
        StudioError: Another architecture, an unknown rule, or a size out of bounds.
    """
    names = values.get("architectures")
    name = names[0] if isinstance(names, list) and len(names) == 1 else names
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise _other_architecture(path, str(name))
    _refuse_other_rules(values, path)
    hidden = positive_integer(values, "hidden_size", MAX_HIDDEN, path)
    heads = positive_integer(values, "num_attention_heads", MAX_HEADS, path)
    context = positive_integer(values, "max_position_embeddings", MAX_CONTEXT, path)
    return _checked(
        path,
        LlamaConfig(
            architecture=ARCHITECTURES[name],
            vocabulary=positive_integer(values, "vocab_size", MAX_VOCABULARY, path),
            hidden=hidden,
            intermediate=positive_integer(values, "intermediate_size", MAX_INTERMEDIATE, path),
            layers=positive_integer(values, "num_hidden_layers", MAX_LAYERS, path),
            heads=heads,
            kv_heads=positive_integer(values, "num_key_value_heads", MAX_HEADS, path, heads),
            head_dim=positive_integer(
                values, "head_dim", MAX_HEAD_DIM, path, max(1, hidden // heads)
            ),
            context_length=context,
            norm_eps=positive_number(values, "rms_norm_eps", 1.0, path, 1e-6),
            rope=_json_rope(values, path, context),
            tied=values.get("tie_word_embeddings") is True,
        ),
    )


def _other_architecture(path: Path, name: str) -> Exception:
    return unsupported(
        path,
        f"its architecture is “{shown(name)}”",
        "This version runs Llama, Mistral and Qwen2 models.",
    )


def _checked(path: Path, config: LlamaConfig) -> LlamaConfig:
    if config.heads % config.kv_heads:
        raise bad_weights(
            path, f"{config.heads} heads cannot share {config.kv_heads} keys and values evenly"
        )
    if config.head_dim % 2:
        raise bad_weights(path, f"a head of {config.head_dim} values cannot be rotated in pairs")
    return config


def _gguf_rope(values: Mapping[str, Any], path: Path) -> RopeConfig:
    theta = positive_number(values, "rope.freq_base", 1e12, path, 10_000.0)
    scaling = values.get("rope.scaling.type", "none")
    if scaling in ("none", ""):
        return RopeConfig(theta)
    if scaling != "linear":
        raise unsupported(path, f"it stretches positions by “{shown(str(scaling))}”")
    return RopeConfig(theta, "linear", positive_number(values, "rope.scaling.factor", 1e4, path))


def _json_rope(values: Mapping[str, Any], path: Path, context: int) -> RopeConfig:
    # Newer files keep everything in rope_parameters, older ones split it in two.
    rules = values.get("rope_parameters") or values.get("rope_scaling") or {}
    if not isinstance(rules, dict):
        raise bad_weights(path, "rope_scaling is not an object")
    theta = positive_number({**values, **rules}, "rope_theta", 1e12, path, 10_000.0)
    kind = rules.get("rope_type", rules.get("type", "default"))
    if kind == "default":
        return RopeConfig(theta)
    if kind == "linear":
        return RopeConfig(theta, "linear", positive_number(rules, "factor", 1e4, path))
    if kind != "llama3":
        raise unsupported(path, f"it stretches positions by “{shown(str(kind))}”")
    low = positive_number(rules, "low_freq_factor", 1e4, path)
    high = positive_number(rules, "high_freq_factor", 1e4, path)
    if high <= low:
        raise bad_weights(path, f"high_freq_factor {high:g} must be above low_freq_factor {low:g}")
    return RopeConfig(
        theta,
        "llama3",
        positive_number(rules, "factor", 1e4, path),
        low,
        high,
        positive_integer(rules, "original_max_position_embeddings", MAX_CONTEXT, path, context),
    )


def _refuse_other_files(metadata: Mapping[str, Any], values: Mapping[str, Any], path: Path) -> None:
    """Refuse GGUF files that are no whole model of the sort that their architecture suggests."""
    if (kind := metadata.get("general.type", "model")) != "model":
        raise unsupported(path, f"it is not a model but of the type “{shown(str(kind))}”")
    if isinstance(parts := metadata.get("split.count"), int) and parts > 1:
        raise unsupported(path, f"it is one of {parts} parts", "Join the parts into one file.")
    if values.get("expert_count"):
        raise unsupported(path, "it is a mixture of experts, which this version cannot run")


def _refuse_other_rules(values: Mapping[str, Any], path: Path) -> None:
    """Refuse what would change the computation and is not built here."""
    if values.get("hidden_act", "silu") not in ("silu", "swish"):
        raise unsupported(path, f"its activation is “{shown(str(values['hidden_act']))}”")
    for key in ("attention_bias", "mlp_bias"):
        if values.get(key):
            raise unsupported(path, f"{key} is set")
    if values.get("sliding_window") and values.get("use_sliding_window", True):
        raise unsupported(path, "it attends through a sliding window")
    if values.get("quantization_config"):
        raise unsupported(path, "its weights are packed (quantization_config)")
    if values.get("partial_rotary_factor", 1.0) != 1.0:
        raise unsupported(path, "it rotates only a part of each head")
