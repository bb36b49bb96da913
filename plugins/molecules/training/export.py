"""Export the trained model as the shipped file, and print the values for its sidecar.

python export.py RUN/transformer.pt OUT.safetensors
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from studio_molecules.smiles import weights
from studio_molecules.smiles.network import NETWORKS


def main() -> None:
    """Write the moving average of a checkpoint in half precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="named after its network")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    name = args.checkpoint.stem
    saved = torch.load(args.checkpoint, weights_only=True)
    config = NETWORKS[name](len(saved["vocabulary"])).config
    weights.save(args.out, name, config, saved["average"], saved["vocabulary"], saved["seen"])
    digest = hashlib.sha256(args.out.read_bytes()).hexdigest()
    parameters = sum(value.numel() for value in saved["average"].values())
    print(f"parameters = {parameters:_}\nbytes = {args.out.stat().st_size:_}")
    print(f'sha256 = "{digest}"\nmolecules seen: {saved["seen"]:,}')


if __name__ == "__main__":
    main()
