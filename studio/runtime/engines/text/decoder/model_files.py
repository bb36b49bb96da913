"""A GGUF file or a model folder, opened and measured by its headers alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from studio.api.worker.context import Requirements
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import name_of
from studio.runtime.engines.text.decoder import weights_loader
from studio.runtime.engines.text.decoder.cuda_graph import COPIES
from studio.runtime.engines.text.decoder.protocol import LARGEST_CHUNK
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.config_gguf import config_from_gguf
from studio.runtime.engines.text.formats.config_json import config_from_json
from studio.runtime.engines.text.formats.gguf_parts import open_parts
from studio.runtime.engines.text.formats.load_errors import shown
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.tensor_names import folder_names, gguf_names
from studio.runtime.engines.text.formats.tensor_source import (
    CHUNK_VALUES,
    FolderSource,
    GgufSource,
    TensorSource,
)
from studio.runtime.engines.text.formats.transformers_folder import (
    NOTE,
    ForeignConfig,
    check_foreign,
    foreign_config,
)
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer
from studio.runtime.engines.text.tokenization.tokenizer_folder import (
    template_from_folder,
    tokenizer_from_folder,
)
from studio.runtime.engines.text.tokenization.tokenizer_gguf import tokenizer_from_gguf

_ASKS_FOR_CODE = frozenset(
    {"auto_map", "custom_pipelines", "_attn_implementation_internal", "_attn_implementation"}
)

TYPICAL_CONTEXT = 4_096
"""Tokens of a typical job: what its cache is measured by."""

_TOKEN_BYTES = 420
"""Of memory for a token's text, its number and the rules that make it; 374 and 470 measured."""


@dataclass(frozen=True)
class TextInfo:
    """The facts that a model's files state of it.

    Attributes:
        title: Its name, or that of its file.
        architecture: ``llama``, ``qwen2``, …
        parameters: How many weights.
        context_length: Tokens it was made for.
        quantisation: How most of the weights are stored, ``Q4_1``.
        file_bytes: Bytes of all tensors on disk.
        vocabulary: How many tokens it knows.
        has_template: Whether it brings a chat template.
        licence: As its file tells, or empty.
        blocked: Keys that ask to run code from the folder. They have no effect.
        runs_through: The library that computes it, if it is not the studio, and what that means.
    """

    title: str
    architecture: str
    parameters: int
    context_length: int
    quantisation: str
    file_bytes: int
    vocabulary: int
    has_template: bool
    licence: str = ""
    blocked: tuple[str, ...] = ()
    runs_through: str = ""


