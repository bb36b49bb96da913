"""Write trained networks as the files that are shipped.

python export.py tunes FOLDER TUNES.npz OUT.safetensors
python export.py chorales FOLDER CHORALES.npz OUT.safetensors
python export.py causal FOLDER CHORALES.npz OUT.safetensors

The last adds the causal network to the file of the other.
Prints what the sidecar needs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from studio_music.compose.chorales import weights as chorales
from studio_music.compose.tunes import weights as tunes
from studio_music.compose.tunes.vocabulary import METRES

RARE = 8
"""Share of tunes at either end, in percent, whose density is not offered."""


def main() -> None:
    """Write one file."""
    kind, folder, data, out = sys.argv[1], *(Path(a) for a in sys.argv[2:5])
    saved = torch.load(folder / "last.pt", weights_only=True)
    state = averaged(saved)
    facts = {"trained_cpu_minutes": round(saved["used"] / 60, 1), "steps": saved["step"],
             "network": saved["shape"]["kind"], "held_out_nats": saved["figures"]}  # fmt: skip
    if kind == "tunes":
        heads = np.load(data)["heads"]
        facts["tunes"] = len(heads)
        tunes.save(out, state, saved["shape"], densities(heads), facts)
    elif kind == "causal":
        state = with_causal(out, state, saved, facts)
    else:
        facts["chorales"] = len(np.load(data)["length"])
        chorales.save(out, state, saved["shape"], facts)
    parameters = sum(value.numel() for value in state.values())
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    print(f'parameters = {parameters:_}\nbytes = {out.stat().st_size:_}\nsha256 = "{digest}"')
    print(facts)


def with_causal(
    out: Path, causal: dict[str, Tensor], saved: dict[str, Any], facts: dict[str, Any]
) -> dict[str, Tensor]:
    """Write ``causal`` beside the network that is in the file; return all tensors."""
    with safe_open(out, "pt") as file:
        there = file.metadata()
        names = [name for name in file.keys() if not name.startswith("causal.")]  # noqa: SIM118
        own = {name: file.get_tensor(name) for name in names}
    size = {name: saved["shape"][name] for name in ("width", "depth")}
    shape = {**json.loads(there["shape"]), "causal": size}
    metadata = {**json.loads(there["facts"]), "causal": facts}
    chorales.save(out, own, shape, metadata, causal)
    return {**own, **{f"causal.{name}": value for name, value in causal.items()}}


def averaged(saved: dict[str, Any]) -> dict[str, Tensor]:
    """Return the moving average of the weights."""
    prefix = "module."
    return {n.removeprefix(prefix): v for n, v in saved["average"].items() if n.startswith(prefix)}


def densities(heads: np.ndarray) -> dict[str, tuple[int, int]]:
    """Return the classes of density that each metre has often, the lowest and the highest."""
    ranges = {}
    for number, metre in enumerate(METRES):
        seen = heads[heads[:, 1] == number, 3]
        low, high = np.percentile(seen, (RARE, 100 - RARE)).astype(int)
        ranges[metre] = (int(low), int(high))
    return ranges


if __name__ == "__main__":
    main()
