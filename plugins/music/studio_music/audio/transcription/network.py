"""The network of Basic Pitch: a constant-Q transform, then a few convolutions.

R. Bittner and others, “A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription
and Multipitch Estimation”, ICASSP 2022. The layers are those of the file of basic-pitch 0.4.0, in
which batch normalisation is part of the convolutions.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE: Final = 22_050
"""Samples a second of what it hears."""
HOP: Final = 256
"""Samples between two frames."""
WINDOW: Final = 2 * RATE - HOP
"""Samples that it hears at once: two seconds, less a frame."""
FRAMES: Final = 172
"""Frames of a window; the first is at its first sample."""
LOWEST: Final = 21
"""MIDI pitch of the lowest of its ``PITCHES``: the lowest key of a piano."""
PITCHES: Final = 88

_OCTAVES = 9
_BINS = 309  # three a semitone, as far up as the highest harmonic of the highest pitch
_KERNEL = 256
_HEARD = 3 * PITCHES
_HARMONICS = (-36, 0, 36, 57, 72, 84, 93, 101)  # bins from a pitch to half of it, itself, twice, …


class NoteNetwork(nn.Module):
    """Two seconds of sound → how likely each pitch begins and sounds, frame by frame."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.Parameter(torch.zeros(2, 36, _KERNEL))
        self.lowpass = nn.Parameter(torch.zeros(_KERNEL))
        self.levels = nn.Parameter(torch.ones(_BINS))
        self.scale = nn.Parameter(torch.ones(2))
        self.contour_in = nn.Conv2d(8, 8, (3, 39), padding=(1, 19))
        self.contour_out = nn.Conv2d(8, 1, 5, padding=2)
        self.note_in = nn.Conv2d(1, 32, 7, (1, 3), padding=(3, 2))
        self.note_out = nn.Conv2d(32, 1, (7, 3), padding=(3, 1))
        self.onset_in = nn.Conv2d(8, 32, 5, (1, 3), padding=(2, 1))
        self.onset_out = nn.Conv2d(33, 1, 3, padding=1)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return onsets and notes (batch, ``FRAMES``, ``PITCHES``), 0…1.

        Args:
            sound: (batch, ``WINDOW``) at ``RATE``, of one channel.
        """
        harmonics = self._harmonics(self._levels(sound) * self.scale[0] + self.scale[1])
        contour = self.contour_out(F.relu(self.contour_in(harmonics))).sigmoid()
        notes = self.note_out(F.relu(self.note_in(contour))).sigmoid()
        begins = F.relu(self.onset_in(harmonics))
        onsets = self.onset_out(torch.cat([notes, begins], 1)).sigmoid()
        return onsets[:, 0], notes[:, 0]

    def _levels(self, sound: Tensor) -> Tensor:
        """Return decibels of every bin, 0 for the softest of a window, 1 for the loudest.

        The kernels are those of the highest octave; each lower one is the same of half the samples.
        """
        kernels = self.kernels.flatten(0, 1)[:, None]
        octaves, hop, sound = [], HOP, sound[:, None]
        for _ in range(_OCTAVES):
            padded = F.pad(sound, (_KERNEL // 2, _KERNEL // 2), mode="reflect")
            octaves.append(F.conv1d(padded, kernels, stride=hop).unflatten(1, (2, 36)))
            hop //= 2
            if hop:
                edge = _KERNEL // 2 - 1
                sound = F.conv1d(F.pad(sound, (edge, edge)), self.lowpass[None, None], stride=2)
        bins = torch.cat(octaves[::-1], 2)[:, :, -_BINS:] * self.levels[:, None]
        decibels = 10 * torch.log10(bins.square().sum(1) + 1e-10)
        above = decibels - decibels.amin((1, 2), keepdim=True)
        most = above.amax((1, 2), keepdim=True)
        return torch.where(most > 0, above / most, 0).transpose(1, 2)

    def _harmonics(self, bins: Tensor) -> Tensor:
        """Return (batch, 8, frames, bins): each pitch beside its harmonics."""
        shifted = []
        for by in _HARMONICS:
            if by < 0:
                shifted.append(F.pad(bins[..., :by], (-by, 0)))
            else:
                shifted.append(F.pad(bins[..., by:], (0, by)))
        return torch.stack(shifted, 1)[..., :_HEARD]
