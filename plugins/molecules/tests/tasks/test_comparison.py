"""Two tables of molecules differ by canonical SMILES, and by figures beyond a tolerance."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from studio.api import BadInput
from studio.api.comparison import Difference
from studio.testing.plugins import run_task
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.schema import Compare
from studio_molecules.tasks.comparison import compare


def table(*smiles: str, qed: float = 0.5) -> bytes:
    return to_csv([Molecule(each, figures={"qed": qed}) for each in smiles])


def told(before: bytes, after: bytes) -> Difference:
    made = run_task(compare, Compare(), inputs={"before": before, "after": after})
    return msgspec.convert(dict(made.result), Difference)


def values(found: Difference) -> Sequence[float]:
    return [effect.value for effect in found.effects]


def test_molecules_are_told_by_what_they_are_not_by_how_they_are_written() -> None:
    found = told(table("CCO", "CCN", "CCN"), table("OCC", "CCN", "CCS"))
    assert values(found) == [1, 1, 0]
    assert found.words == "1 molecule was added and 1 molecule was removed"
    assert not found.is_within
    same = told(table("CCO", "CCN"), table("NCC", "CCO"))
    assert same.is_within
    assert same.words == "the molecules are the same, in another order"


def test_figures_may_differ_a_little() -> None:
    near = told(table("CCO"), table("CCO", qed=0.50001))
    assert near.is_within
    assert values(near)[2] == pytest.approx(2e-5, rel=0.01)
    far = told(table("CCO"), table("CCO", qed=0.25))
    assert not far.is_within
    assert far.words == "figures differ by up to 50%"


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(BadInput, match="no two tables"):
        run_task(compare, Compare(), inputs={"before": table("CCO")})
    with pytest.raises(BadInput, match="not a molecule table"):
        told(table("CCO"), b"\xff")