class ModelFiles:
    """An opened model: its headers are read and checked, its weights are not.

    Attributes:
        path: File or folder.
        config: Sizes of the decoder.
        source: Its tensors.
        names: What the tensors are called there.
        template: Its chat template, or empty.
        tokenizer: Builds its tokenizer.
        values: The object in its config.json; empty for files.
        origins: All that it is made of: itself, and an adapter.
    """

    def __init__(
        self,
        path: Path,
        config: LlamaConfig,
        source: TensorSource,
        names: Mapping[str, str],
        template: str,
        tokenizer: Callable[[], TextTokenizer],
        facts: Mapping[str, object],
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self.config = config
        self.source = source
        self.names = names
        self.template = template
        self.tokenizer = tokenizer
        self.values = values or {}
        self.origins: tuple[Path, ...] = (path,)
        self._facts = facts

    @property
    def is_foreign(self) -> bool:
        """Whether our decoder does not know it, so that it runs through transformers."""
        return isinstance(self.config, ForeignConfig)

    def info(self) -> TextInfo:
        """Return the facts that the files state of the model."""
        blocked = self._facts.get("blocked", ())
        return TextInfo(
            title=shown(str(self._facts.get("title") or name_of(self.path))),
            architecture=self.config.architecture,
            parameters=self.config.parameters,
            context_length=self.config.context_length,
            quantisation=self.source.quantisation,
            file_bytes=self.source.file_bytes,
            vocabulary=self.config.vocabulary,
            has_template=bool(self.template),
            licence=shown(str(self._facts.get("licence") or "")),
            blocked=blocked if isinstance(blocked, tuple) else (),
            runs_through=NOTE if self.is_foreign else "",
        )

    def close(self) -> None:
        """Let go of the files."""
        self.source.close()

    def __enter__(self) -> ModelFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_model(path: Path) -> ModelFiles:
    """Open the model at ``path`` and check all that can be checked without reading weights.

    Raises:
        StudioError: There is none, it is broken, or of a kind this engine does not know.
    """
    if path.is_dir():
        return _open_folder(ModelFolder(path))
    return _open_gguf(path)


def measure(path: Path, device: str = "cpu", context_limit: int = 0) -> Requirements:
    """Return the memory that the model at ``path`` needs, from its headers alone."""
    with open_model(path) as files:
        return requirements(files, device, context_limit)


def requirements(files: ModelFiles, device: str, context_limit: int = 0) -> Requirements:
    """Return the memory that an opened model needs."""
    config, is_foreign = files.config, files.is_foreign
    dtype = default_dtype(device, is_foreign=is_foreign)
    if dtype is None:
        weights = weights_loader.packed_bytes(files.source, files.names, config)
    elif is_foreign:
        weights = weights_loader.float_bytes(config, dtype)
    else:
        weights = weights_loader.card_bytes(files.source, files.names, config, dtype, device)
    weights += prefix_bytes(config) + tokenizer_bytes(config) if dtype is None else 0
    item = 4 if dtype is None else dtype.itemsize
    tokens = counted_tokens(config, context_limit)
    copies = COPIES if device.startswith("cuda") and not is_foreign else 1
    cache = tokens * config.cache_values_per_token * item * copies
    # A chunk of the prompt at the widest place, the scores, and rows being turned into floats.
    passing = (2 * config.intermediate * LARGEST_CHUNK + config.vocabulary + 4 * CHUNK_VALUES) * 4
    return Requirements(weights, max(cache + passing, 2 * config.vocabulary * config.hidden))


def counted_tokens(config: LlamaConfig, context_limit: int = 0) -> int:
    """Return the tokens of a typical job; a limit of 0 is none."""
    return min(TYPICAL_CONTEXT, config.context_length, context_limit or TYPICAL_CONTEXT)


def prefix_bytes(config: LlamaConfig) -> int:
    """Return the memory in which a packed model keeps beginnings of texts: one typical job's."""
    return counted_tokens(config) * config.cache_values_per_token * 4


def tokenizer_bytes(config: LlamaConfig) -> int:
    """Return the memory that a tokenizer takes, within a fifth."""
    return config.vocabulary * _TOKEN_BYTES


def default_dtype(device: str, *, is_foreign: bool = False) -> torch.dtype | None:
    """Return the type of weights and computation, or None where weights are packed.

    A processor that has no kernels for packed weights computes in float32, every other device in
    bfloat16. Decoders that are not ours pack nothing.
    """
    if can_pack(device) and not is_foreign:
        return None
    return torch.float32 if device.startswith("cpu") else torch.bfloat16


def _open_gguf(path: Path) -> ModelFiles:
    files, header = open_parts(path)
    source = GgufSource(files, header)
    try:
        config = config_from_gguf(header, source.vector)
    except BaseException:
        source.close()
        raise
    template = header.metadata.get("tokenizer.chat_template")
    return ModelFiles(
        header.path,
        config,
        source,
        gguf_names(config.family),
        template if isinstance(template, str) else "",
        lambda: tokenizer_from_gguf(header),
        {
            "title": header.metadata.get("general.name"),
            "licence": header.metadata.get("general.license"),
        },
    )


def _open_folder(folder: ModelFolder) -> ModelFiles:
    if not folder.has("config.json"):
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{shown(folder.path)} is not a model folder: it has no config.json.",
            "Choose a folder with config.json, tokenizer.json and model.safetensors.",
        )
    values = folder.json("config.json")
    config, source = _folder_config(folder, values)
    return ModelFiles(
        folder.path,
        config,
        source,
        folder_names(config.family),
        template_from_folder(folder),
        lambda: tokenizer_from_folder(folder, config.vocabulary),
        {"blocked": _asks_for_code(folder, values)},
        values,
    )


def _folder_config(
    folder: ModelFolder, values: Mapping[str, Any]
) -> tuple[LlamaConfig, FolderSource]:
    """Return the sizes of the model, ours or another that transformers knows, and its tensors."""
    path = folder.path / "config.json"
    refused = None
    try:
        config = config_from_json(values, path)
    except StudioError as error:
        if error.code is not ErrorCode.UNSUPPORTED:
            raise
        refused = error
    if refused is None:
        return config, FolderSource(folder.path, folder.shards())
    check_foreign(values, path, refused)
    source = FolderSource(folder.path, folder.shards())
    try:
        parameters = sum(math.prod(shape) for shape in source.shapes.values())
        return foreign_config(values, path, parameters), source
    except BaseException:
        source.close()
        raise


def _asks_for_code(folder: ModelFolder, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the keys that would run code elsewhere. Here nothing reads them."""
    settings = folder.json_if_any("tokenizer_config.json")
    return tuple(sorted(_ASKS_FOR_CODE & (values.keys() | settings.keys())))
