"""What may follow in a SMILES: what RDKit reads is taken, what it cannot read is refused."""

from __future__ import annotations

import pytest
import torch
from rdkit import Chem

from studio_molecules.smiles.network import NETWORKS
from studio_molecules.smiles.sampler import Prefix, meanings, sample
from studio_molecules.smiles.vocabulary import END, Vocabulary
from studio_molecules.smiles.weights import SmilesModel

READ = [
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "O=S(=O)(N1CCCC1)c1ccc2[nH]ccc2c1",
    "c1ccc2c(c1)-c1ccccc1-2",
    "C1=CC2CCC1CC2",
    "Cc1noc(-c2cscn2)c1C#N",
    "C[C@@H](N)C(=O)[O-]",
]
REFUSED = {
    "a branch that is open": "CC(C",
    "a branch that was never opened": "CC)C",
    "a ring that is open": "C1CC",
    "a ring of two atoms": "CC1C1",
    "five bonds of carbon": "CC(C)(C)(C)C",
    "two bonds of chlorine": "CClC",
    "a ring of five with an odd atom out": "c1cccc1",
    "a substituted nitrogen too many": "Cn1ccccc1",
    "a bond at the end": "CC=",
}
VOCABULARY = Vocabulary.learned([*READ, *REFUSED.values()])
NEUTRAL = Vocabulary.learned(READ[:-1])


def taken(text: str) -> bool:
    prefix = Prefix(meanings(VOCABULARY.tokens))
    return all(map(prefix.take, [*(VOCABULARY.encode(text) or ()), END]))


@pytest.mark.parametrize("text", READ)
def test_what_rdkit_reads_may_be_written(text: str) -> None:
    assert Chem.MolFromSmiles(text) is not None
    assert taken(text)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_rdkit_cannot_read_may_not(text: str) -> None:
    assert Chem.MolFromSmiles(text) is None
    assert not taken(text)


def test_a_token_that_was_refused_leaves_no_trace() -> None:
    prefix = Prefix(meanings(VOCABULARY.tokens))
    for token in "c1ccnc1":
        assert prefix.take(VOCABULARY.encode(token)[0])
    assert not prefix.take(END)  # nobody has a double bond with the last one
    assert all(map(prefix.take, [*VOCABULARY.encode("=O"), END]))


def test_a_network_that_knows_nothing_writes_molecules_once_it_is_checked() -> None:
    torch.manual_seed(4)
    model = SmilesModel(NETWORKS["recurrent"](len(NEUTRAL), 16, 1).eval(), NEUTRAL)

    def written(is_checked: bool) -> list[str]:
        rng = torch.Generator().manual_seed(0)
        *_, strings = sample(model, 200, rng, is_checked=is_checked)
        return [text for text in strings or [] if text]

    checked, raw = written(True), written(False)
    assert len(checked) > 5
    assert all(Chem.MolFromSmiles(text) for text in checked)
    assert sum(Chem.MolFromSmiles(text) is None for text in raw) > len(raw) / 2


def test_a_beginning_that_is_no_smiles_is_kept_and_not_checked() -> None:
    torch.manual_seed(4)
    model = SmilesModel(NETWORKS["recurrent"](len(VOCABULARY), 16, 1).eval(), VOCABULARY)
    *_, strings = sample(model, 40, torch.Generator().manual_seed(0), starts=["C)"] * 40)
    assert {text[:2] for text in strings or [] if text} == {"C)"}
