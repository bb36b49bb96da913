"""The bench ``molecules-moses``: what the model writes, measured as MOSES does (arXiv:1811.12823).

STUDIO_BENCH_MOSES names the wheel of the package molsets: its splits and its filters are read as
data, nothing of it is imported. STUDIO_BENCH_MOSES_SAMPLES is the number of strings, 30,000 if it
is not set, and STUDIO_BENCH_MOSES_TEST how many molecules of the test set are taken for each: 6,
which at 30,000 is all of it. STUDIO_BENCH_MOSES_TEMPERATURE is how freely they are written, as the
task does if it is not set. STUDIO_BENCH_MOSES_WEIGHTS is a file of another network than the
shipped one, as ``training/export.py`` writes it. FCD needs the package fcd.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from rdkit import Chem

from benchmarks.molecules import similarity
from benchmarks.molecules.moses_data import Filters, read_filters, read_split
from benchmarks.molecules.smiles_model import loaded, written
from studio.api import BenchContext, ErrorCode, StudioError
from studio_molecules.chem import parser
from studio_molecules.schema import TEMPERATURE

PUBLISHED: Final[Mapping[str, Any]] = {
    "CharRNN": {
        "valid": 0.9748, "unique@1k": 1.0, "unique@10k": 0.9994, "novelty": 0.8419,
        "filters": 0.9943, "IntDiv": 0.8562, "IntDiv2": 0.8503,
        "FCD/Test": 0.0732, "SNN/Test": 0.6015, "Frag/Test": 0.9998, "Scaf/Test": 0.9242,
    },
    "VAE": {
        "valid": 0.9767, "unique@1k": 1.0, "unique@10k": 0.9984, "novelty": 0.6949,
        "filters": 0.997, "IntDiv": 0.8558, "IntDiv2": 0.8498,
        "FCD/Test": 0.099, "SNN/Test": 0.6257, "Frag/Test": 0.9994, "Scaf/Test": 0.9386,
    },
    "LatentGAN": {
        "valid": 0.8966, "unique@1k": 1.0, "unique@10k": 0.9968, "novelty": 0.9498,
        "filters": 0.9735, "IntDiv": 0.8565, "IntDiv2": 0.8505,
        "FCD/Test": 0.2968, "SNN/Test": 0.5371, "Frag/Test": 0.9986, "Scaf/Test": 0.8867,
    },
    "source": "github.com/molecularsets/moses, README: means of three trainings, 30,000 samples",
}  # fmt: skip

SAMPLES: Final = 30_000
_RAW: Final = 5
"""Times fewer strings tell how many are valid where no token is refused."""
_WHEEL: Final = "STUDIO_BENCH_MOSES"
_COUNT: Final = "STUDIO_BENCH_MOSES_SAMPLES"
_TEST: Final = "STUDIO_BENCH_MOSES_TEST"
_WEIGHTS: Final = "STUDIO_BENCH_MOSES_WEIGHTS"
_TEMPERATURE: Final = "STUDIO_BENCH_MOSES_TEMPERATURE"


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the measures, the published ones beside them."""
    count = int(os.environ.get(_COUNT, SAMPLES))
    model = loaded(ctx, os.environ.get(_WEIGHTS, ""))
    freedom = float(os.environ.get(_TEMPERATURE) or TEMPERATURE)
    ctx.say(f"writing {count:,} strings at temperature {freedom:g}")
    mols = [parser.valid(text) for text in written(model, count, 0, freedom)]
    kept = [mol for mol in mols if mol is not None]
    if not kept:
        raise StudioError(ErrorCode.BAD_WEIGHTS, f"None of {count:,} strings was a molecule.")
    smiles = [Chem.MolToSmiles(mol) for mol in kept]
    ctx.say("comparing them with each other")
    raw = written(model, max(1, count // _RAW), 1, freedom, is_checked=False)
    found: dict[str, Any] = {
        "valid": len(kept) / count,
        "valid unchecked": sum(parser.valid(text) is not None for text in raw) / len(raw),
    } | _unique(smiles)
    bits = similarity.bits(kept)
    found |= {"IntDiv": similarity.diversity(bits), "IntDiv2": similarity.diversity(bits, 2)}
    wheel = os.environ.get(_WHEEL)
    if wheel:
        found |= _against_data(ctx, Path(wheel), kept, smiles, bits, count)
    else:
        found["novelty"] = f"not measured: set {_WHEEL} to the wheel of molsets"
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}
    ratio = found["valid"] / PUBLISHED["CharRNN"]["valid"]
    asked = {"samples": count, "temperature": freedom}
    return {"ratio": round(ratio, 3), **asked, **rounded, "published": PUBLISHED}


def _unique(smiles: Sequence[str]) -> dict[str, float]:
    """Return the share of different ones among the first 1,000 and 10,000 that are valid."""
    sizes = {"unique@1k": 1000, "unique@10k": 10_000}
    return {k: len(set(smiles[:n])) / n for k, n in sizes.items() if len(smiles) >= n}


def _against_data(
    ctx: BenchContext,
    wheel: Path,
    mols: Sequence[Chem.Mol],
    smiles: Sequence[str],
    bits: torch.Tensor,
    count: int,
) -> dict[str, Any]:
    ctx.say("checking for training molecules and filters")
    made = set(smiles)
    passing: Filters = read_filters(wheel)
    found: dict[str, Any] = {
        "novelty": len(made.difference(read_split(wheel, "train"))) / len(made),
        "filters": sum(passing(mol) for mol in mols) / len(mols),
    }
    whole = read_split(wheel, "test")
    test = whole[:: max(1, len(whole) // (int(os.environ.get(_TEST, "6")) * count))]
    ctx.say(f"similarity to {len(test):,} molecules of the test set")
    known = [mol for mol in map(parser.valid, test) if mol is not None]
    return found | {
        "test molecules": len(test),
        "SNN/Test": similarity.nearest(bits, similarity.bits(known)),
        "Frag/Test": similarity.cosine(similarity.fragments(mols), similarity.fragments(known)),
        "Scaf/Test": similarity.cosine(similarity.scaffolds(mols), similarity.scaffolds(known)),
        "FCD/Test": _distance(ctx, smiles, test),
    }


def _distance(ctx: BenchContext, smiles: Sequence[str], test: Sequence[str]) -> float | str:
    """Return the Fréchet ChemNet distance (Preuer 2018), or why there is none."""
    try:
        import fcd
    except ModuleNotFoundError:
        return "not measured: pip install fcd"
    ctx.say("the Fréchet ChemNet distance")
    return float(fcd.get_fcd(list(smiles), list(test), fcd.load_ref_model()))
