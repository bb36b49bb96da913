"""Networks of others, through the package ``spandrel`` if the user installed it. Never needs it."""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from studio.api import ErrorCode, StudioError

PIXEL_FLOATS = 6000
"""A cautious guess for networks whose inside is not known here."""
REACH = 1024


class SpandrelModel(nn.Module):
    """A network that ``spandrel`` built, in the shape of our own."""

    def __init__(self, descriptor: Any, name: str) -> None:
        super().__init__()
        self.model = descriptor.model
        self.name = name
        self._descriptor = descriptor
        self.scale = int(descriptor.scale)
        self.fold = 1  # the descriptor pads by itself

    @property
    def reach(self) -> int:
        """Not known: as far as can be."""
        return REACH

    def pixel_floats(self) -> int:
        """Return a cautious guess."""
        return PIXEL_FLOATS

    def steps(self, pictures: Tensor) -> Generator[None, None, Tensor]:
        """Return the enlarged pictures: such a network is computed in one go.

        Raises:
            StudioError: It cannot compute at all: its sizes do not fit together.
        """
        yield
        try:
            return torch.cat([self._descriptor(picture[None]) for picture in pictures])
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, ZeroDivisionError) as error:
            raise _misfit(self.name, error) from error


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return the name of the architecture with these tensors; empty if ``spandrel`` has none.

    Architectures are told from the names and shapes alone: no number is read.
    """
    if find_spec("spandrel") is None:
        return ""
    return _detected(tuple(shapes.items()))


@functools.lru_cache(maxsize=8)
def _detected(shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> str:
    from spandrel import MAIN_REGISTRY, canonicalize_state_dict

    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes}
    tensors = canonicalize_state_dict(tensors)  # without what a training wraps around names
    for support in MAIN_REGISTRY.architectures("detection"):
        if support.detect(tensors):
            return str(support.architecture.name)
    return ""


def build(tensors: dict[str, Tensor], name: str, device: str) -> SpandrelModel:
    """Return the network of a checkpoint.

    Raises:
        StudioError: ``spandrel`` is missing, the network does not make pictures of pictures, or
            the tensors make no network.
    """
    try:
        from spandrel import ImageModelDescriptor, ModelLoader, canonicalize_state_dict
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{name} uses a network that needs the package spandrel.",
            "Install it with pip install spandrel, then try again.",
        ) from error
    try:
        descriptor = ModelLoader(device).load_from_state_dict(canonicalize_state_dict(tensors))
    except Exception as error:  # sizes of a file, in forty architectures of others: anything
        raise _misfit(name, error) from error
    if not isinstance(descriptor, ImageModelDescriptor) or descriptor.input_channels != 3:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{name} does not convert colour pictures to colour pictures.",
            "Choose a model for enlarging or restoring.",
        )
    network = SpandrelModel(descriptor, name)
    network.requires_grad_(False).eval()
    return network


def _misfit(name: str, error: Exception) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The tensors of {name} do not fit together.",
        "Download the model again, or choose another.",
        f"{type(error).__name__}: {error}",
    )
