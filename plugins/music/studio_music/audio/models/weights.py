"""Recognises, measures and loads audio models. Decides nothing about memory."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_music.audio.models.folder import INDEX, is_audio_model, read_folder
from studio_music.audio.models.model_spec import WINDOW, ModelSpec
from studio_music.audio.models.networks import AudioModel, build, native_dtype

CAPABILITY = "text-to-audio"


class AudioLoader:
    """The ``Loader`` of the family ``audio-model``: folders of transformers and diffusers.

    Attributes:
        family: ``audio-model``.
    """

    family = "audio-model"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the configs at ``path``, or None if this is not an audio model.

        Raises:
            StudioError: It is one, but broken, a pickle, or of an unsupported kind.
        """
        if not is_audio_model(path):
            return None
        spec = read_folder(path)
        facts = {
            "architecture": spec.title,
            "parameters": spec.parameters,
            "sample_rate": spec.rate,
            "channels": spec.channels,
            "longest": round(spec.longest, 1),
        }
        return WeightsFacts(self.family, path.name, (CAPABILITY,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory that weights and one sound of the usual length take."""
        spec = read_spec(path)
        item = native_dtype(device).itemsize
        return Requirements(spec.parameters * item, spec.working_bytes(min(WINDOW, spec.longest)))

    def load(self, path: Path, device: str) -> Generator[float, None, AudioModel]:
        """Yield the share done between tensors; return the model."""
        return build(read_spec(path), device, native_dtype(device))

    def park(self, loaded: AudioModel) -> None:
        """Move the networks to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: AudioModel, device: str) -> None:
        """Move them back."""
        loaded.to(device)

    def unload(self, loaded: AudioModel) -> None:
        """Let go of the weights, whoever still holds the model."""
        loaded.close()


def loader() -> AudioLoader:
    """Return the loader of this family."""
    return AudioLoader()


def read_spec(path: Path) -> ModelSpec:
    """Return the spec of the weights at ``path``.

    Raises:
        StudioError: They are no audio model, broken or not supported.
    """
    if not is_audio_model(path):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is not an audio model.",
            f"Choose a folder of MusicGen (config.json) or Stable Audio or AudioLDM ({INDEX}).",
        )
    return read_folder(path)
