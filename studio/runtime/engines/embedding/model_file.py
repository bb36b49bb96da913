"""The one safetensors file of a sentence encoder: weights, vocabulary, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from studio.api.worker.tensor_files import damaged
from studio.runtime.engines.embedding.encoder import EncoderConfig

FORMAT = "sentence-encoder/1"
"""The one key of the metadata; its value is a :class:`Description` as JSON."""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the header of the file says.

    Attributes:
        title: Name of the encoder.
        config: Its sizes.
        longest: Tokens of a text that count; it was trained with no longer ones.
        is_uncased: Whether case and accents do not count.
        vocabulary: Spellings, in the order of their ids.
    """

    title: str
    config: EncoderConfig
    longest: int
    is_uncased: bool
    vocabulary: tuple[str, ...]

    def __post_init__(self) -> None:
        known, rows = len(self.vocabulary), self.config.vocabulary
        if known != rows:
            raise ValueError(f"its vocabulary has {known} entries, but its embedding has {rows}")
        if not 3 <= self.longest <= self.config.positions:
            raise ValueError(
                f"it reads {self.longest} tokens but has only {self.config.positions} positions"
            )


def describe(path: Path) -> Description | None:
    """Return what the header of ``path`` says; None if it is no sentence encoder.

    Raises:
        StudioError: It is one, but its header is broken.
    """
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            said = (file.metadata() or {}).get(FORMAT)
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be ours
    if said is None:
        return None
    try:
        return msgspec.json.decode(said, type=Description)
    except msgspec.MsgspecError as error:
        raise damaged(path, f"its header is broken ({error})") from error


def save(path: Path, about: Description, tensors: Mapping[str, Tensor]) -> None:
    """Write an encoder in half precision: the same bytes each time."""
    halves = {name: value.half().contiguous() for name, value in tensors.items()}
    # One key: more have no order, and the file is known by its digest.
    save_file(halves, path, {FORMAT: msgspec.json.encode(about).decode()})


def config_from_json(values: Mapping[str, Any]) -> EncoderConfig:
    """Return the sizes that the ``config.json`` of a BERT says.

    Raises:
        ValueError: It is of another kind.
    """
    known: Sequence[tuple[str, object]] = (
        ("model_type", "bert"),
        ("hidden_act", "gelu"),
        ("position_embedding_type", "absolute"),
        ("type_vocab_size", 2),
    )
    for key, wanted in known:
        if values.get(key, wanted) != wanted:
            raise ValueError(f"its {key} is {values[key]!r}; only {wanted!r} is known")
    return EncoderConfig(
        vocabulary=values["vocab_size"],
        positions=values["max_position_embeddings"],
        width=values["hidden_size"],
        layers=values["num_hidden_layers"],
        heads=values["num_attention_heads"],
        inner=values["intermediate_size"],
        epsilon=values["layer_norm_eps"],
    )
