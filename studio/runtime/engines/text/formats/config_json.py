"""The sizes of a decoder from config.json. Allocates nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.runtime.engines.text.formats.config import (
    ARCHITECTURES,
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
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.strict_json import positive_integer, positive_number

_WINDOWED = {"sliding_attention": True, "full_attention": False}
_TIED_BY_DEFAULT = frozenset({"gemma", "gemma2", "gemma3", "smollm3"})
_CAPS = {"gemma2": (50.0, 30.0)}
"""Of attention's and of tokens' scores, where the file says nothing."""


def config_from_json(values: Mapping[str, Any], path: Path) -> LlamaConfig:
    """Return the decoder's shape from the object in a config.json at ``path``.

    Only the keys named here are read: ``auto_map`` and the like have no effect.

    Raises:
        StudioError: Another architecture, an unknown rule, or a size out of bounds.
    """
    name = architecture_name(values)
    if name not in ARCHITECTURES:
        raise unsupported(
            path, f"its architecture is “{shown(name)}”", f"This version runs {KNOWN}."
        )
    family = FAMILIES[ARCHITECTURES[name]]
    _refuse_other_rules(values, family, path)
    hidden = positive_integer(values, "hidden_size", MAX_HIDDEN, path)
    heads = positive_integer(values, "num_attention_heads", MAX_HEADS, path)
    gemma = family.scaled_embedding
    head_dim = positive_integer(
        values, "head_dim", MAX_HEAD_DIM, path, 256 if gemma else max(1, hidden // heads)
    )
    caps = _CAPS.get(family.name, (None, None))
    return checked(
        path,
        LlamaConfig(
            family=family,
            vocabulary=positive_integer(values, "vocab_size", MAX_VOCABULARY, path),
            hidden=hidden,
            intermediate=positive_integer(values, "intermediate_size", MAX_INTERMEDIATE, path),
            layers=positive_integer(values, "num_hidden_layers", MAX_LAYERS, path),
            heads=heads,
            kv_heads=positive_integer(values, "num_key_value_heads", MAX_HEADS, path, heads),
            head_dim=head_dim,
            context_length=positive_integer(values, "max_position_embeddings", MAX_CONTEXT, path),
            norm_eps=positive_number(values, "rms_norm_eps", 1.0, path, 1e-6),
            kinds=_kinds(values, family, head_dim, path),
            tied=values.get("tie_word_embeddings", family.name in _TIED_BY_DEFAULT) is True,
            norm_offset=family.norm_offset,
            query_scale=_query_scale(values, family, path),
            attention_cap=_cap(values, "attn_logit_softcapping", caps[0], path),
            score_cap=_cap(values, "final_logit_softcapping", caps[1], path),
        ),
    )


def architecture_name(values: Mapping[str, Any]) -> str:
    """Return the class name that a config.json gives its model, whatever stands there as text."""
    names = values.get("architectures")
    name = names[0] if isinstance(names, list) and len(names) == 1 else names
    return name if isinstance(name, str) else str(name)


def _kinds(
    values: Mapping[str, Any], family: Family, head_dim: int, path: Path
) -> tuple[LayerKind, ...]:
    count = positive_integer(values, "num_hidden_layers", MAX_LAYERS, path)
    context = positive_integer(values, "max_position_embeddings", MAX_CONTEXT, path)
    rope, local = _ropes(values, family, head_dim, context, path)
    turning = _turning(values, family, count, path)
    windowed = _windowed(values, family, turning, path)
    window = None
    if any(windowed):
        window = positive_integer(values, "sliding_window", MAX_CONTEXT, path, 4_096)
    return tuple(
        LayerKind((local if near else rope) if turns else None, window if near else None)
        for turns, near in zip(turning, windowed, strict=True)
    )


def _turning(values: Mapping[str, Any], family: Family, count: int, path: Path) -> Sequence[bool]:
    """Return of each layer whether it knows positions."""
    if family.name != "smollm3":
        return [True] * count
    flags = values.get("no_rope_layers")  # says 1 where there *are* rotary positions
    if flags is None:
        step = positive_integer(values, "no_rope_layer_interval", MAX_LAYERS, path, 4)
        return [(layer + 1) % step != 0 for layer in range(count)]
    if not isinstance(flags, list) or len(flags) < count or not set(map(str, flags)) <= {"0", "1"}:
        raise bad_weights(path, f"no_rope_layers is not a list of 0 or 1 for {count} layers")
    return [flag == 1 for flag in flags[:count]]


def _windowed(
    values: Mapping[str, Any], family: Family, turning: Sequence[bool], path: Path
) -> Sequence[bool]:
    """Return of each layer whether it looks through a window."""
    count = len(turning)
    switch = values.get("use_sliding_window", family.name in ("mistral", "phi3"))
    if family.name not in ("gemma2", "gemma3") and not (switch and values.get("sliding_window")):
        return [False] * count
    kinds = values.get("layer_types")
    if kinds is not None:
        if not isinstance(kinds, list) or len(kinds) != count:
            raise bad_weights(path, f"layer_types is not a list of {count} names")
        if not all(isinstance(kind, str) and kind in _WINDOWED for kind in kinds):
            raise unsupported(path, "layer_types has unknown entries")
        return [_WINDOWED[kind] for kind in kinds]
    if family.name in ("gemma2", "gemma3"):
        default = 2 if family.name == "gemma2" else 6
        step = positive_integer(values, "sliding_window_pattern", MAX_LAYERS, path, default)
        return [(layer + 1) % step != 0 for layer in range(count)]
    if family.name == "smollm3":
        return [not turns for turns in turning]
    if family.qkv_bias or family.qk_norm:  # Qwen
        first = values.get("max_window_layers", 28)
        if type(first) is not int or first < 0:
            raise bad_weights(path, "max_window_layers is not a whole number")
        return [layer >= first for layer in range(count)]
    return [True] * count


def _ropes(
    values: Mapping[str, Any], family: Family, head_dim: int, context: int, path: Path
) -> tuple[RopeConfig, RopeConfig]:
    """Return the rules of layers that see everything and of those that look through a window."""
    # Newer files keep everything in rope_parameters, older ones split it in two.
    rules = values.get("rope_parameters") or values.get("rope_scaling") or {}
    if not isinstance(rules, dict):
        raise bad_weights(path, "rope_scaling is not an object")
    if family.name != "gemma3":
        rope = _rope(values, rules, family, head_dim, context, path)
        return rope, rope
    local = rules.get("sliding_attention", {"rope_theta": values.get("rope_local_base_freq")})
    whole = rules.get("full_attention", {} if "sliding_attention" in rules else rules)
    if not isinstance(local, dict) or not isinstance(whole, dict):
        raise bad_weights(path, "rope_parameters has an entry that is not an object")
    if local.get("rope_theta") is None:
        local = {**local, "rope_theta": 10_000.0}
    return (
        _rope(values, whole, family, head_dim, context, path),
        _rope({}, local, family, head_dim, context, path),
    )


_DEFAULT_THETA = {"gemma3": 1_000_000.0, "smollm3": 2_000_000.0}


def _rope(
    values: Mapping[str, Any],
    rules: Mapping[str, Any],
    family: Family,
    head_dim: int,
    context: int,
    path: Path,
) -> RopeConfig:
    default = _DEFAULT_THETA.get(family.name, 10_000.0)
    theta = positive_number({**values, **rules}, "rope_theta", 1e12, path, default)
    share = positive_number({**values, **rules}, "partial_rotary_factor", 1.0, path, 1.0)
    if share != 1 and family.name != "phi3":
        raise unsupported(path, "it rotates only part of each head")
    dim = int(head_dim * share)
    kind = rules.get("rope_type", rules.get("type", "default"))
    if family.name == "phi3" and kind in ("su", "yarn", "longrope"):
        return _longrope(values, rules, theta, dim, context, path)
    if kind == "default":
        return RopeConfig(theta, dim)
    if kind == "linear":
        return RopeConfig(theta, dim, "linear", positive_number(rules, "factor", 1e4, path))
    if kind == "llama3":
        return _llama3(rules, theta, dim, context, path)
    if kind == "yarn":
        return _yarn(rules, theta, dim, context, path)
    raise unsupported(path, f"its RoPE scaling is “{shown(str(kind))}”")


def _llama3(
    rules: Mapping[str, Any], theta: float, dim: int, context: int, path: Path
) -> RopeConfig:
    low = positive_number(rules, "low_freq_factor", 1e4, path)
    high = positive_number(rules, "high_freq_factor", 1e4, path)
    if high <= low:
        raise bad_weights(path, f"high_freq_factor {high:g} must be above low_freq_factor {low:g}")
    original = positive_integer(
        rules, "original_max_position_embeddings", MAX_CONTEXT, path, context
    )
    factor = positive_number(rules, "factor", 1e4, path)
    return RopeConfig(theta, dim, "llama3", factor, low, high, original)


def _yarn(rules: Mapping[str, Any], theta: float, dim: int, context: int, path: Path) -> RopeConfig:
    if {"mscale", "mscale_all_dim"} & rules.keys() or rules.get("truncate", True) is not True:
        raise unsupported(path, "its “yarn” scaling is of an unknown type")
    factor = positive_number(rules, "factor", 1e4, path)
    original = positive_integer(
        rules, "original_max_position_embeddings", MAX_CONTEXT, path, context
    )
    return RopeConfig(
        theta,
        dim,
        "yarn",
        factor,
        positive_number(rules, "beta_slow", 1e4, path, 1.0),
        positive_number(rules, "beta_fast", 1e4, path, 32.0),
        original,
        magnitude=positive_number(rules, "attention_factor", 1e3, path, yarn_magnitude(factor)),
    )


def yarn_magnitude(factor: float) -> float:
    """Return what turns multiply by in YaRN, by how far positions are stretched."""
    return 0.1 * math.log(factor) + 1.0 if factor > 1 else 1.0


def _longrope(
    values: Mapping[str, Any],
    rules: Mapping[str, Any],
    theta: float,
    dim: int,
    context: int,
    path: Path,
) -> RopeConfig:
    key = "original_max_position_embeddings"
    original = positive_integer({**rules, **values}, key, MAX_CONTEXT, path, 4_096)
    factor = positive_number(rules, "factor", 1e4, path, context / original)
    spread = 1.0
    if factor > 1 and original > 1:
        spread = math.sqrt(1 + math.log(factor) / math.log(original))
    return RopeConfig(
        theta,
        dim,
        original_context=original,
        divisors=divisors(rules.get("short_factor"), "short_factor", path),
        long_divisors=divisors(rules.get("long_factor"), "long_factor", path),
        magnitude=positive_number(rules, "attention_factor", 1e3, path, spread),
    )


def divisors(numbers: object, field: str, path: Path) -> tuple[float, ...]:
    """Return ``numbers`` as divisors of frequencies.

    Raises:
        StudioError: They are no list of numbers above 0.
    """
    if not isinstance(numbers, list | tuple) or not 1 <= len(numbers) <= MAX_HEAD_DIM:
        raise bad_weights(path, f"{field} is missing or not a list of numbers")
    return tuple(positive_number({field: number}, field, 1e6, path) for number in numbers)


def _query_scale(values: Mapping[str, Any], family: Family, path: Path) -> float | None:
    if family.name not in ("gemma2", "gemma3"):
        return None
    return 1 / math.sqrt(positive_number(values, "query_pre_attn_scalar", 1e6, path, 256))


def _cap(values: Mapping[str, Any], key: str, default: float | None, path: Path) -> float | None:
    value = values.get(key, default)
    return None if value is None else positive_number({key: value}, key, 1e6, path)


def _refuse_other_rules(values: Mapping[str, Any], family: Family, path: Path) -> None:
    """Refuse what would change the computation and is not built here."""
    activation = values.get("hidden_activation") or values.get("hidden_act")
    known = ("gelu_pytorch_tanh", "gelu") if family.gelu else ("silu", "swish")
    if activation is not None and activation not in known:
        raise unsupported(path, f"its activation is “{shown(str(activation))}”")
    for key in ("attention_bias", "mlp_bias", "use_bidirectional_attention"):
        if values.get(key):
            raise unsupported(path, f"{key} is set")
    if family.name == "llama" and values.get("sliding_window"):
        raise unsupported(path, "it uses sliding-window attention")
    if values.get("quantization_config"):
        raise unsupported(path, "its weights are quantized (quantization_config)")
