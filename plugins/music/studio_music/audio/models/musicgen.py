"""MusicGen writes sound: the library's ``generate``, window after window (arXiv:2306.05284).

It draws from a generator of the job's own, as the library would from torch's: with the same seed
the sound of a window is the library's, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from studio.api import ErrorCode, StudioError
from studio_music.audio.models.model_spec import WINDOW, ModelSpec, whole
from studio_music.audio.models.networks import AudioModel

if TYPE_CHECKING:
    import numpy as np
    from torch import Generator, Tensor

OVERLAP = 12.0
"""Seconds of a window that the next one goes on from, as its authors have it."""
TOP_K, GUIDANCE = 250, 3.0
_JOINT = 0.25
"""Seconds in which one window turns into the next, whose beginnings are the same tokens."""


@dataclass(frozen=True)
class Wish:
    """Prompt and settings for MusicGen.

    Attributes:
        seconds: Length; after ``given``, the length to append.
        melody: (1, frames, chroma) one-hot, for MusicGen Melody; None without one.
        given: (channels, samples) at the model's rate, to continue; None to start afresh.
        window: Seconds generated at once; fewer take less memory.
    """

    prompt: str
    seconds: float
    guidance: float = GUIDANCE
    temperature: float = 1.0
    top_k: int = TOP_K
    melody: Tensor | None = None
    given: Tensor | None = None
    window: float = WINDOW


def written(
    model: AudioModel, wish: Wish, generator: Generator, tell: Callable[[float], None]
) -> np.ndarray:
    """Generate sound, (frames, channels) float32; it begins with the given audio, if any.

    Args:
        generator: On the processor whatever the device: the same draws everywhere.
        tell: Called at each step with the seconds generated so far.

    Raises:
        StudioError: The model gave no usable numbers.
    """
    import numpy as np

    spec = model.spec
    frame = spec.hop / spec.rate
    overlap = min(OVERLAP, wish.window * OVERLAP / WINDOW)
    wanted = max(1, math.ceil(wish.seconds / frame))
    sound: Any = None
    codes, produced = None, 0
    if wish.given is not None:
        tail = wish.given[:, -round(overlap * spec.rate) :]
        codes = encoded(model, tail)
        sound = wish.given.T.float().cpu().numpy()
    while produced < wanted:
        old = 0 if codes is None else codes.shape[1]
        new = min(wanted - produced, max(1, int(wish.window / frame) - old))
        before = produced

        def step(done: int, before: int = before, new: int = new) -> None:
            tell(min(before + min(done, new), wanted) * frame)

        wave, whole_codes = window(model, wish, codes, old + new, generator, step)
        piece = wave.T.float().cpu().numpy()
        start = old * spec.hop
        sound = piece if sound is None else _joined(sound, piece, start, round(_JOINT * spec.rate))
        produced += new
        codes = whole_codes[:, -int(overlap / frame) :]
    past = 0 if wish.given is None else wish.given.shape[1]
    return np.ascontiguousarray(sound[: past + round(wish.seconds * spec.rate)])


def window(
    model: AudioModel,
    wish: Wish,
    codes: Tensor | None,
    frames: int,
    generator: Generator,
    step: Callable[[int], None],
) -> tuple[Tensor, Tensor]:
    """Write up to ``frames`` frames, the first of them ``codes``.

    Returns:
        The sound, (channels, samples), and its tokens, (codebooks, frames).

    Raises:
        StudioError: The model gave no usable numbers.
    """
    from transformers import GenerationConfig

    network, spec = model.networks["model"], model.spec
    books = network.decoder.num_codebooks
    delays = books // 2 if spec.channels == 2 else books
    old = 0 if codes is None else codes.shape[1]
    sampler = _samplers()(wish, generator, step)
    inputs: dict[str, Any] = dict(model.tokenizers["tokenizer"](wish.prompt, return_tensors="pt"))
    inputs = {name: value.to(model.device) for name, value in inputs.items()}
    if codes is not None:
        inputs["decoder_input_ids"] = codes
    if wish.melody is not None:
        inputs["input_features"] = wish.melody.to(model.device, network.dtype)
    generated = network.generate(
        **inputs,
        generation_config=GenerationConfig(
            **special_tokens(spec), do_sample=False, guidance_scale=wish.guidance,
            max_new_tokens=frames - old + delays - 1,
        ),
        logits_processor=sampler,
    )  # fmt: skip
    tokens = sampler.codes(books, spec.channels, frames)
    if codes is not None:
        tokens[:, :old] = codes
    return generated[0], tokens


def encoded(model: AudioModel, sound: Tensor) -> Tensor:
    """Return the tokens of a sound (channels, samples), as the library makes them of a prompt."""
    import torch

    codec = model.networks["model"].audio_encoder
    with torch.no_grad():
        kinds = [
            codec.encode(channel[None, None].to(model.device, codec.dtype)).audio_codes[0, 0]
            for channel in sound
        ]
    return torch.stack(kinds, 1).flatten(0, 1)  # left and right take turns


def special_tokens(spec: ModelSpec) -> dict[str, int]:
    """Return which tokens begin and fill a text of the model, as its folder says."""
    generation = spec.extras.get("generation", {})
    pad = whole(spec.parts["model"].config["decoder"], "pad_token_id", 2048)
    names = ("pad_token_id", "bos_token_id", "decoder_start_token_id")
    return {name: whole(generation, name, pad) for name in names}


def _joined(sound: np.ndarray, piece: np.ndarray, start: int, frames: int) -> np.ndarray:
    """Return ``sound`` and ``piece`` from ``start`` on; before that ``piece`` is its end."""
    import numpy as np

    frames = min(frames, start, len(sound))
    rise = np.linspace(0, 1, frames, dtype=np.float32)[:, None]
    cut = len(sound) - frames
    both = sound[cut:] * (1 - rise) + piece[start - frames : start] * rise
    return np.concatenate([sound[:cut], both, piece[start:]])


@cache
def _samplers() -> Any:
    """Return the class of what draws tokens; the library is imported when it is first needed."""
    import torch
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper

    class Sampler(LogitsProcessorList):  # type: ignore[misc] # the library has no types
        """The last of the processors of a window: draws, and leaves the library no choice.

        The library draws from torch's global generator, which jobs share.
        """

        def __init__(self, wish: Wish, generator: Generator, step: Callable[[int], None]) -> None:
            super().__init__()
            self._generator, self._step = generator, step
            self._warpers = [TopKLogitsWarper(wish.top_k)] if wish.top_k else []
            if wish.temperature != 1:
                self._warpers.insert(0, TemperatureLogitsWarper(wish.temperature))
            self._ids: Any = None
            self._steps = 0
            super().append(self._draw)

        def append(self, other: Any) -> None:
            """Put another before the drawing: the library adds its guidance."""
            self.insert(len(self) - 1, other)

        def _draw(self, ids: Tensor, scores: Tensor) -> Tensor:
            self._step(self._steps)
            self._steps += 1
            for warp in self._warpers:
                scores = warp(ids, scores)
            chances = torch.softmax(scores, -1).float().cpu()
            if not bool(torch.isfinite(chances).all()):
                raise unusable()
            drawn = torch.multinomial(chances, 1, generator=self._generator).to(ids.device)
            self._ids = torch.cat([ids, drawn], 1)
            return torch.full_like(scores, -math.inf).scatter_(1, drawn, 0)

        def codes(self, books: int, channels: int, frames: int) -> Tensor:
            """Return the tokens, (codebooks, frames): each book lies one step behind the last."""
            rows = [self._ids[book, 1 + book // channels :][:frames] for book in range(books)]
            return torch.stack(rows).clone()

    return Sampler


def unusable() -> StudioError:
    """Return the error for a model that computes infinities."""
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        "The model gave no usable sound: its numbers are infinite.",
        "Download it again, or choose another model.",
    )
