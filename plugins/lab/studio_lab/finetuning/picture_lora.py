"""Picture models that learn more by low-rank matrices: those of the Lab, and Stable Diffusion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from studio.api import BadInput, ErrorCode, StudioError, read_regular
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.finetuning.captions import Captioned
from studio_lab.finetuning.low_rank import LowRank
from studio_lab.networks.architecture import Batch, Network

_INDEX = "model_index.json"
_PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
_ENCODERS = {
    "StableDiffusionPipeline": ("",),
    "StableDiffusionXLPipeline": ("", "_2"),
}
"""What the parts of a pipeline end with that read captions."""
_MOST_AT_ONCE = 4
"""Pictures that are encoded together."""
_DRAWS = 4
"""Shares of noise at which each held-out picture is looked at: one alone tells little."""


class Tuned(Protocol):
    """A picture model that is finished, as a fine-tuning sees it; copies of a network share it.

    Attributes:
        network: Whose layers get matrices.
    """

    network: nn.Module

    def fits(self, layer: str) -> bool:
        """Whether a layer of that name gets matrices."""
        ...

    def loss(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return what training makes small, a scalar."""
        ...

    def validation(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return how badly it does on each picture, (B,)."""
        ...


class PictureLora(Network):
    """Low-rank matrices beside the layers of a picture model."""

    def __init__(
        self, shape: Shape, base: Tuned, rank: int, strength: float, random: torch.Generator
    ) -> None:
        """See ``LowRank``."""
        super().__init__(shape)
        self._base = _Shared(base)
        self.matrices = LowRank(base.network, rank, strength, random, base.fits)

    @property
    def base(self) -> Tuned:
        """The model itself."""
        return self._base.model

    def _beside(self, plain: bool) -> AbstractContextManager[None]:
        return nullcontext() if plain else self.matrices.beside(self.base.network)

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """See ``Network``."""
        with self._beside(False):
            return self.base.loss(batch, random)

    def validation(self, batch: Batch, random: torch.Generator, *, plain: bool = False) -> Tensor:
        """See ``Network``; ``plain``: of the model itself."""
        with self._beside(plain):
            return self.base.validation(batch, random)


class _Shared:
    """Holds the model where torch does not look for weights, and copies do not double it."""

    def __init__(self, model: Tuned) -> None:
        self.model = model

    def __deepcopy__(self, _memo: Mapping[int, Any]) -> _Shared:
        return self


class LabModel:
    """A picture network of the Lab."""

    def __init__(self, network: Network) -> None:
        self.network: nn.Module = network
        self._own = network

    def fits(self, layer: str) -> bool:
        """See ``Tuned``."""
        return True

    def loss(self, batch: Batch, random: torch.Generator) -> Tensor:
        """See ``Tuned``."""
        return self._own.loss(batch, random, self._own.phases[0])

    def validation(self, batch: Batch, random: torch.Generator) -> Tensor:
        """See ``Tuned``."""
        return self._own.validation(batch, random)


class StableDiffusion:
    """The noise predictor of a Stable Diffusion model; pictures are latents, captions vectors."""

    def __init__(
        self, network: Any, words: Tensor, whole: Tensor, side: int, schedule: Any
    ) -> None:
        """Store the conditioning of the network.

        Args:
            words: (captions, tokens, width).
            whole: Pooled embedding of each caption, (captions, width); width 0 for Stable
                Diffusion 1 and 2, which take none.
            side: Pixels along a side of the pictures, an input of Stable Diffusion XL.
            schedule: Of diffusers, for training.
        """
        self.network, self._words, self._schedule = network, words, schedule
        self._whole, self._side = whole, side

    def fits(self, layer: str) -> bool:
        """See ``Tuned``: layers of attention, as is usual."""
        return "attentions." in layer

    def loss(self, batch: Batch, random: torch.Generator) -> Tensor:
        """See ``Tuned``."""
        return self._errors(batch, random).mean()

    def validation(self, batch: Batch, random: torch.Generator) -> Tensor:
        """See ``Tuned``."""
        return torch.stack([self._errors(batch, random) for _ in range(_DRAWS)]).mean(0)

    def _errors(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return the mean squared prediction error, (B,), at one draw of noise each."""
        x, schedule = batch["x"], self._schedule
        noise = torch.randn(x.shape, generator=random, device=x.device)
        steps = schedule.config.num_train_timesteps
        times = torch.randint(steps, (len(x),), generator=random, device=x.device)
        mixed = schedule.add_noise(x, noise, times)
        wanted = noise
        if schedule.config.prediction_type == "v_prediction":
            wanted = schedule.get_velocity(x, noise, times)
        about = self._about(batch["label"], x)
        prediction = self.network(mixed, times, **about, return_dict=False)[0]
        errors: Tensor = ((prediction.float() - wanted) ** 2).flatten(1).mean(1)
        return errors

    def _about(self, captions: Tensor, x: Tensor) -> dict[str, Any]:
        """Return the conditioning for captions, in the dtype and on the device of ``x``."""
        about: dict[str, Any] = {"encoder_hidden_states": self._words[captions].to(x)}
        if self._whole.shape[1]:
            side = self._side  # the picture was as large, nothing is cut off, and so it shall be
            sizes = torch.tensor([[side, side, 0, 0, side, side]]).to(x)
            about["added_cond_kwargs"] = {
                "text_embeds": self._whole[captions].to(x),
                "time_ids": sizes.repeat(len(x), 1),
            }
        return about


def bytes_of(folder: Path) -> int:
    """Return the size of a pipeline's parts in full precision, from the size of their files.

    Raises:
        StudioError: The pipeline cannot be fine-tuned, or a package is missing.
    """
    missing = [name for name in ("diffusers", "transformers") if find_spec(name) is None]
    if missing:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"This needs the package {' and '.join(missing)}, which is not installed.",
            "Install it with: pip install 'studio-plugin-lab[diffusion]'",
        )
    if not (folder / _INDEX).is_file():
        raise BadInput(
            "Only Stable Diffusion models as a diffusers folder can be fine-tuned.",
            "Choose one with a model_index.json, or a model of the Lab.",
        )
    if (kind := _kind(folder)) not in _ENCODERS:
        raise BadInput(
            f"This model is a {kind}; only {' or '.join(_ENCODERS)} can be fine-tuned.",
            "Choose a Stable Diffusion 1, 2 or XL model.",
        )
    files = [file for part in _PARTS for file in (folder / part).glob("*.safetensors")]
    return 2 * sum(file.stat().st_size for file in files)


