"""How ControlNets are recognised, measured and loaded: folders and files of safetensors only."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.config_files import read_json
from studio_image.additions.control import KINDS, Control
from studio_image.additions.controls.single_file import read_single_file
from studio_image.additions.weights import stamp
from studio_image.diffusion.folder import network_part
from studio_image.diffusion.model import filled, native_dtype, need_diffusers
from studio_image.diffusion.model_spec import Part

CONTROL = "controlnet"


class ControlLoader:
    """The ``Loader`` of the family ``image-controlnet``: folders of ``diffusers``, single files.

    Attributes:
        family: ``image-controlnet``.
    """

    family = "image-controlnet"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what config or header of ``path`` say, or None if it is not a ControlNet.

        Raises:
            StudioError: It is one of a kind that is not supported, or broken.
        """
        part = _found(path)
        if part is None:
            return None
        facts = {
            "parameters": part.parameters,
            "cross_attention_dim": part.config.get("cross_attention_dim"),
            "base": next(title for title, kind in KINDS.items() if kind == part.kind),
        }
        title = path.name if path.is_dir() else path.stem
        return WeightsFacts(self.family, title, (CONTROL,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory for the parameters, and an estimate for the activations."""
        numbers = _control_part(path).parameters * native_dtype(device).itemsize
        return Requirements(numbers, numbers // 2)

    def load(self, path: Path, device: str) -> Generator[float, None, Control]:
        """Yield the share done between tensors; return the ControlNet."""
        need_diffusers()
        part, done = _control_part(path), 0
        steps = filled(part, "controlnet", path.name, device, native_dtype(device))
        while True:
            try:
                done += next(steps)
            except StopIteration as end:
                file = path / "config.json" if path.is_dir() else path
                title = path.name if path.is_dir() else path.stem
                return Control(title, stamp(file), end.value)
            yield min(1.0, done / max(1, part.parameters))

    def park(self, loaded: Control) -> None:
        """Move the network to the memory of the processor."""
        loaded.network.to("cpu")

    def unpark(self, loaded: Control, device: str) -> None:
        """Move it back."""
        loaded.network.to(device)

    def unload(self, loaded: Control) -> None:
        """Let go of the network."""
        loaded.network = None


def loader() -> ControlLoader:
    """Return the loader of this family."""
    return ControlLoader()


def _kind(path: Path) -> str:
    """Return the class of the ControlNet in a folder; empty if there is none."""
    if not (path / "config.json").is_file():
        return ""
    try:
        kind = read_json(path / "config.json").get("_class_name")
    except StudioError:  # a config of something else that cannot be read
        return ""
    return str(kind) if kind in KINDS.values() else ""


def _control_part(path: Path) -> Part:
    part = _found(path)
    if part is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED, f"“{path.name}” is not a ControlNet.", "Choose another file."
        )
    return part


def _found(path: Path) -> Part | None:
    if path.is_dir():
        kind = _kind(path)
        return network_part(path, kind) if kind else None
    return read_single_file(path)
