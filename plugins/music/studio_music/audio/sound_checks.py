"""Checks of sound: invalid numbers, silence, clipping, offset, length, loop joint.

Judges samples, (n, 2) float32 in −1…1; renders none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from studio.api import BadInput, Check, Verdict

if TYPE_CHECKING:
    import numpy as np

QUIETEST_PEAK: Final = 1e-3  # −60 dB
FULL_SCALE: Final = 0.9999
LARGEST_OFFSET: Final = 0.01  # of full scale
JOINT_SECONDS: Final = 0.05  # around the joint of a loop: what its step is compared with


def check_audio(samples: np.ndarray, rate: int, at_least: float = 0.0) -> tuple[Check, ...]:
    """Return the checks of a sound.

    Args:
        samples: (n, channels) floats, full scale ±1.
        rate: Samples a second.
        at_least: Seconds it must last.
    """
    import numpy as np

    finite = np.isfinite(samples)
    clean = np.where(finite, samples, 0.0)
    return (
        _finite(int(finite.size - finite.sum())),
        _audible(clean),
        _clipping(clean),
        _offset(clean),
        _duration(len(samples) / rate, at_least),
    )


def check_file(payload: bytes) -> Verdict:
    """Return the verdict about the bytes of a WAV file."""
    from studio_music.audio.audio_files import read_wav

    try:
        return Verdict(check_audio(*read_wav(bytes(payload))))
    except BadInput as error:
        return Verdict((Check("readable", False, error.message),))


def check_joint(samples: np.ndarray, rate: int) -> Check:
    """Return whether a loop goes from its last sample to its first without a click.

    A click is a step at the joint larger than any in the sound around it.
    """
    import numpy as np

    around = max(2, round(JOINT_SECONDS * rate))
    joint = float(np.abs(samples[0] - samples[-1]).max())
    parts = (samples[:around], samples[-around:])
    largest = max(float(np.abs(np.diff(part, axis=0)).max(initial=0)) for part in parts)
    limit = max(largest, QUIETEST_PEAK)
    evidence = f"a jump of {joint:.4f} at the loop point, up to {largest:.4f} around it"
    return Check("joint", joint <= limit, evidence)


def _finite(wrong: int) -> Check:
    evidence = f"{wrong} samples are invalid" if wrong else "all samples are valid"
    return Check("finite", not wrong, evidence)


def _audible(samples: Any) -> Check:
    import numpy as np

    peak = float(np.abs(samples).max(initial=0.0))
    evidence = f"peak {20 * np.log10(peak):.1f} dB" if peak else "silence"
    return Check("not silent", peak >= QUIETEST_PEAK, evidence)


def _clipping(samples: Any) -> Check:
    """Whether samples stay at full scale for several in a row, or go beyond it."""
    import numpy as np

    loud = np.abs(samples) >= FULL_SCALE
    runs = loud[2:] & loud[1:-1] & loud[:-2]
    clipped = int(runs.sum()) + int((np.abs(samples) > 1).sum())
    evidence = f"{clipped} samples are clipped" if clipped else "no samples are clipped"
    return Check("no clipping", not clipped, evidence)


def _offset(samples: Any) -> Check:
    import numpy as np

    offset = float(np.abs(samples.mean(axis=0)).max()) if len(samples) else 0.0
    return Check("no offset", offset <= LARGEST_OFFSET, f"mean {offset:.4f}")


def _duration(seconds: float, at_least: float) -> Check:
    evidence = f"{seconds:.2f} s" + (f", the music lasts {at_least:.2f} s" if at_least else "")
    return Check("duration", seconds >= at_least - 0.01, evidence)
