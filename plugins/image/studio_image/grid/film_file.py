"""Frames as an animation file. Knows no networks."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
from PIL import Image

_WAIT = 0.05


def written(frames: Sequence[np.ndarray], format: str, fps: int, *, endless: bool) -> bytes:
    """Return an animation of (H, W, 3) uint8 frames; ``format``: ``gif`` or ``webp``."""
    images = [Image.fromarray(frame) for frame in frames]
    stream = io.BytesIO()
    more: dict[str, int] = {"quality": 90, "method": 2} if format == "webp" else {"optimize": False}
    if endless:
        more["loop"] = 0
    elif format == "webp":
        more["loop"] = 1  # a GIF that does not say how often is shown once
    images[0].save(
        stream,
        format.upper(),
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / fps),
        **more,
    )
    return stream.getvalue()


def write_beside(
    frames: Sequence[np.ndarray], format: str, fps: int, *, endless: bool
) -> Iterator[bytes | None]:
    """Yield None while a thread writes the file, then its bytes: others are not held up."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(written, frames, format, fps, endless=endless)
        while not wait([future], _WAIT).done:
            yield None
        yield future.result()
