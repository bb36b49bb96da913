"""A genetic search on molecular graphs (Jensen, Chem. Sci. 2019, 10, 3567).

Parents come from a best part of the population whose size is drawn anew each time (Tripp 2023,
arXiv:2310.09267); each child that is better than the worst takes its place at once. A population
has few of one scaffold, so that it stays wide. Moves that lead to good children are made more
often. A long search begins on several islands, which become one: what one of them is caught in,
the others may not be.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, cycle

import numpy as np
from rdkit import Chem

from studio_molecules.chem import graph_mutations
from studio_molecules.chem.graph_mutations import has_macrocycle, sanitised
from studio_molecules.goals.scores import Judge, Scored

_CHAIN = Chem.MolFromSmarts("[*]-;!@[*]")
_ON_RING = Chem.MolFromSmarts("[R]-;!@[*]")
_RING_SHARE = 0.3
"""How often two molecules are crossed through a ring, where both have one."""


@dataclass(frozen=True)
class _Half:
    """A part of a molecule, and its atoms that lost a bond."""

    mol: Chem.Mol
    open: tuple[int, ...]


def cross(first: Chem.Mol, second: Chem.Mol, rng: np.random.Generator) -> Chem.Mol | None:
    """Return a part of ``first`` joined to a part of ``second``; None if it cannot exist."""
    ringed = all(mol.GetRingInfo().NumRings() for mol in (first, second))
    cut = _through_ring if ringed and rng.random() < _RING_SHARE else _through_chain
    return _joined(cut(first, rng), cut(second, rng), (first, second), rng)


def decorate(first: Chem.Mol, second: Chem.Mol, rng: np.random.Generator) -> Chem.Mol | None:
    """Return ``first`` with a substituent of ``second`` in the place of one of its own.

    A substituent is all that hangs on an atom of a ring, be it a ring itself: the scaffold stays,
    or grows by one. None if that cannot be.
    """
    one, other = _at_ring(first, rng, ring=True), _at_ring(second, rng, ring=False)
    return _joined(one, other, (first, second), rng)


def _joined(
    one: _Half | None,
    other: _Half | None,
    parents: tuple[Chem.Mol, Chem.Mol],
    rng: np.random.Generator,
) -> Chem.Mol | None:
    if one is None or other is None:
        return None
    joined = Chem.RWMol(Chem.CombineMols(one.mol, other.mol))
    shift = one.mol.GetNumAtoms()
    ends = other.open if rng.random() < 0.5 else other.open[::-1]
    for here, there in zip(one.open, ends, strict=True):
        pair = (here, shift + there)
        joined.AddBond(*pair, _order(joined, pair, rng))
        for end in pair:
            _free(joined.GetAtomWithIdx(end))
    return sanitised(joined, macrocycles=any(has_macrocycle(parent) for parent in parents))


def _free(atom: Chem.Atom) -> None:
    """Let RDKit count the hydrogens of an atom anew."""
    if not atom.GetFormalCharge():
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)


def _order(mol: Chem.RWMol, ends: tuple[int, int], rng: np.random.Generator) -> Chem.BondType:
    """Return a double bond for two atoms that lost one each, now and then; else a single one."""
    lost = all(mol.GetAtomWithIdx(end).HasProp(_DOUBLE) for end in ends)
    return Chem.BondType.DOUBLE if lost and rng.random() < 0.7 else Chem.BondType.SINGLE


_DOUBLE = "lost a double bond"


def _through_chain(mol: Chem.Mol, rng: np.random.Generator) -> _Half | None:
    """Return one side of a cut single bond."""
    cuts = mol.GetSubstructMatches(_CHAIN)
    if not cuts:
        return None
    near, far = cuts[int(rng.integers(len(cuts)))]
    return _side(mol, ((near, far),), rng)


def _at_ring(mol: Chem.Mol, rng: np.random.Generator, *, ring: bool) -> _Half | None:
    """Return a molecule without what hangs on one of its ring atoms, or what hangs there."""
    cuts = mol.GetSubstructMatches(_ON_RING)
    if not cuts:
        return None
    near, far = cuts[int(rng.integers(len(cuts)))]
    return _side(mol, ((near, far),), rng, near if ring else far)


def _through_ring(mol: Chem.Mol, rng: np.random.Generator) -> _Half | None:
    """Return one side of a ring that was cut at two bonds."""
    rings = mol.GetRingInfo().BondRings()
    ring = rings[int(rng.integers(len(rings)))]
    kekulised = Chem.Mol(mol)
    Chem.Kekulize(kekulised, clearAromaticFlags=True)
    bonds = [kekulised.GetBondWithIdx(int(n)) for n in rng.choice(ring, 2, replace=False)]
    return _side(kekulised, tuple((b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds), rng)


def _side(
    mol: Chem.Mol,
    cuts: tuple[tuple[int, int], ...],
    rng: np.random.Generator,
    holding: int | None = None,
) -> _Half | None:
    """Return one of two parts after cuts, None if these do not part it in two.

    Args:
        holding: An atom of the part that is meant; else one is drawn.
    """
    cut = Chem.RWMol(mol)
    for near, far in cuts:
        double = mol.GetBondBetweenAtoms(near, far).GetBondType() == Chem.BondType.DOUBLE
        cut.RemoveBond(near, far)
        for end in (near, far) if double else ():
            cut.GetAtomWithIdx(end).SetBoolProp(_DOUBLE, True)
    parts = Chem.GetMolFrags(cut)
    if len(parts) != 2:
        return None
    drawn = parts[int(rng.integers(2))]
    remaining = set(drawn if holding is None else next(part for part in parts if holding in part))
    ends = [end for pair in cuts for end in pair if end in remaining]
    if len(ends) != len(cuts) or len(set(ends)) != len(ends):
        return None  # both ends of a cut are on one side, or one atom has lost two bonds
    cut.BeginBatchEdit()
    for atom in range(mol.GetNumAtoms()):
        if atom not in remaining:
            cut.RemoveAtom(atom)
    cut.CommitBatchEdit()
    order = sorted(remaining)
    return _Half(cut.GetMol(), tuple(order.index(end) for end in ends))


_BATCH = 32
"""Children that the model writes at a time."""
_BLIND_CROSSED = 0.9
"""How often two are crossed while nothing is worth anything: that reaches farther than edits."""
_TRIES = 20
"""Edits that may fail for one child before its place stays empty."""
CROSSED, BOTH = "crossed", "crossed and edited"
DECORATED = "substituent exchanged"
REWRITTEN = "rewritten by the model"

Rewrite = Callable[[Sequence[Scored]], Generator[None, None, list[tuple[Scored, Chem.Mol]]]]
"""Writes children of parents with the model; each comes with its parent."""


@dataclass(frozen=True)
class Settings:
    """Sizes of the search.

    Attributes:
        budget: Molecules it may score: islands join as it is used up.
        population: Molecules of an island.
        per_scaffold: How many of them may share a ring scaffold.
        pressure: Parents come from a best part, down to one in ten to the power of this.
        generation: Children between two reports.
        islands: How many there are at first, a power of two.
        rewritten: Share of the children that the model writes.
        macrocycles: Whether edits may close rings of twelve atoms and more.
    """

    budget: int = 10_000
    population: int = 150
    per_scaffold: int = 5
    pressure: float = 1.0
    generation: int = 100
    islands: int = 1
    rewritten: float = 0.05
    macrocycles: bool = False


def sized(budget: int) -> Settings:
    """Return settings for a budget: from 20,000 molecules on it begins with islands."""
    islands = 1
    while islands < _MOST_ISLANDS and budget >= 20_000 * islands:
        islands *= 2
    return Settings(budget, islands=islands)


_MOST_ISLANDS, _STAGE = 8, 0.2
"""A stage between two unions is this part of the budget; the first has all the rest."""


class _Island:
    """A population, best first, and the moves that served it."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        self.people: list[Scored] = []
        edits = graph_mutations.edits(macrocycles=settings.macrocycles)
        self.moves = _Moves((CROSSED, BOTH, DECORATED, *edits), rng)
        self._settings, self._scaffolds = settings, Counter[str]()

    def take(self, new: Scored) -> bool:
        """Let a molecule in, if it is good enough; return whether it is of the better half.

        Of equals the newest stays, so that the search moves on. While nothing is worth anything,
        all stay, and what came first is the likeliest to be a parent.
        """
        people, most = self.people, self._settings.population
        if len(people) >= most and new.score < people[-1].score:
            new.held = None
            return False
        if new.scaffold and self._scaffolds[new.scaffold] >= self._settings.per_scaffold:
            kin = (n for n in reversed(range(len(people))) if people[n].scaffold == new.scaffold)
            worst = next(kin)
            if people[worst].score > new.score:
                new.held = None
                return False
            self._drop(worst)
        if new.score <= 0 and len(people) >= most:
            new.held = None  # so many may stay that they would fill the memory
        place = bisect_left(people, -new.score, key=_loss) if new.score > 0 else len(people)
        people.insert(place, new)
        self._scaffolds[new.scaffold] += 1
        while len(people) > most and people[0].score > 0:
            self._drop(len(people) - 1)
        return new.score > people[len(people) // 2].score

    def _drop(self, place: int) -> None:
        gone = self.people.pop(place)
        gone.held = None
        self._scaffolds[gone.scaffold] -= 1

    def parent(self, rng: np.random.Generator) -> Scored:
        """Draw from a best part of the population, whose size is drawn first."""
        part = 10 ** (-self._settings.pressure * rng.random())
        return self.people[int(len(self.people) * part * rng.random())]


def _loss(scored: Scored) -> float:
    return -scored.score


@dataclass
class _Moves:
    """How often each move led to a good child; what does so is made more often."""

    names: tuple[str, ...]
    rng: np.random.Generator
    tried: Counter[str] = field(default_factory=Counter)
    won: Counter[str] = field(default_factory=Counter)

    def draw(self) -> str:
        rates = ((self.won[name] + 1) / (self.tried[name] + 2) + _LEAST for name in self.names)
        shares = list(accumulate(rates))
        return self.names[bisect_left(shares, self.rng.random() * shares[-1])]

    def learn(self, name: str, *, won: bool) -> None:
        self.tried[name] += 1
        self.won[name] += won
        if self.tried[name] > _MEMORY:
            self.tried[name] //= 2
            self.won[name] //= 2


_LEAST, _MEMORY = 0.02, 400


def search(
    judge: Judge,
    first: Iterable[Chem.Mol],
    rng: np.random.Generator,
    settings: Settings,
    rewrite: Rewrite | None = None,
) -> Iterator[list[Scored] | None]:
    """Yield None after every child, and a population, best first, after every generation.

    It never ends, unless nothing of ``first`` can be scored.
    """
    islands = [_Island(settings, rng) for _ in range(settings.islands)]
    for mol, island in zip(first, cycle(islands)):
        scored = judge(mol, operation="given")
        if scored is not None:
            island.take(scored)
        yield None
    islands = [candidate for candidate in islands if candidate.people]
    while islands:
        for island in islands:
            yield island.people
            yield from _generation(island, judge, rng, settings, rewrite)
        if len(islands) > 1 and len(judge.seen) >= _union(len(islands), settings.budget):
            islands = _united(islands)


def _union(islands: int, budget: int) -> float:
    """Return how many molecules must be scored before so many islands become half as many."""
    return budget * (1 - _STAGE * (islands.bit_length() - 1))


def _united(islands: list[_Island]) -> list[_Island]:
    """Return half as many: each takes in another."""
    half = (len(islands) + 1) // 2
    for island, other in zip(islands[:half], islands[half:]):
        for person in other.people:
            island.take(person)
    return islands[:half]


def _generation(
    island: _Island,
    judge: Judge,
    rng: np.random.Generator,
    settings: Settings,
    rewrite: Rewrite | None,
) -> Iterator[None]:
    if rewrite is not None and rng.random() < settings.rewritten * settings.generation / _BATCH:
        for parent, mol in (yield from rewrite([island.parent(rng) for _ in range(_BATCH)])):
            scored = None if judge.constraints.broken(mol) else judge(mol, parent.smiles, REWRITTEN)
            if scored is not None:
                island.take(scored)
            yield None
    for _ in range(settings.generation):
        _breed(island, judge, rng, settings)
        yield None


def _breed(island: _Island, judge: Judge, rng: np.random.Generator, settings: Settings) -> None:
    """Make one child that is new, and let it in if it is good enough."""
    for _ in range(_TRIES):
        is_blind = island.people[0].score <= 0 and rng.random() < _BLIND_CROSSED
        move = CROSSED if is_blind else island.moves.draw()
        offspring = _child(move, island, judge, rng, settings)
        scored = judge(*offspring) if offspring is not None else None
        island.moves.learn(move, won=scored is not None and island.take(scored))
        if scored is not None:
            return


def _child(
    move: str, island: _Island, judge: Judge, rng: np.random.Generator, settings: Settings
) -> tuple[Chem.Mol, str, str] | None:
    """Return a child, its parent and the operation; None if impossible."""
    parent, operations = island.parent(rng), list[str]()
    mol: Chem.Mol | None = parent.mol
    if move == DECORATED:
        mol = decorate(parent.mol, island.parent(rng).mol, rng)
        operations.append(DECORATED)
    elif move in (CROSSED, BOTH):
        mol = cross(parent.mol, island.parent(rng).mol, rng)
        operations.append(CROSSED)
    if move not in (CROSSED, DECORATED) and mol is not None:
        edit, fixed, large = (
            "" if move == BOTH else move,
            judge.constraints.fixed_atoms(mol),
            settings.macrocycles,
        )
        edited = graph_mutations.mutate(mol, rng, fixed, edit, macrocycles=large)
        mol, edit = edited or (None, "")
        operations.append(edit)
    if mol is None or judge.constraints.broken(mol):
        return None
    return mol, parent.smiles, ", ".join(operations)
