"""Weights of families: those that plugins declare in their manifests, and adapters of ours.

Reads headers and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from studio.api.manifest import FamilyEntry
from studio.models.safetensors_header import metadata_of
from studio.models.weights import Weights, slug
from studio.protocol.weights_files import ADAPTER_FAMILY, ADAPTER_FORMAT

Families = Callable[[], Sequence[FamilyEntry]]
"""Returns the families of the plugins that take part now."""

FINE_TUNED = "fine-tuned"
"""A second capability of weights that are never the first choice before the user's."""

OWN = (
    FamilyEntry(
        family=ADAPTER_FAMILY,
        capabilities=("text", FINE_TUNED),
        metadata={"format": ADAPTER_FORMAT},
    ),
)
"""Those that the runtime loads itself."""


def of_family(path: Path, families: Sequence[FamilyEntry]) -> Weights | None:
    """Return the weights that the file ``path`` is, if it is of one of ``families``, or ours.

    As good as the header: the loader looks closer before it loads them.
    """
    suffix = path.suffix.lower()
    fitting = [family for family in (*families, *OWN) if suffix in family.suffixes]
    size = _size(path) if fitting else 0
    if not size:
        return None
    metadata = metadata_of(path) if any(family.metadata for family in fitting) else {}
    for family in fitting:
        if all(
            name in metadata and value in ("", metadata[name])
            for name, value in family.metadata.items()
        ):
            return Weights(
                id=slug(path.stem),
                title=path.stem,
                path=path.resolve(),
                format=suffix[1:],
                family=family.family,
                capabilities=family.capabilities,
                bytes=size,
            )
    return None


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 if it is none, or not ours to read."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
