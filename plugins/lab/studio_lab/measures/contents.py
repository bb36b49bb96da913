"""Measures of what rows of tokens write, where that is more than words: molecules, and tunes."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets import tunes
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.tokens import as_characters, tokens_of
from studio_lab.measures.estimates import Estimate, share

MOST = 3000
"""Training molecules and tunes that are looked at."""
_LONGEST = 16


class Contents:
    """What texts of a data set are measured by beside their words.

    Args:
        data: Rows of tokens; ``meta["content"]`` says what they write.
    """

    def __init__(self, data: Dataset) -> None:
        vocabulary = data.meta["vocabulary"]
        self._content = data.meta.get("content", "words")
        characters = as_characters(vocabulary)
        self._token = {c: token for c, token in zip(characters, vocabulary) if token}
        rows = data.rows[data.split.training[:MOST]]
        if self._content == "molecules" and importlib.util.find_spec("rdkit"):
            written = ("".join(tokens_of(row, vocabulary)) for row in rows)
            self._training = {smiles for smiles in map(_canonical, written) if smiles}
        elif self._content == "tunes":
            self._usual = _histograms([tokens_of(row, vocabulary) for row in rows])

    def values(self, texts: Sequence[str]) -> dict[str, Estimate]:
        """Return the measures of texts, a character for each token; none for mere words.

        Of molecules, by RDKit where it is installed: how many are valid, of these different, and of
        these not among the training molecules. Of tunes: how far the shares of pitch classes and of
        lengths of notes are from those of training, 0 equal and 1 disjoint.
        """
        sequences = [[self._token[c] for c in text if c in self._token] for text in texts]
        if hasattr(self, "_training"):
            smiles = [molecule for molecule in map(_canonical, map("".join, sequences)) if molecule]
            different = set(smiles)
            return {
                "valid": share(len(smiles), len(sequences)),
                "unique": share(len(different), len(smiles)),
                "novel": share(len(different - self._training), len(different)),
            }
        if hasattr(self, "_usual"):
            pitches, lengths = (
                float(np.abs(ours - theirs).sum() / 2)
                for ours, theirs in zip(_histograms(sequences), self._usual)
            )
            return {
                "pitch classes apart": Estimate.exact(pitches),
                "lengths apart": Estimate.exact(lengths),
            }
        return {}


def _canonical(smiles: str) -> str:
    """Return the one SMILES of a molecule; empty for none."""
    from rdkit import Chem, rdBase

    rdBase.DisableLog("rdApp.*")  # what is no molecule is counted, not printed
    molecule = Chem.MolFromSmiles(smiles) if smiles else None
    return str(Chem.MolToSmiles(molecule)) if molecule is not None else ""


def _histograms(sequences: Sequence[Sequence[str]]) -> tuple[NDArray[np.float64], ...]:
    """Return the shares of the twelve pitch classes, and of lengths in sixteenths."""
    notes = [note for sequence in sequences for note in tunes.notes_of(sequence)]
    pitches = np.bincount([note.pitch % 12 for note in notes], minlength=12)
    lengths = np.bincount([min(n.length, _LONGEST) for n in notes], minlength=_LONGEST + 1)
    count = max(1, len(notes))
    return pitches / count, lengths / count
