"""How ControlNets are recognised, measured and loaded: folders with safetensors only."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_image.additions.control import Control
from studio_image.additions.weights import stamp
from studio_image.diffusion.folder import network_part, read_json
from studio_image.diffusion.model import filled, native_dtype, need_diffusers
from studio_image.diffusion.model_spec import Part, shapes

CONTROL = "controlnet"
_CONTROL_CLASS = "ControlNetModel"


class ControlLoader:
    """The ``Loader`` of the family ``image-controlnet``: folders of ``diffusers``.

    Attributes:
        family: ``image-controlnet``.
    """

    family = "image-controlnet"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the config in the folder ``path`` says, or None if it is no ControlNet.

        Raises:
            StudioError: It is one of which a part is missing.
        """
        if path.is_file() and path.suffix.lower() == ".safetensors":
            if "controlnet_cond_embedding.conv_in.weight" in shapes(path):
                raise StudioError(
                    ErrorCode.UNSUPPORTED,
                    f"“{path.name}” is a ControlNet without its config.json.",
                    "Add the whole folder that it comes from.",
                )
            return None
        if not _is_control(path):
            return None
        part = _control_part(path)
        facts = {
            "parameters": part.parameters,
            "cross_attention_dim": part.config.get("cross_attention_dim"),
        }
        return WeightsFacts(self.family, path.name, (CONTROL,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory its numbers take, and about what it needs while it computes."""
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
                return Control(path.name, stamp(path / "config.json"), end.value)
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


def _is_control(path: Path) -> bool:
    if not (path / "config.json").is_file():
        return False
    try:
        return read_json(path / "config.json").get("_class_name") == _CONTROL_CLASS
    except StudioError:  # a config of something else that cannot be read
        return False


def _control_part(path: Path) -> Part:
    return network_part(path, _CONTROL_CLASS)
