"""One safetensors file per network: half precision, and plain data in its metadata.

Reads and writes; knows no network.
"""

from __future__ import annotations

import json
from collections.abc import Generator as Steps
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from studio.api.worker.tensor_files import damaged, read_header, read_tensors


def read(
    path: Path, form: str, device: str
) -> Steps[float, None, tuple[dict[str, str], dict[str, Tensor]]]:
    """Yield the share done; return the metadata and all tensors in full precision.

    Raises:
        StudioError: The file is damaged or of another make.
    """
    metadata = read_header(path, form)
    if metadata is None:
        raise damaged(path, "its header is not the expected one")
    state = yield from read_tensors(path, device)
    return metadata, state


def write(path: Path, form: str, state: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors in half precision, and ``metadata`` as JSON, one entry a key."""
    halved = {name: value.half().contiguous() for name, value in state.items()}
    save_file(halved, path, {"format": form, **{k: json.dumps(v) for k, v in metadata.items()}})
