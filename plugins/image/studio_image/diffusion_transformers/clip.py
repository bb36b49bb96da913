"""CLIP as it lies in files of Stable Diffusion 3 and Flux: its sizes follow from the shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studio_image.diffusion.folder import known_as
from studio_image.diffusion.model_spec import Part, count
from studio_image.diffusion.tensor_file import opened

Shapes = Mapping[str, tuple[int, ...]]

WHOLE = "model.diffusion_model."
CLIP_L = "text_encoders.clip_l.transformer."
_PROJECTION = "text_projection.weight"
_HEAD = 64


def clip(path: Path, sizes: Shapes, prefix: str, act: str, *, projects: bool = True) -> Part:
    """Return a text encoder of CLIP, whose names begin with ``prefix``.

    Args:
        projects: Whether what it says of the whole prompt is projected.

    Raises:
        KeyError: A tensor is missing.
    """
    own = {name.removeprefix(prefix): name for name in sizes if name.startswith(prefix)}
    model = f"{prefix}text_model."
    vocabulary, hidden = sizes[f"{model}embeddings.token_embedding.weight"]
    layers = 0
    while f"{model}encoder.layers.{layers}.mlp.fc1.weight" in sizes:
        layers += 1
    config = {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "projection_dim": sizes.get(prefix + _PROJECTION, (hidden,))[0],
        "intermediate_size": sizes[f"{model}encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, hidden // _HEAD),
        "max_position_embeddings": sizes[f"{model}embeddings.position_embedding.weight"][0],
        "hidden_act": act,
    }

    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        import torch

        with opened(path) as tensor:
            for name, old in own.items():
                key = known_as(name, expected)
                if key in expected:
                    yield key, tensor(old)
        if projects and _PROJECTION not in own:  # as diffusers does: CLIP L comes without one
            yield _PROJECTION, torch.eye(hidden)

    kind = "CLIPTextModelWithProjection" if projects else "CLIPTextModel"
    return Part(kind, config, count({old: sizes[old] for old in own.values()}), tensors)
