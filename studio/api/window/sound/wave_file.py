"""Samples as the bytes of a WAV file of 16 bits, as tasks take and make them; and back."""

from __future__ import annotations

import io
import wave

import numpy as np

from studio.api.stability import since


@since("1.1")
def to_wav(samples: np.ndarray, rate: int) -> bytes:
    """Return (frames,) or (frames, 1) floats as a WAV file."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        whole = np.clip(np.rint(samples.reshape(-1) * 32767), -32768, 32767)
        file.writeframes(whole.astype("<i2").tobytes())
    return stream.getvalue()


@since("1.1")
def from_wav(data: bytes) -> tuple[np.ndarray, int]:
    """Return (frames,) float32 of the first channel of such a file, and its rate.

    Raises:
        ValueError: It is none, or of other than 16 bits.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, rate = file.getnchannels(), file.getframerate()
            if file.getsampwidth() != 2:
                raise ValueError("it is not of 16 bits")
            whole = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    except (wave.Error, EOFError) as error:
        raise ValueError(f"it is not a WAV file: {error}") from error
    return whole[::channels].astype(np.float32) / 32767, rate
