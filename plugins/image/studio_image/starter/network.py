"""The starter generator's networks: words to a 64 px picture. Shapes and mathematics only, no
training, no sampling policy.

A convolutional autoencoder turns (3, 64, 64) pictures in -1…1 into (32, 4, 4) latents of unit
variance; a transformer with adaptive layer norm (DiT, arXiv:2212.09748) over the 16 latent tokens
learns a flow from noise (t = 0) to data (t = 1) in velocity form (flow matching, arXiv:2210.02747).
"""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT_CHANNELS = 32
LATENT_SIDE = 4
TOKENS = LATENT_SIDE * LATENT_SIDE
STYLES = ("flat", "3d", "colour", "noto", "noto-v1", "fx")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
"""What pictures are recoloured to in training, so that these words are known before any caption."""

MAX_WORDS = 8
WORD_ROWS = 2048
PHRASE_ROWS = 4096


class Residual(nn.Module):
    """Two 3×3 convolutions added to their input, scaled by a learned gain a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.gain = nn.Parameter(torch.full((1, channels, 1, 1), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.second(F.silu(self.first(F.silu(x))))
        return x + self.gain * added


class Decoder(nn.Module):
    """Latents (n, 32, 4, 4) → pictures (n, 3, 64, 64), about -1…1.

    The heavy layers work at 16×16 and below.
    """

    def __init__(self, widths: tuple[int, int, int] = (96, 160, 256)) -> None:
        super().__init__()
        low, middle, high = widths
        self.body = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, high, 3, padding=1),
            Residual(high),
            Residual(high),
            nn.Conv2d(high, middle * 4, 1),
            nn.PixelShuffle(2),
            Residual(middle),
            Residual(middle),
            nn.Conv2d(middle, low * 4, 1),
            nn.PixelShuffle(2),
            Residual(low),
            Residual(low),
            nn.SiLU(),
            nn.Conv2d(low, 16 * 16, 1),
            nn.PixelShuffle(4),
        )
        self.direct = nn.Conv2d(16, 3, 1)
        self.detail = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        h = self.body(latents.contiguous(memory_format=torch.channels_last))
        direct: Tensor = self.direct(h)
        detail: Tensor = self.detail(F.silu(h))
        return direct + detail


class Encoder(nn.Module):
    """Pictures (n, 3, 64, 64) → latents (n, 32, 4, 4) of unit variance (batch norm without affine
    terms).
    """

    def __init__(self, widths: tuple[int, int, int] = (96, 160, 256)) -> None:
        super().__init__()
        low, middle, high = widths
        self.body = nn.Sequential(
            nn.Conv2d(48, low, 3, padding=1),
            Residual(low),
            nn.Conv2d(low, middle, 2, 2),
            Residual(middle),
            nn.Conv2d(middle, high, 2, 2),
            Residual(high),
            nn.Conv2d(high, LATENT_CHANNELS, 1),
        )
        self.norm = nn.BatchNorm2d(LATENT_CHANNELS, affine=False, momentum=0.02)

    def forward(self, pictures: Tensor) -> Tensor:
        patches = F.pixel_unshuffle(pictures, 4).contiguous(memory_format=torch.channels_last)
        latents: Tensor = self.norm(self.body(patches).float())
        return latents


@dataclass(frozen=True)
class Caption:
    """A caption as input of the generator.

    Attributes:
        words: Hashed rows of up to ``MAX_WORDS`` words, 0 for none.
        phrase: Hashed row of the whole caption, 0 for an untrained one.
        style: 1 + index in ``STYLES``, 0 for any.
    """

    words: tuple[int, ...]
    phrase: int
    style: int

    @classmethod
    def of(cls, text: str, style: str, *, trained: bool = True) -> Caption:
        """Return the caption of ``text``; ``trained``: the whole phrase was trained."""
        words = re.findall(r"[a-z0-9]+", text.lower())[:MAX_WORDS]
        rows = [_row(word, WORD_ROWS) for word in words]
        rows += [0] * (MAX_WORDS - len(rows))
        phrase = _row(" ".join(words), PHRASE_ROWS) if trained else 0
        return cls(tuple(rows), phrase, 1 + STYLES.index(style))

    def row(self) -> list[int]:
        """Return the ``MAX_WORDS + 2`` numbers that :class:`Generator` takes."""
        return [*self.words, self.phrase, self.style]


def _row(text: str, rows: int) -> int:
    return 1 + zlib.crc32(text.encode()) % (rows - 1)


class Block(nn.Module):
    """A transformer block whose norms and gates are set by the condition (adaLN-zero, with an open
    gate).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 6 * width)
        self.q_scale = nn.Parameter(torch.ones(width // heads))
        self.k_scale = nn.Parameter(torch.ones(width // heads))
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        with torch.no_grad():
            self.modulation.bias[2 * width : 3 * width] = 0.1
            self.modulation.bias[5 * width :] = 0.1

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        n, tokens, width = x.shape
        size = width // self.heads
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)[:, None].chunk(
            6, -1
        )
        h = F.layer_norm(x, (width,)) * (1 + scale1) + shift1
        q, k, v = self.qkv(h).view(n, tokens, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        q = F.rms_norm(q, (size,), self.q_scale.to(q.dtype))
        k = F.rms_norm(k, (size,), self.k_scale.to(k.dtype))
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + gate1 * self.out(mixed)
        h = F.layer_norm(x, (width,)) * (1 + scale2) + shift2
        output: Tensor = x + gate2 * self.down(F.gelu(self.up(h), approximate="tanh"))
        return output


class Generator(nn.Module):
    """Velocity of the flow at latents (n, 16, 32), times (n,) and captions (n, MAX_WORDS + 2).

    ``pose`` (n, 3) is how a training picture was mirrored and shifted: flip 0/1, then right and
    down in pixels / 4.
    Sampling leaves it at zero; saying it keeps the model from averaging mirror images.
    """

    def __init__(self, width: int = 256, depth: int = 6, heads: int = 4) -> None:
        super().__init__()
        self.enter = nn.Linear(LATENT_CHANNELS, width)
        self.position = nn.Parameter(torch.randn(1, TOKENS, width) * 0.02)
        self.words = nn.Embedding(WORD_ROWS, width, padding_idx=0)
        self.phrases = nn.Embedding(PHRASE_ROWS, width, padding_idx=0)
        self.styles = nn.Embedding(1 + len(STYLES), width)
        for table in (self.words, self.phrases, self.styles):
            nn.init.normal_(table.weight, std=0.3)
        self.word_position = nn.Parameter(torch.randn(1, MAX_WORDS, width) * 0.02)
        self.pose = nn.Linear(3, width, bias=False)
        self.time = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.text = nn.Sequential(
            nn.Linear(3 * width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
        )
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.modulation = nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, LATENT_CHANNELS)
        for layer in (self.modulation, self.leave):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def condition(self, time: Tensor, captions: Tensor, pose: Tensor) -> Tensor:
        """Return the condition (n, width) that sets every block."""
        frequencies = torch.exp(-math.log(10_000) * torch.arange(64, device=time.device) / 64)
        angles = time[:, None] * 1000 * frequencies
        clock = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        words = captions[:, :MAX_WORDS]
        present = (words > 0).float()[..., None]
        pooled = (self.words(words) * (1 + self.word_position) * present).sum(1)
        pooled = pooled / present.sum(1).clamp(min=1).sqrt()
        phrase = self.phrases(captions[:, MAX_WORDS]) * (captions[:, MAX_WORDS] > 0)[:, None]
        style = self.styles(captions[:, MAX_WORDS + 1])
        text = self.text(torch.cat([pooled, phrase, style], 1)) + 0.5 * (pooled + phrase + style)
        return F.silu(clock + text + self.pose(pose))

    def forward(self, latents: Tensor, time: Tensor, captions: Tensor, pose: Tensor) -> Tensor:
        condition = self.condition(time, captions, pose)
        h = self.enter(latents) + self.position
        for block in self.blocks:
            h = block(h, condition)
        shift, scale = self.modulation(condition)[:, None].chunk(2, -1)
        velocity: Tensor = self.leave(F.layer_norm(h, (h.shape[-1],)) * (1 + scale) + shift)
        return velocity
