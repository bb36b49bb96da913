"""Reads Whisper as a folder of Hugging Face: ``config.json``, safetensors, ``tokenizer.json``."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from studio.api import open_regular
from studio.api.worker.tensor_files import read_tensors

_MOST_CONFIG_BYTES: Final = 2**20
_MOST_TOKENIZER_BYTES: Final = 64 * 2**20
_ENDS: Final = {
    "self_attn_layer_norm": "own_norm",
    "self_attn.out_proj": "own.output",
    "encoder_attn_layer_norm": "memory_norm",
    "encoder_attn.q_proj": "memory.query",
    "encoder_attn.out_proj": "memory.output",
    "final_layer_norm": "norm",
    "fc1": "widen",
    "fc2": "narrow",
}
_WHOLE: Final = {
    "encoder.conv1": "first",
    "encoder.conv2": "second",
    "encoder.layer_norm": "encoder_norm",
    "decoder.layer_norm": "decoder_norm",
}
_JOINED: Final = (
    ("own.inputs", "self_attn", ("q_proj", "k_proj", "v_proj")),
    ("memory.memory", "encoder_attn", ("k_proj", "v_proj")),
)


@dataclass(frozen=True)
class Opened:
    """A folder whose small files were read."""

    files: tuple[Path, ...]
    tokenizer: str
    config: dict[str, Any]


def config_of(path: Path) -> dict[str, Any] | None:
    """Return what ``config.json`` says of a Whisper; None where it says something else."""
    try:
        config = json.loads(_text(path / "config.json", _MOST_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):  # something else that cannot be read
        return None
    is_whisper = isinstance(config, dict) and config.get("model_type") == "whisper"
    return config if is_whisper else None


def opened(path: Path) -> Opened:
    """Return the content of the small files.

    Raises:
        ValueError: One is missing or broken.
    """
    config = config_of(path)
    if config is None:
        raise ValueError("its config.json is not that of a Whisper")
    try:
        tokenizer = _text(path / "tokenizer.json", _MOST_TOKENIZER_BYTES)
        generation = path / "generation_config.json"
        generation_config = (
            json.loads(_text(generation, _MOST_CONFIG_BYTES)) if generation.is_file() else {}
        )
    except (OSError, RecursionError) as error:
        raise ValueError(f"{error.__class__.__name__}: {error}") from error
    suppressed = generation_config.get("suppress_tokens") or config.get("suppress_tokens") or []
    files = tuple(sorted(path.glob("*.safetensors")))
    if not files:
        raise ValueError("it has no safetensors file")
    whole = {
        "heads": config.get("decoder_attention_heads"),
        "suppress_ids": suppressed,
        "alignment_heads": generation_config.get("alignment_heads"),
    }
    return Opened(files, tokenizer, whole)


def read(source: Opened) -> Generator[float, None, dict[str, Tensor]]:
    """Yield the share read; return the tensors by the names of our network.

    Raises:
        StudioError: A file is damaged.
        KeyError: A tensor is missing.
    """
    given: dict[str, Tensor] = {}
    for number, file in enumerate(source.files):
        loading = read_tensors(file, "cpu")
        while True:
            try:
                share = next(loading)
            except StopIteration as done:
                given.update(done.value)
                break
            yield (number + share) / len(source.files)
    return _ours({name.removeprefix("model."): tensor for name, tensor in given.items()})


def _ours(given: dict[str, Tensor]) -> dict[str, Tensor]:
    state = {
        "times": given["encoder.embed_positions.weight"],
        "places": given["decoder.embed_positions.weight"],
        "tokens.weight": given["decoder.embed_tokens.weight"],
    }
    for theirs, ours in _WHOLE.items():
        for end in ("weight", "bias"):
            state[f"{ours}.{end}"] = given[f"{theirs}.{end}"]
    for side in ("encoder", "decoder"):
        number = 0
        while f"{side}.layers.{number}.fc1.weight" in given:
            _add_layer(state, given, f"{side}.layers.{number}.", f"{side}.{number}.")
            number += 1
    return state


def _add_layer(state: dict[str, Tensor], given: dict[str, Tensor], theirs: str, ours: str) -> None:
    for name, own in _ENDS.items():
        for end in ("weight", "bias"):
            if (tensor := given.get(f"{theirs}{name}.{end}")) is not None:
                state[f"{ours}{own}.{end}"] = tensor
    for own, attention, parts in _JOINED:
        names = [f"{theirs}{attention}.{part}" for part in parts]
        if f"{names[0]}.weight" not in given:
            continue
        weights = [given[f"{name}.weight"] for name in names]
        biases = [
            given.get(f"{name}.bias", torch.zeros(len(weight)))
            for name, weight in zip(names, weights)
        ]
        state[f"{ours}{own}.weight"] = torch.cat(weights)
        state[f"{ours}{own}.bias"] = torch.cat(biases)


def _text(path: Path, most: int) -> str:
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{path.name} is too large")
    return data.decode("utf-8")
