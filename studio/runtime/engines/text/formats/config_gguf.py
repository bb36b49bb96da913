"""The sizes of a decoder from GGUF metadata. Reads no weights but tables of divisors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.runtime.engines.text.formats.config import (
    FAMILIES,
    KNOWN,
    MAX_CONTEXT,
    MAX_HEAD_DIM,
    MAX_HEADS,
    MAX_HIDDEN,
    MAX_INTERMEDIATE,
    MAX_LAYERS,
    MAX_VOCABULARY,
    Family,
    LayerKind,
    LlamaConfig,
    RopeConfig,
    checked,
)
from studio.runtime.engines.text.formats.config_json import divisors, yarn_magnitude
from studio.runtime.engines.text.formats.gguf import GgufHeader
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.strict_json import positive_integer, positive_number

DIVISORS = ("rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight")
"""Tensors with divisors of frequencies: for ``llama3`` stretching, and for Phi-3."""

_NOPE_STEP = {"smollm3": 4}
_WINDOW_STEP = {"gemma2": 2, "gemma3": 6}
"""Of so many layers, all but the last look through the window."""
_ALL_THROUGH_THE_WINDOW = frozenset({"llama", "phi3"})
_DEFAULT_WINDOW = {"gemma2": 4_096}
_THETAS = {"gemma3": (1_000_000.0, 10_000.0)}
"""Bases of layers that see everything, and of the others where they have rules of their own."""
_CAPS = {"gemma2": (50.0, 30.0)}
_SCALED_BY_HIDDEN = {("gemma2", 46), ("gemma3", 62)}
"""Architectures and layers (the models of 27e9 weights) whose queries are scaled by other sizes
than that of a head; GGUF does not tell."""


def config_from_gguf(header: GgufHeader, vector: Callable[[str], Sequence[float]]) -> LlamaConfig:
    """Return the decoder's shape from GGUF metadata.

    Args:
        header: Of the file.
        vector: Reads a tensor of one dimension.

    Raises:
        StudioError: Another architecture, or a size that is missing or out of bounds.
    """
    path, metadata = header.path, header.metadata
    name = str(metadata.get("general.architecture"))
    if name == "clip":
        raise unsupported(
            path,
            "it is only the part of a model that sees (mmproj)",
            "Choose the model itself; to send pictures, get it as a folder with safetensors.",
        )
    if name not in FAMILIES:
        raise unsupported(
            path, f"its architecture is “{shown(name)}”", f"This version runs {KNOWN}."
        )
    family = FAMILIES[name]
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
    layers = positive_integer(values, "block_count", MAX_LAYERS, path)
    head_dim = positive_integer(
        values, "attention.key_length", MAX_HEAD_DIM, path, max(1, hidden // heads)
    )
    if positive_integer(values, "attention.value_length", MAX_HEAD_DIM, path, head_dim) != head_dim:
        raise unsupported(path, "its keys and values differ in length")
    scale = _optional(values, "attention.scale", path)
    if scale is None and (name, layers) in _SCALED_BY_HIDDEN:
        scale = (hidden / heads) ** -0.5
    caps = _CAPS.get(name, (None, None))
    return checked(
        path,
        LlamaConfig(
            family=family,
            vocabulary=embedding.shape[0],
            hidden=hidden,
            intermediate=positive_integer(values, "feed_forward_length", MAX_INTERMEDIATE, path),
            layers=layers,
            heads=heads,
            kv_heads=positive_integer(values, "attention.head_count_kv", MAX_HEADS, path, heads),
            head_dim=head_dim,
            context_length=positive_integer(values, "context_length", MAX_CONTEXT, path),
            norm_eps=positive_number(values, "attention.layer_norm_rms_epsilon", 1.0, path),
            kinds=_kinds(
                values, family, layers, _ropes(header, values, family, head_dim, vector), path
            ),
            tied="output.weight" not in header.tensors,
            interleaved=family.interleaved,
            query_scale=scale,
            attention_cap=_optional(values, "attn_logit_softcapping", path, caps[0]),
            score_cap=_optional(values, "final_logit_softcapping", path, caps[1]),
        ),
    )


def _kinds(
    values: Mapping[str, Any],
    family: Family,
    layers: int,
    ropes: tuple[RopeConfig, RopeConfig],
    path: Path,
) -> tuple[LayerKind, ...]:
    whole, local = ropes
    nope = _NOPE_STEP.get(family.name, layers + 1)
    size = values.get("attention.sliding_window", _DEFAULT_WINDOW.get(family.name)) or None
    if size is not None:
        size = positive_integer({"sliding_window": size}, "sliding_window", MAX_CONTEXT, path)
    kinds = []
    for layer, near in enumerate(_near(values, family, layers, path)):
        rope = local if near else whole
        kinds.append(LayerKind(rope if (layer + 1) % nope else None, size if near else None))
    return tuple(kinds)


def _near(values: Mapping[str, Any], family: Family, layers: int, path: Path) -> Sequence[bool]:
    """Return of each layer whether it looks through the window, if there is one."""
    pattern = values.get("attention.sliding_window_pattern", _WINDOW_STEP.get(family.name))
    if isinstance(pattern, tuple):
        if len(pattern) != layers:
            raise bad_weights(path, f"sliding_window_pattern is not a list for {layers} layers")
        return [bool(near) for near in pattern]
    if pattern is None:
        return [family.name in _ALL_THROUGH_THE_WINDOW] * layers
    step = positive_integer({"step": pattern}, "step", MAX_LAYERS, path)
    return [(layer + 1) % step != 0 for layer in range(layers)]


def _ropes(
    header: GgufHeader,
    values: Mapping[str, Any],
    family: Family,
    head_dim: int,
    vector: Callable[[str], Sequence[float]],
) -> tuple[RopeConfig, RopeConfig]:
    """Return the rules of layers that see everything and of those that look through a window."""
    path = header.path
    dim = positive_integer(values, "rope.dimension_count", MAX_HEAD_DIM, path, head_dim)
    default, default_local = _THETAS.get(family.name, (10_000.0, None))
    theta = positive_number(values, "rope.freq_base", 1e12, path, default)
    tables = {
        name: divisors(vector(name), name, path) for name in DIVISORS if name in header.tensors
    }
    whole = replace(
        _stretched(values, RopeConfig(theta, dim), path),
        divisors=tables.get(DIVISORS[0], tables.get(DIVISORS[1], ())),
        long_divisors=tables.get(DIVISORS[2], ()),
    )
    local = positive_number(values, "rope.freq_base_swa", 1e12, path, default_local or theta)
    return whole, whole if default_local is None else RopeConfig(local, dim)


def _stretched(values: Mapping[str, Any], plain: RopeConfig, path: Path) -> RopeConfig:
    factor_key, original_key = "rope.scaling.factor", "rope.scaling.original_context_length"
    context = positive_integer(values, "context_length", MAX_CONTEXT, path)
    original = positive_integer(values, original_key, MAX_CONTEXT, path, context)
    magnitude = positive_number(values, "rope.scaling.attn_factor", 1e3, path, 1.0)
    scaling = values.get("rope.scaling.type", "none")
    if scaling in ("none", "", "longrope"):  # LongRoPE's divisors are tensors
        return replace(plain, original_context=original, magnitude=magnitude)
    if scaling not in ("linear", "yarn"):
        raise unsupported(path, f"its RoPE scaling is “{shown(str(scaling))}”")
    factor = positive_number(values, factor_key, 1e4, path)
    if scaling == "linear":
        return replace(plain, scaling="linear", factor=factor)
    return replace(
        plain,
        scaling="yarn",
        factor=factor,
        low_factor=positive_number(values, "rope.scaling.yarn_beta_slow", 1e4, path, 1.0),
        high_factor=positive_number(values, "rope.scaling.yarn_beta_fast", 1e4, path, 32.0),
        original_context=original,
        magnitude=magnitude * yarn_magnitude(factor),
    )


def _optional(
    values: Mapping[str, Any], key: str, path: Path, default: float | None = None
) -> float | None:
    value = values.get(key, default)
    return None if not value else positive_number({key: value}, key, 1e6, path)


def _refuse_other_files(metadata: Mapping[str, Any], values: Mapping[str, Any], path: Path) -> None:
    """Refuse GGUF files that are no whole model of the sort that their architecture suggests."""
    if (kind := metadata.get("general.type", "model")) != "model":
        raise unsupported(path, f"it is of type “{shown(str(kind))}”, not a model")
    if values.get("expert_count"):
        raise unsupported(
            path, "it is a mixture-of-experts model, which this version does not support"
        )
    if values.get("attention.causal", True) is not True:
        raise unsupported(path, "it is bidirectional, so it cannot generate text")
    if values.get("attention.temperature_scale"):
        raise unsupported(path, "it scales attention by position")
