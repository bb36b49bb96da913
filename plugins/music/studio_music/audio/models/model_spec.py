"""What an audio model consists of, as far as its configs and headers say. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

Architecture = Literal["musicgen", "musicgen_melody", "stable-audio", "audioldm", "audioldm2"]

TITLES: Final[Mapping[str, str]] = {
    "musicgen": "MusicGen",
    "musicgen_melody": "MusicGen Melody",
    "stable-audio": "Stable Audio",
    "audioldm": "AudioLDM",
    "audioldm2": "AudioLDM 2",
}
WINDOW: Final = 30.0
"""Seconds that MusicGen was trained on, and writes at once."""
LONGEST: Final = 300.0
"""Seconds of MusicGen, which goes on window by window."""
_LONGEST_LDM: Final = 60.0
"""Seconds of AudioLDM 1 and 2, which were trained on ten and draw all at once."""


@dataclass(frozen=True)
class Part:
    """A network: its class in the library, its config, its safetensors files.

    Attributes:
        library: ``transformers`` or ``diffusers``.
        parameters: How many numbers its tensors hold.
    """

    library: str
    kind: str
    config: Mapping[str, Any]
    files: tuple[Path, ...]
    parameters: int


@dataclass(frozen=True)
class ModelSpec:
    """Weights as they lie on disk, checked as far as headers go.

    Attributes:
        parts: Name → network; MusicGen is one by itself, ``model``.
        tokenizers: Name → its class and folder.
        scheduler: Class and config; empty for MusicGen.
        extras: Other small configs: ``generation``, ``preprocessor``.
    """

    path: Path
    architecture: Architecture
    parts: Mapping[str, Part]
    tokenizers: Mapping[str, tuple[str, Path]]
    scheduler: tuple[str, Mapping[str, Any]] = ("", {})
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call this kind of model."""
        return TITLES[self.architecture]

    @property
    def is_musicgen(self) -> bool:
        """Whether it writes sound token by token."""
        return self.architecture.startswith("musicgen")

    @property
    def is_audioldm(self) -> bool:
        """Whether it draws a spectrogram: AudioLDM 1 or 2."""
        return self.architecture.startswith("audioldm")

    @property
    def parameters(self) -> int:
        """All of its numbers."""
        return sum(part.parameters for part in self.parts.values())

    @property
    def rate(self) -> int:
        """Samples a second of its sound."""
        if self.is_musicgen:
            return whole(self._musicgen("audio_encoder"), "sampling_rate", 32_000)
        name = "vae" if self.architecture == "stable-audio" else "vocoder"
        usual = 44_100 if name == "vae" else 16_000
        return whole(self.parts[name].config, "sampling_rate", usual)

    @property
    def channels(self) -> int:
        """1 or 2."""
        if self.is_musicgen:
            return whole(self._musicgen("decoder"), "audio_channels", 1)
        if self.is_audioldm:
            return 1
        return whole(self.parts["vae"].config, "audio_channels", 2)

    @property
    def longest(self) -> float:
        """Seconds that it can make."""
        if self.is_musicgen:
            return LONGEST
        if self.is_audioldm:
            return _LONGEST_LDM
        latents = whole(self.parts["transformer"].config, "sample_size", 1024)
        seconds = latents * self.hop / self.rate
        limit = self.parts["projection_model"].config.get("max_value", 512)
        return min(seconds, float(limit))

    @property
    def hop(self) -> int:
        """Samples per output frame of the network."""
        if self.is_musicgen:
            ratios = self._musicgen("audio_encoder").get("upsampling_ratios", [8, 5, 4, 4])
        elif self.architecture == "stable-audio":
            ratios = self.parts["vae"].config.get("downsampling_ratios", [2, 4, 4, 8, 8])
        else:
            ratios = self.parts["vocoder"].config.get("upsample_rates", [5, 4, 2, 2, 2])
        samples = 1
        for ratio in ratios:
            samples *= ratio
        return samples

    def working_bytes(self, seconds: float) -> int:
        """Memory of a sound of so many seconds while it is made, in float32, generously."""
        if self.is_musicgen:
            decoder, codec = self._musicgen("decoder"), self._musicgen("audio_encoder")
            frames = min(seconds, WINDOW) * self.rate / self.hop
            hidden = whole(decoder, "hidden_size", 1024)
            layers = whole(decoder, "num_hidden_layers", 24)
            cache = frames * hidden * layers * 2 * 2 * 4  # keys and values, with and without words
            filters = whole(codec, "num_filters", 32)
            return round(cache + min(seconds, WINDOW) * self.rate * filters * 4 * 6) + (64 << 20)
        if self.architecture == "stable-audio":  # it always draws its whole length
            wide = whole(self.parts["vae"].config, "decoder_channels", 128)
            return round(self.longest * self.rate * wide * 4 * 3) + (64 << 20)
        wide = whole(self.parts["vocoder"].config, "upsample_initial_channel", 1024)
        return round(seconds * self.rate * wide / 4 * 4) + (256 << 20)

    def _musicgen(self, part: str) -> Mapping[str, Any]:
        config: Mapping[str, Any] = self.parts["model"].config[part]
        return config


def whole(config: Mapping[str, Any], name: str, usual: int) -> int:
    """Return a whole number above 0 of a config; ``usual`` where it has none."""
    value = config.get(name)
    return value if type(value) is int and value > 0 else usual
