"""The MOSES training set as token numbers. Training only; the set itself is not shipped.

    python data.py molsets-0.3.1-py3-none-any.whl OUT.npz

The wheel is read as data and never installed. ZINC asks that large parts of it are not
redistributed: what is written here stays on the machine that trains.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np

from studio_molecules.smiles.vocabulary import END, START, Vocabulary


def read_split(wheel: Path, split: str) -> list[str]:
    """Return the SMILES of ``train``, ``test`` or ``test_scaffolds``, in the order of its file."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read(f"moses/dataset/data/{split}.csv.gz")
    rows = csv.DictReader(io.TextIOWrapper(gzip.GzipFile(fileobj=io.BytesIO(packed))))
    return [row["SMILES"] for row in rows]


def main() -> None:
    """Write tokens (n, longest) uint8 with start and end, lengths, and the vocabulary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    lines = read_split(args.wheel, "train")
    vocabulary = Vocabulary.learned(lines)
    rows = [[START, *(vocabulary.encode(line) or ()), END] for line in lines]
    longest = max(map(len, rows))
    tokens = np.zeros((len(rows), longest), np.uint8)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = row
    lengths = np.array([len(row) for row in rows], np.int16)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(args.out, tokens=tokens, lengths=lengths, vocabulary=np.array(vocabulary.tokens))
    print(len(rows), "molecules", len(vocabulary), "tokens, longest", longest, flush=True)


if __name__ == "__main__":
    main()