def _kind(folder: Path) -> str:
    return str(json.loads(read_regular(folder / _INDEX)).get("_class_name"))


def read_pipeline(
    folder: Path, pictures: Captioned, seed: int, device: str
) -> tuple[StableDiffusion, Dataset]:
    """Return a pipeline's noise predictor, and pictures as it sees them.

    Nothing but safetensors and configs of this folder is read.

    Raises:
        OSError: A part is missing or damaged.
    """
    import diffusers

    here = {"local_files_only": True, "use_safetensors": True}
    vae = diffusers.AutoencoderKL.from_pretrained(folder, subfolder="vae", **here).to(device)
    rows = _latents(vae, pictures.pixels, device)
    del vae
    words, whole = (
        torch.cat(config, -1).to(device)
        for config in zip(
            *(_encoded(folder, end, pictures.captions) for end in _ENCODERS[_kind(folder)]),
            strict=True,
        )
    )
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet", **here)
    schedule = diffusers.DDPMScheduler.from_pretrained(
        folder, subfolder="scheduler", local_files_only=True
    )
    unet.to(device).eval().requires_grad_(False)
    shape = Shape("table", columns=rows[0].size)
    data = Dataset(pictures.title, shape, rows, Split.drawn(len(rows), seed), pictures.labels)
    side = pictures.pixels.shape[1]
    return StableDiffusion(unet, words, whole, side, schedule), data


@torch.no_grad()
def _latents(vae: Any, pixels: np.ndarray, device: str) -> np.ndarray:
    """(N, H, W, 3) uint8 → (N, c, h, w) float32."""
    batches = []
    for at in range(0, len(pixels), _MOST_AT_ONCE):
        some = torch.from_numpy(pixels[at : at + _MOST_AT_ONCE]).to(device)
        x = some.permute(0, 3, 1, 2).float() / 127.5 - 1
        mean = vae.encode(x).latent_dist.mean * vae.config.scaling_factor
        batches.append(mean.float().cpu().numpy())
    return np.concatenate(batches)


@torch.no_grad()
def _encoded(folder: Path, end: str, captions: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Return captions as an encoder tells them, word by word and as a whole.

    Stable Diffusion XL takes words as the last layer but one has them, and wholes of its second.

    Args:
        end: What the names of the parts end with.
    """
    import transformers

    here = {"local_files_only": True}
    reader = transformers.CLIPTokenizer.from_pretrained(folder, subfolder=f"tokenizer{end}", **here)
    sort = transformers.CLIPTextModelWithProjection if end else transformers.CLIPTextModel
    encoder = sort.from_pretrained(
        folder, subfolder=f"text_encoder{end}", use_safetensors=True, **here
    )
    is_xl = len(_ENCODERS[_kind(folder)]) > 1
    words, wholes = [], []
    for caption in captions:
        ids = reader(
            caption, padding="max_length", max_length=reader.model_max_length, truncation=True,
            return_tensors="pt",
        ).input_ids  # fmt: skip
        output = encoder(ids, output_hidden_states=True, return_dict=True)
        words.append(output.hidden_states[-2][0] if is_xl else output.last_hidden_state[0])
        wholes.append(output.text_embeds[0] if end else words[-1].new_empty(0))
    return torch.stack(words).float(), torch.stack(wholes).float()
