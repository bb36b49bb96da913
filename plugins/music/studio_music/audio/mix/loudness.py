"""How loud sound is to an ear: ITU-R BS.1770-4, by spectra. Changes no sound."""

from __future__ import annotations

from functools import cache

import numpy as np

_HOP = 0.1
_HOPS = 4  # of a window
_OFFSET = -0.691  # of BS.1770: a sine of 997 Hz at full scale in one channel is at -3.01
_SILENCE = -70.0
_GATE = -10.0


@cache
def ear(length: int, rate: int) -> np.ndarray:
    """Return the weight of the power of each frequency of an ``rfft`` of ``length`` samples.

    The two filters of BS.1770 (a shelf for the head, a high pass), whose coefficients the standard
    gives for 48 kHz; here as the analogue filters behind them, so that any rate will do.
    """
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length, 1.0))
    shelf = _biquad(rate, 1681.974450955533, 0.7071752369554196, gain=3.999843853973347)
    high = _biquad(rate, 38.13547087602444, 0.5003270373238773, gain=None)
    response = np.ones_like(z)
    for above, below in (shelf, high):
        response *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    power: np.ndarray = np.abs(response) ** 2
    return power


def _biquad(
    rate: int, corner: float, quality: float, gain: float | None
) -> tuple[np.ndarray, np.ndarray]:
    k = np.tan(np.pi * corner / rate)
    below = np.array([1.0, 2 * (k * k - 1), 1 - k / quality + k * k])
    below[1:] /= 1 + k / quality + k * k
    if gain is None:
        return np.array([1.0, -2.0, 1.0]), below
    top = 10 ** (gain / 20)
    middle = top**0.4996667741545416
    above = np.array(
        [
            top + middle * k / quality + k * k,
            2 * (k * k - top),
            top - middle * k / quality + k * k,
        ]
    )
    return above / (1 + k / quality + k * k), below


def hops(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the power, as an ear weighs it, of every tenth of a second of (channels, frames)."""
    hop = round(_HOP * rate)
    count = max(1, -(-samples.shape[1] // hop))
    padded = np.zeros((samples.shape[0], count * hop), np.float32)
    padded[:, : samples.shape[1]] = samples
    spectra = np.fft.rfft(padded.reshape(-1, count, hop))
    power = (spectra.real**2 + spectra.imag**2) * ear(hop, rate)
    means: np.ndarray = power.sum(axis=(0, 2)) * (2 / hop**2)
    return means


def windows(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the power of every 0.4 s, 0.1 s apart; at least one."""
    powers = hops(samples, rate)
    if len(powers) < _HOPS:
        return np.array([powers.mean()])
    return np.convolve(powers, np.full(_HOPS, 1 / _HOPS), "valid")


def integrated(powers: np.ndarray) -> float:
    """Return the loudness, in LUFS, of a whole whose windows have these powers; -inf if silent."""
    loud = powers[powers > 10 ** ((_SILENCE - _OFFSET) / 10)]
    if not len(loud):
        return -np.inf
    gated = loud[loud > loud.mean() * 10 ** (_GATE / 10)]
    return _OFFSET + 10 * float(np.log10(gated.mean()))
