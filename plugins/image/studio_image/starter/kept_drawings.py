"""Cache of a batch's small drawings, so that more or larger ones need no new sampling.

The cache is exact: a run that resumes from it makes the same pictures as one that does not.
"""

from __future__ import annotations

import hashlib
import io
from typing import NamedTuple

import numpy as np
import torch

from studio_image.starter.sampler import Drawing
from studio_image.starter.weights import Starter


class Batch(NamedTuple):
    """Drawings that were made at once.

    Attributes:
        pictures: Each (64, 64, 3) float32 in 0…1.
        exact: Whether they took float32.
        rng: State of the generator after them.
    """

    pictures: list[np.ndarray]
    exact: bool
    rng: torch.Tensor


def digest(starter: Starter) -> str:
    """Return a key for the weights, the type of device and the torch version."""
    state = hashlib.sha256(torch.__version__.encode())
    for network in (starter.encoder, starter.decoder, starter.generator):
        for name, tensor in network.state_dict().items():
            state.update(f"{name} {tensor.dtype} {tensor.device.type}".encode())
            state.update(
                tensor.detach().cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes()
            )
    return state.hexdigest()


def key(weights: str, drawing: Drawing, count: int, rng: torch.Generator) -> str:
    """Return the name of the next ``count`` drawings: all that they depend on, as a hash."""
    state = hashlib.sha256(f"{weights} {count} {torch.get_num_threads()}".encode())
    state.update(rng.get_state().numpy().tobytes())
    without = drawing.without.row() if drawing.without else None
    facts = (drawing.rows(), without, drawing.strength, drawing.steps, drawing.guidance)
    state.update(repr((*facts, drawing.exact, drawing.at_once, drawing.reach)).encode())
    if drawing.start is not None:
        state.update(drawing.start.detach().float().cpu().contiguous().numpy().tobytes())
    return state.hexdigest()


def written(batch: Batch) -> bytes:
    """Return a batch as a file."""
    file = io.BytesIO()
    pictures = np.stack(batch.pictures)
    np.savez(file, pictures=pictures, exact=np.array(batch.exact), rng=batch.rng.numpy())
    return file.getvalue()


def read(data: bytes | None, count: int) -> Batch | None:
    """Return the batch in a file; None if there is none of so many pictures."""
    if data is None:
        return None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            pictures, exact, rng = arrays["pictures"], bool(arrays["exact"]), arrays["rng"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    if pictures.dtype != np.float32 or pictures.ndim != 4 or len(pictures) != count:
        return None
    return Batch(list(pictures), exact, torch.from_numpy(rng.copy()))
