"""Cache of finished latents, so that more pictures of one recipe need no new denoising.

The cache is exact: decoding a cached latent gives the same picture as denoising again.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_in
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from studio_image.diffusion.model import DiffusionModel
from studio_image.diffusion.wish import Wish

_NAME = "latents"


def key(model: DiffusionModel, wish: Wish, seed: int) -> str:
    """Return the name of the latents of one picture: all that they depend on, as a hash.

    Weights are told by the sizes and times of their files: gigabytes are not read for it.
    """
    wanted = {field.name: getattr(wish, field.name) for field in fields(wish)}
    arrays = [wanted.pop(name) for name in ("start", "mask")]
    arrays.append(wish.led.picture if wish.led else None)
    arrays += [region.mask for region in wish.regions]
    facts = (
        sorted(_stamps(model.plan.path)),
        (torch.__version__, version("diffusers"), version("transformers")),
        (model.device.type, str(model.network.dtype), torch.get_num_threads()),
        (str(model.plan.scheduler), sorted(wanted.items()), seed),
    )
    digest = hashlib.sha256(repr(facts).encode())
    for array in arrays:
        digest.update(b"-" if array is None else _bytes(array))
    return digest.hexdigest()


def _bytes(array: Tensor) -> bytes:
    return array.detach().float().cpu().contiguous().numpy().tobytes()


def written(latents: Tensor) -> bytes:
    """Return latents as a file."""
    return tensors_as_bytes({_NAME: latents.detach().float().cpu().contiguous()})


def read(data: bytes | None, model: DiffusionModel, wish: Wish) -> Tensor | None:
    """Return the latents in a file; None if there are none, or they are not for this picture."""
    if data is None:
        return None
    try:
        latents = tensors_in(data).get(_NAME)
    except (SafetensorError, ValueError):
        return None
    scale, channels = model.plan.scale, model.plan.channels
    shape = (1, channels, wish.height // scale, wish.width // scale)
    if latents is None or tuple(latents.shape) != shape or not torch.isfinite(latents).all():
        return None
    return latents.to(model.device)


def _stamps(path: Path) -> list[Any]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    facts = [(file.relative_to(path.parent).as_posix(), file.stat()) for file in files]
    return [(str(path.parent), name, status.st_size, status.st_mtime_ns) for name, status in facts]
