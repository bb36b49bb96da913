"""Which of the twelve notes a recording has, moment by moment: what MusicGen Melody follows.

As ``MusicgenMelodyFeatureExtractor`` of transformers has it, which needs torchaudio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio_music.audio.models.model_spec import whole

if TYPE_CHECKING:
    from torch import Tensor


def chroma(sound: Tensor, config: Mapping[str, Any], rate: int) -> Tensor:
    """Return (1, frames, notes), 1 for the strongest note of each frame.

    Args:
        sound: (samples,) mono at ``rate``.
        config: The folder's preprocessor_config.json.
    """
    import torch
    from transformers.audio_utils import chroma_filter_bank

    window, hop = whole(config, "n_fft", 16_384), whole(config, "hop_length", 4096)
    notes = whole(config, "num_chroma", 12)
    sound = sound[: whole(config, "chunk_length", 30) * rate]
    if (short := window - sound.shape[0]) > 0:
        sound = torch.nn.functional.pad(sound, (short // 2, short - short // 2))
    shape = torch.hann_window(window)
    spectrum = torch.stft(
        sound.float(), window, hop, window=shape, center=True, return_complex=True
    ).abs() ** 2 / shape.square().sum()  # fmt: skip
    filters = chroma_filter_bank(
        sampling_rate=rate, num_frequency_bins=window, tuning=0, num_chroma=notes
    )
    strength = torch.from_numpy(filters).float() @ spectrum
    strongest = strength.argmax(0)
    return torch.nn.functional.one_hot(strongest, notes).float()[None]
