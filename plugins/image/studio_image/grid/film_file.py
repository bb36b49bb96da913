"""Frames as an animation file. Knows no networks."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from studio.api import ErrorCode, StudioError

_WAIT = 0.05
_CODES = {"webm": "VP90", "mp4": "vp09"}
"""Format → what OpenCV calls VP9 in it: a codec that nobody has to pay for."""


def check(format: str) -> None:
    """Check that a film can be written in a format, before its frames are drawn.

    Raises:
        StudioError: It needs a package that is not installed.
    """
    if format in _CODES and find_spec("cv2") is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "WebM and MP4 are written with the package OpenCV, which is not installed.",
            "Install it with: pip install 'studio-plugin-image[opencv]', or choose WebP.",
        )


def written(frames: Sequence[np.ndarray], format: str, fps: int, *, endless: bool) -> bytes:
    """Return an animation of (H, W, 3) uint8 frames.

    Args:
        format: ``gif``, ``webp``, ``webm`` or ``mp4``; the last two need even sides.
        endless: Whether it says that it is to be repeated; a video cannot.

    Raises:
        StudioError: The video could not be written whole.
    """
    if format in _CODES:
        return _video(frames, format, fps)
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


def _video(frames: Sequence[np.ndarray], format: str, fps: int) -> bytes:
    import cv2

    high, wide = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{format}"
        code = cv2.VideoWriter.fourcc(*_CODES[format])
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, float(fps), (wide, high))
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))  # OpenCV has blue first
        writer.release()
        # The writer tells of no error, so what it wrote is counted.
        reader, count = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
        while reader.grab():
            count += 1
        reader.release()
        if count != len(frames):
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"Only {count} of {len(frames)} frames of the film could be written.",
                "Make room on the disk for temporary files, or choose WebP.",
            )
        return path.read_bytes()


def write_beside(
    frames: Sequence[np.ndarray], format: str, fps: int, *, endless: bool
) -> Iterator[bytes | None]:
    """Yield None while a thread writes the file, then its bytes: others are not held up."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(written, frames, format, fps, endless=endless)
        while not wait([future], _WAIT).done:
            yield None
        yield future.result()
