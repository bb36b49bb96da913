"""Writes the trained starter generator as the file that the studio ships. Trains nothing.

python export.py PICTURES.npz FOLDER OUT.safetensors

Takes the averaged weights: the polished generator if there is one, else the one before. Prints the
facts for the sidecar and the card.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studio_image.starter_weights import save


def averaged(folder: Path) -> tuple[dict[str, dict[str, Tensor]], int, str]:
    """Return the weights of the three networks, pictures seen, and which generator it is."""
    autoencoder = torch.load(folder / "autoencoder.pt", weights_only=True)["average"]
    name = "polished.pt" if (folder / "polished.pt").exists() else "generator.pt"
    generator = torch.load(folder / name, weights_only=True)
    networks: dict[str, dict[str, Tensor]] = {"generator": generator["average"]}
    for part in ("encoder", "decoder"):
        dotted = f"{part}."
        networks[part] = {
            key.removeprefix(dotted): value
            for key, value in autoencoder.items()
            if key.startswith(dotted)
        }
    return networks, generator["seen"], f"{name} at step {generator['step']:,}"


def main() -> None:
    """Write the file and print what it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    networks, seen, origin = averaged(args.folder)
    data = np.load(args.pictures)
    trained = data["captions"][~data["held_out"]]
    captions = sorted({str(caption) for caption in trained})
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, networks, captions, seen)
    numbers = {part: sum(t.numel() for t in weights.values()) for part, weights in networks.items()}
    print(f"from         {origin}, {seen:,} pictures seen")
    print(f"parameters   {sum(numbers.values()):,} {numbers}")
    print(f"captions     {len(captions):,}")
    print(f"pictures     {len(data['captions']):,}, of which held out {data['held_out'].sum():,}")
    print(f"bytes        {args.out.stat().st_size:,}")
    print(f"sha256       {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
