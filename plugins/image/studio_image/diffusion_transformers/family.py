"""Interface of a model family to the denoising loop. Has no loop and no networks of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.additions.control import Led
    from studio_image.diffusion.wish import Wish


class Family:
    """A kind of weights in which a transformer draws.

    Attributes:
        pipe: The pipeline of ``diffusers``, whose parts are used one by one.
        longest: Tokens of a prompt that its text encoder reads.
        reader: The name of the tokenizer that counts them.
    """

    longest = 256
    reader = "tokenizer"

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe

    @property
    def guided(self) -> bool:
        """Whether it is asked with and without the words, so that negative ones count."""
        return True

    def encode(self, wish: Wish, prompt: str, *, guided: bool) -> dict[str, Any]:
        """Return the text conditioning; negative embeddings first when guided."""
        raise NotImplementedError

    def space(self, noise_plan: Any, steps: int, latents: Tensor) -> None:
        """Let a scheduler space its noise levels.

        Args:
            latents: (1, c, h, w).
        """
        noise_plan.set_timesteps(steps, device=latents.device)

    def answer(self, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float) -> Tensor:
        """Return the network's prediction for latents (n, c, h, w), of the same shape."""
        raise NotImplementedError

    def hint(self, led: Led) -> Tensor:
        """Encode the control picture as latents: the mode of their distribution."""
        return self.latents_of(led.picture)

    def latents_of(self, picture: Tensor, *, shifted: bool = True) -> Tensor:
        """Return the latents (1, c, h, w) of a picture (1, 3, H, W) in 0…1, without noise."""
        vae = self.pipe.vae
        encoded = vae.encode((picture * 2 - 1).to(vae.device, vae.dtype))
        latents = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent
        shift = (vae.config.get("shift_factor") or 0.0) if shifted else 0.0
        scaled: Tensor = (latents - shift) * vae.config.scaling_factor
        return scaled

    def lead(
        self, led: Led, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float
    ) -> dict[str, Any]:
        """Return the ControlNet's residuals as keyword arguments of the network.

        Args:
            led: Its picture is the output of `hint`.
        """
        raise NotImplementedError

    def beyond(self, prompt: str) -> int:
        """Return how many tokens of ``prompt`` are not read."""
        reader = getattr(self.pipe, self.reader, None)
        if reader is None:
            return 0
        return max(0, len(reader(prompt, verbose=False).input_ids) - self.longest)


def shift_for(noise_plan: Any, tokens: int, most: float) -> float:
    """Return by how much the noise levels of a picture of so many tokens are shifted.

    As the pipelines of ``diffusers`` do; ``most`` where the scheduler says none.
    """
    config = noise_plan.config
    short, long = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    low, high = config.get("base_shift", 0.5), config.get("max_shift", most)
    slope: float = (high - low) / (long - short)
    shift: float = tokens * slope + (low - slope * short)
    return shift
