"""The file of an adapter: read and checked, and joined to its base. Loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from studio.api.worker.tuning import DOWN, PREFIX, UP, AdapterFacts
from studio.runtime.engines.text.adapters.adapted_source import AdaptedSource, Change
from studio.runtime.engines.text.adapters.places import products
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.safetensors_file import read_whole_header
from studio.runtime.engines.text.formats.tensor_source import FolderSource

MAX_RANK = 1024


@dataclass(frozen=True)
class AdapterFile:
    """An adapter whose header was read.

    Attributes:
        facts: What it says of itself.
        shapes: Of its tensors, by name.
    """

    path: Path
    facts: AdapterFacts
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return sum(torch.Size(shape).numel() for shape in self.shapes.values())

    @property
    def rank(self) -> int:
        """Of its largest pair."""
        return max((s[0] for n, s in self.shapes.items() if n.endswith(DOWN)), default=0)


def read_adapter(path: Path) -> AdapterFile | None:
    """Return the adapter that the file ``path`` is; None if it is none.

    Raises:
        StudioError: It is one, but broken.
    """
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    file = MappedFile(path)
    try:
        tensors, metadata = read_whole_header(file)
    finally:
        file.close()
    facts = AdapterFacts.of(metadata)
    if facts is None:
        return None
    return AdapterFile(path, facts, {name: each.shape for name, each in tensors.items()})


def join(files: ModelFiles, adapter: AdapterFile) -> ModelFiles:
    """Have ``files``, the base, give its tensors with ``adapter`` added.

    Raises:
        StudioError: The adapter has a matrix that this model has not, or one of another shape; or
            another library computes the model.
    """
    if files.is_foreign:
        raise unsupported(adapter.path, "its base model is run by transformers, without adapters")
    known = {each.name: each for each in products(Llama(files.config), files.names)}
    tensors = FolderSource(adapter.path, [adapter.path])
    changes: dict[str, Change] = {}
    try:
        left = set(adapter.shapes)
        for name in sorted(n for n in adapter.shapes if n.endswith(DOWN)):
            product = known.get(name.removeprefix(PREFIX).removesuffix(DOWN))
            pair = (name, name.removesuffix(DOWN) + UP)
            if product is None or not _fits(adapter, pair, product.shape):
                raise _of_another_model(adapter, name)
            down, up = (_whole(tensors, each) for each in pair)
            up = up if product.file_order is None else up[product.file_order]
            changes[product.file_name] = Change(down, up)
            left -= set(pair)
        if left:
            raise _of_another_model(adapter, min(left))
    finally:
        tensors.close()
    files.source = AdaptedSource(files.source, changes)
    files.origins = (*files.origins, adapter.path)
    return files


def _fits(adapter: AdapterFile, pair: tuple[str, str], shape: tuple[int, int]) -> bool:
    down, up = (adapter.shapes.get(name, ()) for name in pair)
    if len(down) != 2 or len(up) != 2:
        return False
    return (up[0], down[1]) == shape and down[0] == up[1] and 0 < down[0] <= MAX_RANK


def _of_another_model(adapter: AdapterFile, name: str) -> Exception:
    return bad_weights(
        adapter.path,
        f"its tensor “{shown(name)}” does not fit the base model",
        "Choose the model that it was trained on, or train it again.",
    )


def _whole(source: FolderSource, name: str) -> Tensor:
    return torch.cat([rows.float() for _, rows in source.rows(name)])
