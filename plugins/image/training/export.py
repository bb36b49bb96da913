"""Writes the trained starter generator as the file that the studio ships. Trains nothing.

python export.py PICTURES.npz FOLDER OUT.safetensors

Takes the averaged weights: the polished generator if there is one, else the one before; or, in
place of the folder, those of a shipped file, to write again what stands beside them. Prints the
facts for the card, and brings a sidecar ``OUT.toml`` up to date if there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studio.api import finished
from studio_image.starter.weights import loader, save


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


def shipped(path: Path) -> tuple[dict[str, dict[str, Tensor]], int, str]:
    """Return the same of a shipped file."""
    starter, facts = finished(loader().load(path, "cpu")), loader().recognise(path)
    assert facts is not None, "it was loaded"
    parts = ("encoder", "decoder", "generator")
    networks = {part: getattr(starter, part).state_dict() for part in parts}
    return networks, facts.facts["trained_pictures"], path.name


def update_sidecar(sidecar: Path, **facts: int | str) -> None:
    """Replace the values of ``facts`` in a sidecar, where each has a line of its own.

    Raises:
        ValueError: One of them has none.
    """
    text = sidecar.read_text("utf-8")
    for name, value in facts.items():
        literal = f"{value:_}" if isinstance(value, int) else f'"{value}"'
        text, count = re.subn(rf"^{name} = .*$", f"{name} = {literal}", text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{sidecar.name} has {count} lines for {name}, not one.")
    sidecar.write_text(text, "utf-8")


def main() -> None:
    """Write the file and print its properties."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    take = shipped if args.folder.is_file() else averaged
    networks, seen, origin = take(args.folder)
    data = np.load(args.pictures)
    both = zip(data["captions"].tolist(), data["styles"].tolist(), data["held_out"], strict=True)
    pairs = {(caption, style) for caption, style, is_held_out in both if not is_held_out}
    captions = sorted({caption for caption, _ in pairs})
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, networks, captions, seen, pairs)
    numbers = {part: sum(t.numel() for t in weights.values()) for part, weights in networks.items()}
    total, size = sum(numbers.values()), args.out.stat().st_size
    digest = hashlib.sha256(args.out.read_bytes()).hexdigest()
    print(f"from         {origin}, {seen:,} pictures seen")
    print(f"parameters   {total:,} {numbers}")
    print(f"captions     {len(captions):,}")
    print(f"pictures     {len(data['captions']):,}, of which held out {data['held_out'].sum():,}")
    print(f"bytes        {size:,}")
    print(f"sha256       {digest}")
    sidecar = args.out.with_suffix(".toml")
    if sidecar.exists():
        update_sidecar(sidecar, parameters=total, bytes=size, sha256=digest)
        print(f"sidecar      {sidecar.name} says so too")


if __name__ == "__main__":
    main()
