"""How strong the harmonics of a tone are: slope, brightness, missing even ones, formants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOP_SHARE = 0.45
"""Nothing is made above this share of the rate; what comes near is drawn softer."""


@dataclass(frozen=True)
class Spectrum:
    """A family of spectra from soft to loud.

    Attributes:
        slope: Harmonic k falls as k ** -slope.
        soft, loud: Hertz from which it falls faster, played softest and loudest.
        even: Factor on the even harmonics; 0.1 sounds hollow.
        formants: (hertz, width in hertz, gain) of what the body of the instrument adds.
        drawbars: Gains of the harmonics 1, 2, 3 …, in place of the slope.
    """

    slope: float = 1.0
    soft: float = 1500.0
    loud: float = 6000.0
    even: float = 1.0
    formants: tuple[tuple[float, float, float], ...] = ()
    drawbars: tuple[float, ...] = ()

    def gains(self, hertz: np.ndarray, number: np.ndarray, strength: float) -> np.ndarray:
        """Return the amplitude of partials ``number`` (from 1) at ``hertz``; strength 0…1."""
        edge = self.soft * (self.loud / self.soft) ** strength
        gains = number**-self.slope / np.sqrt(1 + (hertz / edge) ** 4)
        if self.drawbars:
            bars = np.zeros(max(int(number.max()), len(self.drawbars)) + 1)
            bars[1 : len(self.drawbars) + 1] = self.drawbars
            gains = bars[number.astype(int)] / np.sqrt(1 + (hertz / edge) ** 4)
        gains = np.where(number % 2 == 0, gains * self.even, gains)
        if self.formants:
            body = sum(g * np.exp(-(((hertz - f) / w) ** 2)) for f, w, g in self.formants)
            gains = gains * (0.25 + body)
        strengths: np.ndarray = gains
        return strengths


def below_top(hertz: np.ndarray, rate: int) -> np.ndarray:
    """Return factors 1…0 that fade partials out below the Nyquist frequency."""
    return np.clip((TOP_SHARE * rate - hertz) / (0.05 * rate), 0, 1)
