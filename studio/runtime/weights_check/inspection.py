"""What a weights file says about itself, read by the loaders from its headers. Loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studio.api.worker.context import Loader, Placement, Requirements
from studio.api.worker.generators import finished
from studio.plugin_process.plain_data import plain
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.pool.digests import Digests
from studio.runtime.pool.weights_registry import measured, refuse_special


def inspect_weights(
    path: Path,
    loaders: Iterable[Loader],
    digests: Digests,
    full: bool = False,
    context_limit: int = 0,
    device: str = "cpu",
    place: Callable[[Path, Loader, Requirements], Placement | None] = lambda *_: None,
) -> dict[str, Any]:
    """Return the facts about the weights at ``path``: plain data for the Models page.

    Args:
        full: Also read every byte and add ``sha256``.
        context_limit: Tokens that a text may have at most; 0 for as many as it was made for.
        device: Torch's name of what would compute: weights may take other forms there.
        place: Returns how weights that are larger than the device would be divided.

    Raises:
        StudioError: There is nothing, nobody knows what it is, or it is broken; says which.
    """
    if not path.exists():
        raise StudioError(ErrorCode.NOT_FOUND, f"{path} does not exist.", "Check the path.")
    refuse_special(path)
    for loader in loaders:
        facts = loader.recognise(path)
        if facts is not None:
            break
    else:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"No installed engine or plugin can load {path.name}.",
            "Choose a .gguf file, or a folder with config.json and .safetensors files.",
        )
    needs = measured(loader, path, device, context_limit)
    answer = plain(dict(facts.facts)) | {
        "family": facts.family,
        "title": facts.title,
        "capabilities": list(facts.capabilities),
        "weights_bytes": needs.weights_bytes,
        "working_bytes": needs.working_bytes,
    }
    if (placement := place(path, loader, needs)) is not None:
        answer |= {"layers_here": placement.layers, "layers": placement.of}
    if full:
        answer["sha256"] = finished(digests.compute(path))
    return answer
