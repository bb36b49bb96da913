"""The genetic search: who lives on an island, how islands join, which moves are made."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import pytest
from rdkit import Chem

from studio_molecules.goals import genetic, stereo
from studio_molecules.goals.genetic import Settings, decorate
from studio_molecules.goals.scores import Judge, Scored
from studio_molecules.tasks import optimisation

CHAINS = [Chem.MolFromSmiles("C" * count + "O") for count in range(1, 9)]
RINGS = [Chem.MolFromSmiles("C" * count + "c1ccccc1") for count in range(1, 9)]


def nitrogens(mol: Chem.Mol) -> tuple[float, dict[str, float]]:
    return min(1.0, sum(atom.GetAtomicNum() == 7 for atom in mol.GetAtoms()) / 6), {}


def run(
    judge: Judge, first: Sequence[Chem.Mol], budget: int, settings: Settings
) -> list[list[str]]:
    """Search until so many are scored; return the population of each generation."""
    seen = []
    for people in genetic.search(judge, first, np.random.default_rng(1), settings):
        if people is not None:
            seen.append([each.smiles for each in people])
        if len(judge.seen) >= budget:
            break
    return seen


def island(settings: Settings) -> genetic._Island:
    return genetic._Island(settings, np.random.default_rng(0))


def scored(mol: Chem.Mol, score: float) -> Scored:
    return Scored(Chem.MolToSmiles(mol), mol, score, {})


def test_an_island_keeps_the_best_and_few_of_one_ring_scaffold() -> None:
    home = island(Settings(population=4, per_scaffold=2))
    for place, mol in enumerate(RINGS):
        home.take(scored(mol, 0.5 + place / 100))
    assert [each.score for each in home.people] == pytest.approx([0.57, 0.56])
    for place, mol in enumerate(CHAINS):
        home.take(scored(mol, place / 100))
    assert len(home.people) == 4, "chains have no scaffold to be counted by"
    assert [each.score for each in home.people] == sorted(
        (each.score for each in home.people), reverse=True
    )
    assert not home.take(scored(RINGS[0], 0.1))


def test_while_nothing_is_worth_anything_all_stay() -> None:
    home = island(Settings(population=2))
    for mol in CHAINS:
        home.take(scored(mol, 0.0))
    assert [each.held for each in home.people] == CHAINS[:2] + 6 * [None], "memory is bounded"
    home.take(scored(RINGS[0], 0.1))
    assert len(home.people) == 2
    assert home.people[0].smiles == Chem.MolToSmiles(RINGS[0])


def test_what_is_let_go_is_read_again_when_it_is_needed() -> None:
    home = island(Settings(population=1))
    first, second = scored(CHAINS[0], 0.1), scored(CHAINS[1], 0.2)
    home.take(first)
    home.take(second)
    assert (first.held, second.held) == (None, CHAINS[1])
    assert Chem.MolToSmiles(first.mol) == first.smiles


def test_islands_become_one_as_the_budget_is_used() -> None:
    budgets = (100, 19_999, 20_000, 50_000, 100_000)
    assert [genetic.sized(budget).islands for budget in budgets] == [1, 1, 2, 4, 8]
    settings = Settings(500, population=4, generation=20, islands=4)
    generations = run(Judge(nitrogens), [*CHAINS, *RINGS], 60, settings)
    assert not set.intersection(*map(set, generations[:4])), "each begins with its own"
    joined = [islands for islands in (4, 2) if genetic._union(islands, 500) <= 320]
    assert joined == [4], "the second union comes later"
    homes = [island(settings) for _ in range(2)]
    for place, mol in enumerate(CHAINS):
        homes[place % 2].take(scored(mol, place / 10))
    (one,) = genetic._united(homes)
    assert [each.score for each in one.people] == pytest.approx([0.7, 0.6, 0.5, 0.4])


def test_a_substituent_of_another_takes_the_place_of_one() -> None:
    first, second = map(Chem.MolFromSmiles, ("Cc1ccncc1", "OC(=O)C1CCCCC1"))
    rng = np.random.default_rng(0)
    made = {Chem.MolToSmiles(mol) for _ in range(8) if (mol := decorate(first, second, rng))}
    assert made == {"O=C(O)c1ccncc1"}
    assert decorate(first, CHAINS[0], rng) is None, "nothing hangs on a ring there"


def test_moves_that_lead_to_good_children_are_made_more_often() -> None:
    moves = genetic._Moves(("good", "bad"), np.random.default_rng(0))
    for _ in range(100):
        moves.learn("good", won=True)
        moves.learn("bad", won=False)
    drawn = [moves.draw() for _ in range(300)]
    assert 0 < drawn.count("bad") < 60


def test_the_search_finds_what_is_asked_for_from_what_has_none_of_it() -> None:
    judge = Judge(lambda mol: (min(1.0, 2 * nitrogens(mol)[0]), {}))
    run(judge, CHAINS, 400, genetic.sized(400))
    assert judge.top == 1
    assert [each.step for each in judge.seen.values()] == list(range(1, len(judge.seen) + 1))
    assert judge.best(5) == sorted(judge.seen.values(), key=lambda each: -each.score)[:5]


def test_children_that_the_model_writes_are_scored_with_their_parent() -> None:
    def rewrite(parents: Sequence[Scored]) -> Generator[None, None, list[tuple[Scored, Chem.Mol]]]:
        yield None
        return [(parents[0], Chem.MolFromSmiles("NNNNNN"))]

    judge = Judge(nitrogens)
    run(judge, CHAINS, 60, Settings(generation=10, rewritten=3.2))
    assert "NNNNNN" not in judge.seen, "the control"
    steps = genetic.search(
        judge, CHAINS[:1], np.random.default_rng(1), Settings(rewritten=1.0), rewrite
    )
    judge.seen.clear()
    while "NNNNNN" not in judge.seen:
        next(steps)
    found = judge.seen["NNNNNN"]
    assert (found.operation, found.parent) == (genetic.REWRITTEN, Chem.MolToSmiles(CHAINS[0]))


def test_a_search_is_content_with_a_score_or_once_nothing_better_comes() -> None:
    judge = Judge(nitrogens)
    judge(Chem.MolFromSmiles("NN"))
    assert not optimisation.Contentment().reached(judge)
    assert not optimisation.Contentment(score=0.4).reached(judge)
    assert "score of 0.3" in optimisation.Contentment(score=0.3).reached(judge)
    patient = optimisation.Contentment(without_gain=3)
    assert not patient.reached(judge)
    for mol in CHAINS[:2]:
        judge(mol)
    assert not patient.reached(judge)
    judge(CHAINS[2])
    assert "last 3 molecules" in patient.reached(judge)
    point = optimisation.curve(judge)
    assert (point["scored"], point["top"]) == (4, [["NN", pytest.approx(1 / 3), 1]])


def test_stereo_is_left_out_or_written_out() -> None:
    alanine = Chem.MolFromSmiles("C[C@H](N)C(=O)O")
    assert Chem.MolToSmiles(stereo.flat(alanine)) == "CC(N)C(=O)O"
    assert len(stereo.isomers(alanine)) == 1
    both = {Chem.MolToSmiles(mol) for mol in stereo.isomers(Chem.MolFromSmiles("CC(N)C(=O)O"))}
    assert len(both) == 2
    assert Chem.MolToSmiles(alanine) in both
