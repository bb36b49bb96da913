"""The drum kit of General MIDI: each drum is a falling tone, ringing metal, and noise.

A drum sounds once and lets go by itself. Knows nothing of pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from studio_music.audio.synth import additive, noise
from studio_music.audio.synth.voices import rise

_NEPERS = 6.9078  # 60 dB


@dataclass(frozen=True)
class Drum:
    """One drum.

    Attributes:
        skin: (hertz at the blow, hertz it falls to, seconds of the fall, seconds to -60 dB, gain).
        metal: (lowest hertz, highest hertz, seconds to -60 dB, gain): many frequencies that fit no
            scale; a span of nothing is one clear tone.
        wires: (low hertz, high hertz, seconds to -60 dB, gain): noise.
        bursts: Seconds after which the noise starts again, as hands or grains do.
        decibels: How loud it stands in the kit.
    """

    skin: tuple[float, float, float, float, float] = (0, 0, 0, 0, 0)
    metal: tuple[float, float, float, float] = (0, 0, 0, 0)
    wires: tuple[float, float, float, float] = (0, 0, 0, 0)
    bursts: tuple[float, ...] = ()
    attack: float = 0.0008
    decibels: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it can be heard."""
        last = max((0.0, *self.bursts))
        return last + max(self.skin[3], self.metal[2], self.wires[2])

    def tone(self, rate: int, strength: float, rng: np.random.Generator) -> np.ndarray:
        """Return (1 or 2, frames) float32; ``strength`` 0…1 makes it brighter."""
        frames = max(64, round(self.seconds * rate))
        time = np.arange(frames, dtype=np.float32) / rate
        sound = np.zeros((2 if self.metal[1] > self.metal[0] else 1, frames), np.float32)
        if self.skin[4]:
            sound += self._skin(time, strength)
        if self.metal[3]:
            sound += self._metal(rate, frames, rng, strength)
        if self.wires[3]:
            sound += self._wires(rate, time, rng, strength)
        rise(sound, rate, self.attack)
        rise(sound[:, ::-1], rate, 0.01)
        return sound

    def _skin(self, time: np.ndarray, strength: float) -> np.ndarray:
        high, low, fall, ring, gain = self.skin
        high = low + (high - low) * (0.6 + 0.4 * strength)
        turns = low * time + (high - low) * fall * (1 - np.exp(-time / fall))
        wave = np.sin(2 * np.pi * turns)
        return gain * (wave * np.exp(-_NEPERS / ring * time)).astype(np.float32)

    def _metal(
        self, rate: int, frames: int, rng: np.random.Generator, strength: float
    ) -> np.ndarray:
        low, high, ring, gain = self.metal
        high = min(high, 0.44 * rate)
        count = 48 if high > low else 1
        hertz = low * (high / low) ** np.sort(rng.random(count)) if count > 1 else np.array([low])
        place = np.log(hertz / low) / max(1e-6, np.log(high / low)) if count > 1 else np.zeros(1)
        amplitude = 10 ** (-(1 - strength) * place * 0.6) * (0.5 + rng.random((2, count)))
        decay = _NEPERS / ring * (0.8 + 0.9 * place * rng.random(count))
        sound = additive.bank(rate, frames, hertz, amplitude, decay, rng.random((2, count)))
        ringing: np.ndarray = sound[: 2 if count > 1 else 1] * (gain / np.sqrt(count))
        return ringing

    def _wires(
        self, rate: int, time: np.ndarray, rng: np.random.Generator, strength: float
    ) -> np.ndarray:
        low, high, ring, gain = self.wires
        high = min(0.44 * rate, high * (0.7 + 0.3 * strength))
        sound = noise.coloured(rng, rate, len(time), low, high)
        shape = np.exp(-_NEPERS / ring * time)
        for start in self.bursts:
            late = time - start
            again = np.where(late >= 0, np.exp(-_NEPERS / ring * np.maximum(late, 0)), 0)
            shape = np.maximum(shape * np.where(late >= 0, 0.3, 1), again)
        return sound * shape * (gain * 0.35)


