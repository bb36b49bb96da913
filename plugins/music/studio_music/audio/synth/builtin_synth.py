"""The studio's own synthesiser: always there, nothing to install. Plays one note at a time."""

from __future__ import annotations

import numpy as np

from studio_music.audio.mix import loudness
from studio_music.audio.synth import drums, programs
from studio_music.audio.synth.protocol import LAYERS, Voice
from studio_music.audio.synth.voices import Struck, Touch

NAME = "studio"
_LISTENED = 1.2  # seconds in which the loudest part of a tone is looked for
_LOUDEST = 2  # tenths of a second that it lasts
_KIT = -3.0  # decibels of the drums under the rest
_LEVEL = 0.12  # root mean square, as an ear weighs it, of every tone played at full strength


class BuiltinSynth:
    """Tones from recipes, each as loud as the others at the same velocity."""

    name = NAME

    def __init__(self, rate: int) -> None:
        self.rate = rate

    def load(self, program: int, drums: bool) -> None:
        """Nothing is loaded: recipes are at hand."""

    def tone(self, voice: Voice, frames: int) -> np.ndarray:
        """Return (1 or 2, at most frames) float32; see ``Synth``."""
        rng = np.random.default_rng([voice.program, voice.drums, voice.pitch, voice.layer])
        strength = (voice.layer + 0.5) / LAYERS
        if voice.drums:
            drum = drums.drum(voice.pitch)
            sound = drum.tone(self.rate, strength, rng)
            return _levelled(sound, self.rate, _KIT + drum.decibels)
        recipe = programs.recipe(voice.program)
        hertz = hertz_of(voice.pitch)
        frames = min(frames, round(self.ring(voice) * self.rate) if self._dies(voice) else frames)
        sound = recipe.tone(Touch(self.rate, frames, hertz, strength, rng))
        return _levelled(sound, self.rate, programs.decibels(voice.program))

    def release(self, voice: Voice) -> float:
        """Return the seconds in which it fades once it is let go."""
        return programs.recipe(voice.program).release

    def ring(self, voice: Voice) -> float:
        """Return after how many seconds it has died away though held."""
        if voice.drums:
            return drums.drum(voice.pitch).seconds
        recipe = programs.recipe(voice.program)
        return recipe.seconds(hertz_of(voice.pitch)) if isinstance(recipe, Struck) else np.inf

    def _dies(self, voice: Voice) -> bool:
        return bool(np.isfinite(self.ring(voice)))


def hertz_of(pitch: int) -> float:
    """Return the frequency of a MIDI pitch in equal temperament."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def _levelled(sound: np.ndarray, rate: int, decibels: float) -> np.ndarray:
    """Return ``sound`` as loud to an ear as every other tone, plus ``decibels``."""
    hops = loudness.hops(sound[:, : round(_LISTENED * rate)], rate)
    loudest = np.sort(hops)[-_LOUDEST:].mean() / sound.shape[0]
    gain = _LEVEL * 10 ** (decibels / 20) / max(float(np.sqrt(loudest)), 1e-4)
    return (sound * gain).astype(np.float32)
