"""How textual inversions are recognised, measured and loaded: safetensors only."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

from studio.api import Requirements, WeightsFacts
from studio.api.worker.config_files import broken
from studio_image.additions.inversion import Inversion
from studio_image.additions.weights import stamp
from studio_image.diffusion.model_spec import count
from studio_image.diffusion.tensor_file import shapes

INVERSION = "textual-inversion"
_PARTS = {"emb_params": "te1", "clip_l": "te1", "clip_g": "te2"}
_MOST_VECTORS = 75


class InversionLoader:
    """The ``Loader`` of the family ``image-inversion``.

    Attributes:
        family: ``image-inversion``.
    """

    family = "image-inversion"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the header of ``path``, or None if it is no textual inversion."""
        if path.suffix.lower() != ".safetensors" or not path.is_file():
            return None
        vectors = _vectors(shapes(path))
        if not vectors:
            return None
        facts = {"tokens": max(size[0] for size in vectors.values()), "word": path.stem}
        return WeightsFacts(self.family, path.stem, (INVERSION,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory its vectors take."""
        return Requirements(4 * count(shapes(path)), 0)

    def load(self, path: Path, device: str) -> Generator[float, None, Inversion]:
        """Yield once; return the inversion.

        Raises:
            StudioError: It has no vectors, or they have invalid numbers.
        """
        from safetensors.torch import load_file

        if not _vectors(shapes(path)):
            raise broken(path.name, "it has no vectors of words")
        tensors = {_part(name): value for name, value in load_file(path, device).items()}
        yield 1.0
        if not all(value.isfinite().all() for value in tensors.values()):
            raise broken(path.name, "it has invalid numbers")
        vectors = {part: v.reshape(-1, v.shape[-1]).float() for part, v in tensors.items()}
        if len({len(rows) for rows in vectors.values()}) > 1:
            raise broken(path.name, "its two parts have different lengths")
        return Inversion(path.stem, stamp(path), vectors)

    def park(self, loaded: Inversion) -> None:
        """Move it to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Inversion, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Inversion) -> None:
        """Let go of the vectors."""
        loaded.vectors.clear()


def loader() -> InversionLoader:
    """Return the loader of this family."""
    return InversionLoader()


def _part(name: str) -> str:
    return _PARTS.get(name, "te1")


def _vectors(tensors: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return part → (tokens, width) of a textual inversion; empty for anything else."""
    alone = len(tensors) == 1 and next(iter(tensors)).startswith(
        "<"
    )  # how diffusers writes its word
    if not tensors or not (alone or tensors.keys() <= _PARTS.keys()):
        return {}
    sizes = {
        _part(name): ((1, *size) if len(size) == 1 else size) for name, size in tensors.items()
    }
    fitting = all(len(size) == 2 and 0 < size[0] <= _MOST_VECTORS for size in sizes.values())
    return sizes if fitting and len(sizes) == len(tensors) else {}
