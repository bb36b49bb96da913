"""The starter generator as a file: recognised by its header, measured, loaded, written.

One safetensors file in half precision: decoder, generator, encoder, and in its metadata the
captions that were trained, each with its styles. Rows of the word tables that no caption uses are
left out. Draws nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from studio.api.worker.tensor_files import Header, SafetensorsLoader, read_header, write_tensors
from studio_image.starter.network import (
    COLOURS,
    MAX_WORDS,
    PHRASE_ROWS,
    STYLES,
    WORD_ROWS,
    Caption,
    Decoder,
    Encoder,
    Generator,
)
from studio_image.starter.related_styles import Trained

FORMAT = "image-starter/1"
_TABLES = {"generator.words.weight": WORD_ROWS, "generator.phrases.weight": PHRASE_ROWS}
_WORKING_BYTES = 200 * 2**20
"""Of a batch of four with guidance, decoded and enlarged."""


@dataclass
class Starter:
    """The loaded networks, and the captions that they know.

    Attributes:
        captions: What was trained as a whole, lower case.
        words: Every word of them.
        trained: The styles in which each caption was trained; empty for all.
    """

    encoder: nn.Module
    decoder: nn.Module
    generator: nn.Module
    captions: frozenset[str]
    words: frozenset[str]
    trained: Trained = field(default_factory=dict)

    def to(self, device: str) -> None:
        """Move the networks to ``device``."""
        for network in (self.encoder, self.decoder, self.generator):
            network.to(device)


def loader() -> SafetensorsLoader[Starter]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="image-starter",
        title="Starter pictures",
        capabilities=("text-to-image",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=_facts,
        build=_built,
    )


def is_starter(path: Path) -> bool:
    """Return whether ``path`` is a file of this family."""
    header = read_header(path)
    return header is not None and header.has({"format": FORMAT})


def _facts(header: Header) -> dict[str, Any]:
    return {
        "captions": len(json.loads(header.metadata["captions"])),
        "styles": list(STYLES),
        "size": "64 × 64",
        "trained_pictures": int(header.metadata.get("seen", 0)),
    }


def save(
    path: Path,
    networks: dict[str, dict[str, Tensor]],
    captions: Sequence[str],
    seen: int,
    pairs: Collection[tuple[str, str]] = (),
) -> None:
    """Write a starter generator.

    Args:
        networks: ``encoder``, ``decoder`` and ``generator`` → their weights.
        captions: All that were trained.
        seen: Pictures that the generator saw while it learned.
        pairs: Caption and style of each of them; none: every caption in every style.
    """
    state = {
        f"{part}.{name}": value
        for part, weights in networks.items()
        for name, value in weights.items()
    }
    names = sorted(set(captions))
    metadata = {"captions": json.dumps(names), "seen": str(seen)}
    if pairs:
        metadata["styles"] = json.dumps([_styles_of(caption, pairs) for caption in names])
    write_tensors(path, FORMAT, _packed(state, captions), metadata)


def _styles_of(caption: str, pairs: Collection[tuple[str, str]]) -> int:
    """Return the styles in which a caption was trained, a bit for each of ``STYLES``."""
    return sum((caption, style) in pairs and 1 << at for at, style in enumerate(STYLES))


def _trained(header: Header) -> Trained:
    """Return the styles in which each caption was trained; nothing if the file does not say."""
    captions = json.loads(header.metadata["captions"])
    masks = json.loads(header.metadata.get("styles", "[]"))
    by_row: dict[tuple[int, ...], frozenset[int]] = {}
    for caption, mask in zip(captions, masks):
        row = Caption.of(caption, STYLES[0]).row()
        styles = frozenset(at for at in range(1, len(STYLES) + 1) if mask >> (at - 1) & 1)
        for key in (tuple(row[:-1]), (row[-2],)):
            by_row[key] = by_row.get(key, frozenset()) | styles
    return by_row


def words_of(text: str) -> list[str]:
    """Return the words of a caption or a prompt, lower case, without signs."""
    return re.findall(r"[a-z0-9]+", text.lower())


def _packed(state: dict[str, Tensor], captions: Sequence[str]) -> dict[str, Tensor]:
    """Keep of the word tables only rows that a caption uses, and say which these are."""
    used = _used_rows(captions)
    packed = dict(state)
    for name, rows in zip(_TABLES, used, strict=True):
        packed[name] = state[name][rows]
        packed[f"{name}.rows"] = rows.to(torch.int16)
    return packed


def _unpacked(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, count in _TABLES.items():
        rows = state.pop(f"{name}.rows").long()
        table = state[name].new_zeros(count, state[name].shape[1])
        table[rows] = state[name]
        state[name] = table
    return state


def _used_rows(captions: Sequence[str]) -> tuple[Tensor, Tensor]:
    rows = [Caption.of(text, STYLES[0]).row() for text in (*captions, *COLOURS)]
    words = {word for row in rows for word in row[:MAX_WORDS]}
    phrases = {row[MAX_WORDS] for row in rows}
    return torch.tensor(sorted(words | {0})), torch.tensor(sorted(phrases | {0}))


def _built(header: Header, packed: dict[str, Tensor], device: str) -> Starter:
    state, captions = _unpacked(packed), frozenset(json.loads(header.metadata["captions"]))
    parts: dict[str, nn.Module] = {}
    networks: dict[str, nn.Module]
    networks = {"encoder": Encoder(), "decoder": Decoder(), "generator": Generator()}
    for part, network in networks.items():
        own = {n.removeprefix(f"{part}."): v for n, v in state.items() if n.startswith(f"{part}.")}
        network.load_state_dict(own)
        if part != "generator":
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # pytorch#184642
        parts[part] = network.to(device).eval().requires_grad_(False)
    words = frozenset(word for caption in captions for word in words_of(caption))
    return Starter(**parts, captions=captions, words=words, trained=_trained(header))
