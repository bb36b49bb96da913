"""Three ways to make a tone: struck or plucked, blown or bowed alone, and in a section.

A recipe is plain data; ``tone`` gives its samples. Knows no General MIDI and no loudness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio_music.audio.synth import additive, noise
from studio_music.audio.synth.spectra import TOP_SHARE, Spectrum, below_top

SIZE = 4096
"""Samples of a cycle: enough for 64 partials to be read with straight lines between the samples."""

MOST_PARTIALS = 64
PLAIN = Spectrum()
_NEPERS = 6.9078  # 60 dB


@dataclass(frozen=True)
class Touch:
    """How a tone is played: ``hertz``, ``strength`` 0…1, and the generator of its chances."""

    rate: int
    frames: int
    hertz: float
    strength: float
    rng: np.random.Generator


@dataclass(frozen=True)
class Struck:
    """A string, bar or bell that is set going once and then left alone.

    Attributes:
        ratios: Frequencies over the lowest; empty: the harmonics of a string.
        gains: Of the ratios, in place of the spectrum's slope.
        stiffness: How far the harmonics of a string are stretched.
        place: Where along the string it is struck or plucked, 0…0.5; 0: nowhere in particular.
        ring: Seconds to -60 dB of the lowest partial at 220 Hz; lower notes ring longer.
        damping: How much faster the high partials die away.
        cents: Between the strings of one note, which makes it beat; 0: one string.
        knock: Loudness of the blow itself, as noise around ``knock_hertz``.
        shimmer: Depth and hertz of a tremolo that goes from side to side.
    """

    spectrum: Spectrum = PLAIN
    ratios: tuple[float, ...] = ()
    gains: tuple[float, ...] = ()
    stiffness: float = 0.0
    place: float = 0.0
    ring: float = 4.0
    damping: float = 1.0
    cents: float = 0.0
    attack: float = 0.002
    knock: float = 0.0
    knock_hertz: tuple[float, float] = (300.0, 2500.0)
    shimmer: tuple[float, float] = (0.0, 0.0)
    release: float = 0.15

    def seconds(self, hertz: float) -> float:
        """Return when it has died away."""
        return float(np.clip(self.ring * (220 / hertz) ** 0.5, 0.08, 24.0))

    def tone(self, touch: Touch) -> np.ndarray:
        """Return (1 or 2, frames) float32."""
        hertz, gains = self._partials(touch)
        decay = _NEPERS / self.seconds(touch.hertz) * (1 + self.damping * (hertz / touch.hertz - 1))
        decay = np.minimum(decay, _NEPERS / 0.03)
        if self.cents:  # two strings of a note: one couples strongly and dies early, one lasts
            spread = 2 ** (np.array([[-0.5], [0.5]]) * self.cents / 1200)
            hertz, decay = (hertz * spread).ravel(), (decay * [[2.2], [0.8]]).ravel()
            gains = (gains * [[0.6], [0.4]]).ravel()
        turns = np.full((1, len(hertz)), 0.75)  # a blow starts all of them from rest
        sound = additive.bank(touch.rate, touch.frames, hertz, gains[None], decay, turns)
        sound /= np.sqrt((gains**2).sum()) + 1e-9
        rise(sound, touch.rate, self.attack)
        if self.knock:
            add_burst(sound, touch, self.knock * (0.4 + 1.4 * touch.strength), self.knock_hertz)
        return _side_to_side(sound, touch.rate, *self.shimmer) if self.shimmer[0] else sound

    def _partials(self, touch: Touch) -> tuple[np.ndarray, np.ndarray]:
        """Return frequencies and amplitudes of its audible partials."""
        if self.ratios:
            hertz, number = touch.hertz * np.array(self.ratios), np.array(self.ratios)
        else:
            number = np.arange(1.0, MOST_PARTIALS + 1)
            stretch = np.sqrt((1 + self.stiffness * number**2) / (1 + self.stiffness))
            hertz = touch.hertz * number * stretch
        gains = self.spectrum.gains(hertz, np.maximum(1, np.round(number)), touch.strength)
        if self.gains:
            edge = self.spectrum.soft + touch.strength * (self.spectrum.loud - self.spectrum.soft)
            gains = np.array(self.gains) / np.sqrt(1 + (hertz / edge) ** 4)
        if self.place:
            gains = gains * (0.06 + np.abs(np.sin(np.pi * number * self.place)))
        gains = gains * below_top(hertz, touch.rate)
        audible = gains > gains.max() * 1e-4
        return hertz[audible], gains[audible]


@dataclass(frozen=True)
class Held:
    """One player who blows or bows: vibrato, a brightness that opens, breath.

    Attributes:
        attack: Seconds. ``bloom``: brightness in the attack over the later one, in shares.
        vibrato: Cents and hertz; it sets in after ``onset`` seconds.
        breath: Loudness of the air or the bow, as noise around ``breath_hertz``.
        players: How many, each a little off (``cents``) and to one side.
    """

    spectrum: Spectrum = PLAIN
    attack: float = 0.04
    bloom: float = 0.0
    vibrato: tuple[float, float] = (8.0, 5.2)
    onset: float = 0.35
    breath: float = 0.0
    breath_hertz: tuple[float, float] = (800.0, 5000.0)
    players: int = 1
    cents: float = 4.0
    release: float = 0.12

    def tone(self, touch: Touch) -> np.ndarray:
        """Return (1 or 2, frames) float32."""
        waves = self._waves(touch)
        time = np.arange(touch.frames, dtype=np.float32) / touch.rate
        opening = 1 - np.exp(-time / max(0.02, self.attack))
        shade = np.clip(opening * (1 + self.bloom * np.exp(-time / 0.15)), 0, 1.4)
        sound = np.zeros((min(2, self.players), touch.frames), np.float32)
        for player in range(self.players):
            off = self.cents * (player - (self.players - 1) / 2)
            cycles = wavering(
                touch.rate, touch.frames, touch.hertz * 2 ** (off / 1200), self.vibrato[0],
                self.vibrato[1] * (0.95 + 0.1 * touch.rng.random()), self.onset,
                touch.rng.random(),
            ) + touch.rng.random()  # fmt: skip
            sound[player % 2] += read(waves, cycles, shade)
        if self.breath:
            air = noise.coloured(touch.rng, touch.rate, touch.frames, *self.breath_hertz)[0]
            sound += air * self.breath * (0.6 + 0.8 * np.exp(-time / 0.06))
        rise(sound, touch.rate, self.attack)
        return sound

    def _waves(self, touch: Touch) -> np.ndarray:
        number = harmonics(touch)
        hertz = touch.hertz * number
        bright = self.spectrum.gains(hertz, number, touch.strength)
        dark = self.spectrum.gains(hertz, number, touch.strength * 0.3) / (1 + number / 6)
        shades = np.stack((dark, bright)) * below_top(hertz, touch.rate)
        shades /= np.sqrt((shades**2).sum(axis=1, keepdims=True)) + 1e-9
        turns = np.random.default_rng(len(number)).random(len(number))
        return table(shades, turns)


@dataclass(frozen=True)
class Section:
    """Many players of one instrument, or a synthesiser that sounds like it: wide and steady.

    Attributes:
        cents: How far the outermost are off pitch.
        players: On either side of the one who is in tune.
        tremolo: Depth and hertz. ``fade``: nepers a second, for what slowly dies away.
    """

    spectrum: Spectrum = PLAIN
    attack: float = 0.09
    cents: float = 9.0
    players: int = 3
    tremolo: tuple[float, float] = (0.0, 0.0)
    breath: float = 0.0
    breath_hertz: tuple[float, float] = (1500.0, 6000.0)
    fade: float = 0.0
    release: float = 0.25

    def tone(self, touch: Touch) -> np.ndarray:
        """Return (2, frames) float32."""
        hertz, amplitude = self._all_partials(touch)
        turns = np.broadcast_to(touch.rng.random(len(hertz)), amplitude.shape)
        decay = np.full(len(hertz), self.fade)
        sound = additive.bank(touch.rate, touch.frames, hertz, amplitude, decay, turns)
        sound /= np.sqrt((amplitude**2).sum() / 2) + 1e-9
        if self.tremolo[0]:
            time = np.arange(touch.frames, dtype=np.float32) / touch.rate
            sound *= 1 - self.tremolo[0] * (0.5 - 0.5 * np.cos(2 * np.pi * self.tremolo[1] * time))
        if self.breath:
            air = noise.coloured(
                touch.rng, touch.rate, touch.frames, *self.breath_hertz, channels=2
            )
            sound += air * self.breath
        rise(sound, touch.rate, self.attack)
        return sound

    def _all_partials(self, touch: Touch) -> tuple[np.ndarray, np.ndarray]:
        """Return the frequencies of all players, and their amplitudes left and right."""
        number = harmonics(touch)
        gains = self.spectrum.gains(touch.hertz * number, number, touch.strength)
        gains = gains * below_top(touch.hertz * number, touch.rate)
        places = np.linspace(-1, 1, 2 * self.players + 1)  # the middle one is in tune, and loudest
        hertz = 2 ** (places[:, None] * self.cents / 1200) * touch.hertz * number
        side = np.where(places == 0, 0, 0.6 * (-1.0) ** np.arange(len(places)))
        balance = np.stack((1 + side, 1 - side)) * (1 - 0.55 * np.abs(places))
        return hertz.ravel(), (balance[:, :, None] * gains).reshape(2, -1)


Recipe = Struck | Held | Section


def harmonics(touch: Touch) -> np.ndarray:
    """Return the numbers, from 1, of the harmonics that the rate can carry."""
    count = min(MOST_PARTIALS, max(1, TOP_SHARE * touch.rate // touch.hertz))
    return np.arange(1.0, count + 1)


def rise(sound: np.ndarray, rate: int, seconds: float) -> None:
    """Let (channels, frames) begin from silence, without a corner."""
    frames = min(sound.shape[1], max(2, round(seconds * rate)))
    sound[:, :frames] *= np.sin(np.linspace(0, np.pi / 2, frames, dtype=np.float32)) ** 2


def add_burst(sound: np.ndarray, touch: Touch, loudness: float, hertz: tuple[float, float]) -> None:
    """Add the short noise of a blow to the start of (channels, frames)."""
    frames = min(sound.shape[1], round(0.06 * touch.rate))
    burst = noise.coloured(touch.rng, touch.rate, frames, *hertz)
    burst *= np.exp(-np.arange(frames, dtype=np.float32) / (0.009 * touch.rate)) * loudness
    rise(burst, touch.rate, 0.001)
    rise(burst[:, ::-1], touch.rate, 0.02)
    sound[:, :frames] += burst


def _side_to_side(mono: np.ndarray, rate: int, depth: float, hertz: float) -> np.ndarray:
    swing = depth * np.sin(2 * np.pi * hertz / rate * np.arange(mono.shape[1], dtype=np.float32))
    return np.concatenate((mono * (1 + swing), mono * (1 - swing))).astype(np.float32)


def table(amplitudes: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return (shades, SIZE + 1) float32; ``amplitudes`` (shades, partials) from the first on."""
    shades, partials = amplitudes.shape
    spectrum = np.zeros((shades, SIZE // 2 + 1), np.complex128)
    spectrum[:, 1 : partials + 1] = amplitudes * np.exp(2j * np.pi * turns) * (SIZE / 2)
    wave = np.fft.irfft(spectrum, SIZE, axis=1)
    return np.concatenate((wave, wave[:, :1]), axis=1).astype(np.float32)


def read(waves: np.ndarray, cycles: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Return (frames,) float32: the table at ``cycles``, between its two shades by ``shade``.

    Args:
        waves: (2, SIZE + 1), dark and bright.
        cycles: (frames,) cycles since the start, as they went by.
        shade: (frames,) 0 for dark … 1 for bright.
    """
    place = (cycles % 1.0) * SIZE
    whole = place.astype(np.int32)
    part = (place - whole).astype(np.float32)
    dark, bright = (wave[whole] * (1 - part) + wave[whole + 1] * part for wave in waves)
    shaded: np.ndarray = dark + (bright - dark) * shade
    return shaded


def wavering(
    rate: int, frames: int, hertz: float, cents: float, speed: float, onset: float, turn: float
) -> np.ndarray:
    """Return (frames,) cycles of a tone whose vibrato of ``cents`` sets in after ``onset`` seconds.

    The vibrato lies as much above as below the pitch; ``turn`` is where in its swing it starts.
    """
    time = np.arange(frames) / rate
    depth = hertz * (2 ** (cents / 1200) - 1) * np.clip(time / max(onset, 0.01) - 0.5, 0, 1)
    swing = np.sin(2 * np.pi * (speed * time + turn))
    return np.cumsum((hertz + depth * swing) / rate)
