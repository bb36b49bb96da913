"""Recognises, measures and loads diffusion weights. Decides nothing about memory."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.config_files import read_json
from studio_image.diffusion.folder import INDEX, read_folder
from studio_image.diffusion.model import DiffusionModel, build, native_dtype
from studio_image.diffusion.model_spec import ModelSpec, check_fit
from studio_image.diffusion.single_file import is_single_file, read_single_file
from studio_image.diffusion.tensor_file import shapes


class DiffusionLoader:
    """The ``Loader`` of the family ``diffusion``: diffusers folders and single safetensors files.

    Attributes:
        family: ``diffusion``.
    """

    family = "diffusion"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the headers of ``path``, or None for no diffusion weights.

        Raises:
            StudioError: They are broken, a pickle, or of an unsupported kind.
        """
        plan = _plan(path)
        if plan is None:
            return None
        facts = {
            "architecture": plan.kind.title,
            "parameters": plan.parameters,
            "native_size": plan.side,
            "scheduler": plan.scheduler[0],
            "prediction": plan.scheduler[1].get("prediction_type", "epsilon"),
            "layout": "folder" if path.is_dir() else "single file",
        }
        title = path.name if path.is_dir() else path.stem
        return WeightsFacts(self.family, title, ("text-to-image",), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory that weights and one picture of their own size take."""
        plan = read_plan(path)
        item = native_dtype(device).itemsize
        return Requirements(plan.parameters * item, plan.working_bytes(plan.side, plan.side))

    def load(self, path: Path, device: str) -> Generator[float, None, DiffusionModel]:
        """Yield the share done between tensors; return the model."""
        return build(read_plan(path), device, native_dtype(device))

    def park(self, loaded: DiffusionModel) -> None:
        """Move the networks to the memory of the processor."""
        loaded.pipe.to("cpu")

    def unpark(self, loaded: DiffusionModel, device: str) -> None:
        """Move them back."""
        loaded.pipe.to(device)

    def unload(self, loaded: Any) -> None:
        """Let go of the weights, whoever still holds the model."""
        loaded.close()


def loader() -> DiffusionLoader:
    """Return the loader of this family."""
    return DiffusionLoader()


def read_plan(path: Path) -> ModelSpec:
    """Return the parts of the weights at ``path``.

    Raises:
        StudioError: They are no diffusion weights, broken or not supported.
    """
    plan = _plan(path)
    if plan is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is not a diffusers folder or a Stable Diffusion file.",
            f"Choose a folder with {INDEX}, or one safetensors file.",
        )
    return plan


def _plan(path: Path) -> ModelSpec | None:
    plan = _found(path)
    if plan is not None:
        check_fit(plan)
    return plan


def _found(path: Path) -> ModelSpec | None:
    if path.is_dir():
        if not (path / INDEX).is_file():
            return None
        makes_sound = "Audio" in str(read_json(path / INDEX).get("_class_name"))
        return None if makes_sound else read_folder(path)
    if path.suffix.lower() == ".ckpt":
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is a pickle file, a format that can run code when opened.",
            "Use a safetensors version of this model.",
        )
    if path.suffix.lower() != ".safetensors":
        return None
    sizes = shapes(path)
    return read_single_file(path, sizes) if is_single_file(sizes) else None