KICK = Drum((165, 48, 0.035, 0.42, 1.0), wires=(1200, 5000, 0.025, 0.28), decibels=3)
SNARE = Drum((260, 185, 0.02, 0.16, 0.55), wires=(900, 9500, 0.24, 1.0), decibels=0)
RIM = Drum((0, 0, 0, 0, 0), (1650, 1650, 0.07, 0.6), (1800, 7000, 0.03, 0.7), decibels=-5)
CLAP = Drum(wires=(900, 4200, 0.2, 1.3), bursts=(0.011, 0.021, 0.033), attack=0.0005, decibels=-3)
CLOSED_HAT = Drum(metal=(4200, 12500, 0.09, 0.5), wires=(7000, 15000, 0.07, 0.9), decibels=-9)
PEDAL_HAT = replace(CLOSED_HAT, wires=(5000, 12000, 0.10, 0.9), attack=0.003, decibels=-11)
OPEN_HAT = Drum(metal=(4000, 12500, 0.75, 0.5), wires=(7000, 15000, 0.7, 0.8), decibels=-9)
CRASH = Drum(
    metal=(1300, 13000, 2.4, 0.7), wires=(3500, 14000, 1.7, 0.8), attack=0.002, decibels=-5
)
RIDE = Drum(metal=(2600, 11500, 1.5, 0.6), wires=(6500, 14000, 0.5, 0.25), decibels=-9)
RIDE_BELL = Drum(metal=(1150, 6400, 1.4, 0.7), wires=(6500, 14000, 0.2, 0.15), decibels=-8)
SPLASH = replace(CRASH, metal=(2200, 13000, 0.9, 0.7), wires=(4500, 14000, 0.7, 0.8))
CHINA = replace(CRASH, metal=(700, 11000, 1.6, 0.8), wires=(1800, 9000, 1.2, 0.9))
COWBELL = Drum(metal=(560, 848, 0.35, 0.9), wires=(1500, 4000, 0.02, 0.4), decibels=-8)
TAMBOURINE = Drum(
    metal=(5200, 13000, 0.22, 0.5), wires=(6000, 14000, 0.2, 0.9), bursts=(0.02,), decibels=-9
)
SHAKER = Drum(wires=(4500, 12000, 0.11, 1.0), attack=0.02, decibels=-11)
TRIANGLE = Drum(metal=(3900, 10500, 1.7, 0.5), decibels=-13)


def _tom(hertz: float) -> Drum:
    ring = 0.34 + 22 / hertz
    return Drum((hertz * 1.5, hertz, 0.05, ring, 1.0), wires=(300, 3000, 0.06, 0.22), decibels=-1)


def _hand_drum(hertz: float, ring: float, slap: float) -> Drum:
    return Drum((hertz * 1.12, hertz, 0.015, ring, 0.9), wires=(700, 5000, 0.03, slap), decibels=-4)


def _wood(hertz: float, ring: float = 0.09) -> Drum:
    return Drum(metal=(hertz, hertz, ring, 0.9), wires=(1000, 6000, 0.015, 0.4), decibels=-7)


def _bell(hertz: float) -> Drum:
    return Drum(metal=(hertz, hertz * 2.6, 0.4, 0.8), wires=(2000, 7000, 0.02, 0.3), decibels=-9)


def _whistle(ring: float) -> Drum:
    return Drum((2450, 2350, 0.03, ring, 0.5), attack=0.01, decibels=-12)


def _scrape(ring: float, grains: int) -> Drum:
    bursts = tuple(ring * grain / grains for grain in range(1, grains))
    return Drum(wires=(1800, 6500, ring / grains * 1.5, 1.0), bursts=bursts, decibels=-9)


KIT: dict[int, Drum] = {
    27: _wood(2500), 28: CLAP, 29: _scrape(0.14, 6), 30: _scrape(0.2, 6), 31: RIM,
    32: _wood(1900, 0.05), 33: _wood(1500, 0.05), 34: _bell(1900),
    35: replace(KICK, skin=(130, 43, 0.04, 0.5, 1.0)), 36: KICK, 37: RIM, 38: SNARE, 39: CLAP,
    40: replace(SNARE, skin=(300, 215, 0.02, 0.13, 0.6), wires=(1400, 10000, 0.2, 1.0)),
    41: _tom(80), 42: CLOSED_HAT, 43: _tom(95), 44: PEDAL_HAT, 45: _tom(112), 46: OPEN_HAT,
    47: _tom(132), 48: _tom(158), 49: CRASH, 50: _tom(188), 51: RIDE, 52: CHINA, 53: RIDE_BELL,
    54: TAMBOURINE, 55: SPLASH, 56: COWBELL, 57: replace(CRASH, metal=(1600, 13000, 2.1, 0.7)),
    58: _scrape(0.5, 18), 59: replace(RIDE, metal=(2200, 11000, 1.7, 0.6)),
    60: _hand_drum(395, 0.2, 0.3), 61: _hand_drum(265, 0.26, 0.25), 62: _hand_drum(345, 0.09, 0.5),
    63: _hand_drum(330, 0.3, 0.3), 64: _hand_drum(205, 0.36, 0.25), 65: _hand_drum(450, 0.3, 0.6),
    66: _hand_drum(320, 0.36, 0.5), 67: _bell(1150), 68: _bell(820), 69: SHAKER,
    70: replace(SHAKER, wires=(5500, 13000, 0.07, 1.0), attack=0.008), 71: _whistle(0.15),
    72: _whistle(0.45), 73: _scrape(0.1, 7), 74: _scrape(0.32, 18), 75: _wood(2450, 0.07),
    76: _wood(1120), 77: _wood(790), 78: _hand_drum(520, 0.15, 0.1), 79: _hand_drum(390, 0.3, 0.1),
    80: replace(TRIANGLE, metal=(3900, 10500, 0.18, 0.5)), 81: TRIANGLE, 82: SHAKER,
    83: replace(TAMBOURINE, decibels=-12), 84: replace(TRIANGLE, bursts=()), 85: _wood(1700, 0.05),
    86: _tom(70), 87: _tom(62),
}  # fmt: skip

_OTHER = _wood(1000)


def drum(key: int) -> Drum:
    """Return the drum of a key; what General MIDI leaves open is a wood block."""
    return KIT.get(key, _OTHER)
