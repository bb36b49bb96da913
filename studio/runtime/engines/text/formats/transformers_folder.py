"""Model folders of architectures that our decoder does not know: what transformers makes of them.

Only the library's own classes are used, by names that it lists itself; what a folder asks to have
imported has no effect. The library gets a checked object and tensors, never a path or a name, so it
reads no file, unpickles nothing and asks nobody.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from studio.protocol.connections.telemetry import OFFLINE
from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.config import (
    KNOWN,
    MAX_CONTEXT,
    MAX_HIDDEN,
    MAX_LAYERS,
    Family,
    LayerKind,
    LlamaConfig,
)
from studio.runtime.engines.text.formats.config_json import architecture_name
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported

NOTE = "transformers: slower than the built-in engine"

SEEING: Mapping[str, str] = {
    "llava": "LlavaForConditionalGeneration",
    "qwen2_vl": "Qwen2VLForConditionalGeneration",
    "qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration",
    "gemma3": "Gemma3ForConditionalGeneration",
    "smolvlm": "SmolVLMForConditionalGeneration",
    "idefics3": "Idefics3ForConditionalGeneration",
}
"""Kinds of models that read pictures, too, and the library's classes for them."""

_LARGEST_NUMBER = 1 << 24
_OURS = {"output_attentions": False, "output_hidden_states": False, "use_cache": True}
_DROPPED = frozenset(
    {"auto_map", "custom_pipelines", "attn_implementation", "dtype", "torch_dtype"}
)


@dataclass(frozen=True)
class ForeignConfig(LlamaConfig):
    """Sizes of a decoder that is not ours, as far as they are known.

    Attributes:
        known_parameters: How many weights its files have.
    """

    known_parameters: int = 0

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return self.known_parameters


def version() -> str:
    """Return the version of transformers; empty where it is not installed. Imports nothing."""
    try:
        return importlib.metadata.version("transformers")
    except importlib.metadata.PackageNotFoundError:
        return ""


def check_foreign(values: Mapping[str, Any], path: Path, refused: StudioError) -> None:
    """Raise unless transformers runs the model whose config.json at ``path`` has ``values``.

    Args:
        refused: Why our decoder does not run it.

    Raises:
        StudioError: transformers is not installed or does not know the model either, or its
            weights are packed.
    """
    if values.get("quantization_config"):
        raise unsupported(path, "its weights are quantized (quantization_config)")
    if not version():
        raise StudioError(
            refused.code,
            refused.message,
            f"Supported architectures: {KNOWN}. Others need transformers, which is not "
            "installed: pip install 'offline-studio[transformers]'",
        )
    if not _is_known(values):
        raise refused


def foreign_config(values: Mapping[str, Any], path: Path, parameters: int) -> ForeignConfig:
    """Return the sizes of a model that passed :func:`check_foreign`.

    Args:
        values: The object in the file.
        path: The file.
        parameters: How many weights the files have.

    Raises:
        StudioError: A number is absurd, or the library refuses the object.
    """
    name, config = architecture_name(values), library_config(values, path).get_text_config()
    layers = _size(config, "num_hidden_layers", MAX_LAYERS, path)
    heads = _size(config, "num_attention_heads", MAX_HIDDEN, path, 1)
    hidden = _size(config, "hidden_size", MAX_HIDDEN, path)
    kv_heads = _size(config, "num_key_value_heads", MAX_HIDDEN, path, heads)
    return ForeignConfig(
        family=Family(shown(str(values["model_type"])), shown(name)),
        vocabulary=_size(config, "vocab_size", _LARGEST_NUMBER, path),
        hidden=hidden,
        intermediate=_size(config, "intermediate_size", 1 << 20, path, 4 * hidden),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_size(config, "head_dim", MAX_HIDDEN, path, max(1, hidden // heads)),
        context_length=_size(config, "max_position_embeddings", MAX_CONTEXT, path, 2_048),
        norm_eps=1e-5,
        kinds=(LayerKind(None),) * layers,
        tied=False,
        known_parameters=parameters,
    )


def library_config(values: Mapping[str, Any], path: Path) -> Any:
    """Return transformers' own configuration of a causal language model.

    Raises:
        StudioError: It knows none of that kind, a number is absurd, or it refuses the object.
    """
    if not _is_known(values):
        raise unsupported(path, "transformers does not support its architecture")
    for key, number in _numbers(values):
        limit = MAX_LAYERS if "layer" in key else _LARGEST_NUMBER
        if abs(number) > limit:
            raise bad_weights(path, f"{shown(key)} is {number}; the limit is {limit}")
    clean = {key: v for key, v in values.items() if key not in _DROPPED and not key.startswith("_")}
    auto = importlib.import_module("transformers.models.auto.configuration_auto")
    try:
        return auto.CONFIG_MAPPING[values["model_type"]].from_dict({**clean, **_OURS})
    except Exception as error:
        raise bad_weights(path, f"transformers cannot load it ({shown(str(error))})") from error


def is_seeing(values: Mapping[str, Any]) -> bool:
    """Return whether a config.json is that of a model that reads pictures, too. Imports nothing."""
    kind = values.get("model_type")
    return isinstance(kind, str) and SEEING.get(kind) == architecture_name(values)


def _is_known(values: Mapping[str, Any]) -> bool:
    kind = values.get("model_type")
    return isinstance(kind, str) and _class_names().get(kind) == architecture_name(values)


@cache
def library() -> Any:
    """Import transformers so that it neither asks the hub nor writes to the terminal."""
    os.environ.update(OFFLINE)
    logging = importlib.import_module("transformers.utils.logging")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return importlib.import_module("transformers")


@cache
def _class_names() -> Mapping[str, str]:
    """Return the library's own table: kinds of models → classes of causal language models, and of
    those that see.
    """
    library()
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    sighted = auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    return {
        **auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        **{kind: name for kind, name in SEEING.items() if sighted.get(kind) == name},
    }


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, int]]:
    """Yield every whole number with its key, wherever it stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, key)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value


def _size(config: Any, name: str, limit: int, path: Path, default: int | None = None) -> int:
    value = getattr(config, name, None)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise unsupported(path, f"{name} is {shown(repr(value)[:60])}, not 1 to {limit}")
    return value
