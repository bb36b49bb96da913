"""How weights that enlarge are recognised, measured and loaded. Opens safetensors, never a pickle.

The two networks of Real-ESRGAN are our own; whatever else ``spandrel`` knows is loaded with it if
the user has installed it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_image.upscale import spandrel_model
from studio_image.upscale.model import Upscaler, best_dtype
from studio_image.upscale.networks import layout_of

FAMILY = "upscale"
TYPICAL_PIXELS = 256 * 256
"""Memory is asked for this many pixels at once; more are taken if there is more."""
_PICKLES = (".pth", ".pt", ".ckpt")


class UpscaleLoader:
    """The ``Loader`` of the family ``upscale``."""

    family = FAMILY

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the header of ``path``, or None if it is no upscaler.

        Raises:
            StudioError: It is a pickle, or a damaged file.
        """
        if path.suffix.lower() in _PICKLES and path.is_file():
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{path.name} is a pickle file, a format that can run code when opened.",
                "Use a safetensors version of this model.",
            )
        if path.suffix.lower() != ".safetensors" or not path.is_file():
            return None
        shapes = _shapes(path)
        layout = layout_of(shapes)
        if layout is None:
            name = spandrel_model.architecture_of(shapes)
            facts = {"architecture": name, "loaded_by": "spandrel"}
            return WeightsFacts(FAMILY, path.stem, (FAMILY,), facts) if name else None
        facts = layout._asdict() | {"parameters": sum(map(_count, shapes.values()))}
        return WeightsFacts(FAMILY, path.stem, (FAMILY,), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory of the weights and of a tile of usual size, from the header alone."""
        shapes = _shapes(path)
        layout = layout_of(shapes)
        floats = sum(map(_count, shapes.values()))
        if layout is None:
            return Requirements(4 * floats, 4 * spandrel_model.PIXEL_FLOATS * TYPICAL_PIXELS)
        with torch.device("meta"):
            per_pixel = layout.build().pixel_floats()
        return Requirements(4 * floats, 4 * per_pixel * TYPICAL_PIXELS)

    def load(self, path: Path, device: str) -> Generator[float, None, Upscaler]:
        """Yield the share done between tensors; return the upscaler."""
        layout = layout_of(_shapes(path))
        dtype = best_dtype(device) if layout else torch.float32
        tensors = {}
        with safe_open(path, "pt") as file:
            names = list(file.keys())
            for number, name in enumerate(names):
                tensors[name] = file.get_tensor(name).to(device, dtype)
                yield (number + 1) / len(names)
        if layout is None:
            return Upscaler(spandrel_model.build(tensors, path.name, device), device, dtype)
        with torch.device("meta"):
            network = layout.build()
        network.load_state_dict(tensors, assign=True)
        if dtype != torch.float32:  # the order these convolutions compute in: a seventh faster
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # pytorch#184642
        return Upscaler(network.requires_grad_(False).eval(), device, dtype)

    def park(self, loaded: Upscaler) -> None:
        """Move the network to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Upscaler, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Upscaler) -> None:
        """Let go of the weights."""
        loaded.close()


def loader() -> UpscaleLoader:
    """Return the loader of this family."""
    return UpscaleLoader()


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{path.name} is not a complete safetensors file.",
            "Download it again.",
            str(error),
        ) from error


def _count(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()
