"""Molecules put together: a scaffold decorated at its points, two parts joined by a linker."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
import numpy as np
from rdkit import Chem
from rdkit.Chem import BRICS

from studio.api import BadInput, ErrorCode, Event, StudioError, TaskContext
from studio_molecules.chem import descriptors, parser
from studio_molecules.chem.oddities import oddities
from studio_molecules.fragments import attachment
from studio_molecules.fragments.attachment import Part, length
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Decorate, Link
from studio_molecules.smiles.sampler import strings
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.titles import shortened

HYDROGEN = "*[H]"

GROUPS = """
*[H] *C *CC *CCC *C(C)C *C(C)(C)C *CC(C)C *C1CC1 *C1CCC1 *C1CCCC1 *C1CCCCC1 *CC1CC1 *F *Cl *Br
*C(F)(F)F *C(F)F *OC *OCC *OC(C)C *OC(F)(F)F *OC(F)F *O *CO *CCO *COC *CCOC *OCCO *OCCOC *OCCN(C)C
*N *NC *N(C)C *NC(C)=O *NC(N)=O *NS(C)(=O)=O *CN *CNC *CN(C)C *CCN(C)C *C#N *CC#N *C(N)=O *C(=O)NC
*C(=O)N(C)C *C(C)=O *C(=O)O *C(=O)OC *CC(=O)O *S(C)(=O)=O *S(N)(=O)=O *S(=O)(=O)NC *SC *C#C *C=C
*N1CCC1 *N1CCCC1 *N1CCCCC1 *N1CCOCC1 *N1CCN(C)CC1 *N1CCNCC1 *C1CCNCC1 *C1CCOCC1 *C1COC1
*CN1CCOCC1 *C(=O)N1CCOCC1 *c1ccccc1 *Cc1ccccc1 *c1ccc(F)cc1 *c1ccc(Cl)cc1 *c1ccc(C)cc1
*c1ccc(OC)cc1 *c1cccc(F)c1 *c1ccncc1 *c1cccnc1 *c1ccccn1 *c1cncnc1 *c1cn[nH]c1 *c1cnn(C)c1
*c1nnn[nH]1 *c1ncc[nH]1 *c1ccsc1 *c1cccs1 *c1ccco1 *c1cnco1 *c1nnc(C)o1 *Oc1ccccc1 *OCc1ccccc1
*NC(=O)c1ccccc1 *C(=O)Nc1ccccc1
"""
"""What medicinal chemists put at a point first; hydrogen is one of them."""

LINKERS = """
*C* *CC* *CCC* *CCCC* *O* *CO* *COC* *CCO* *OCCO* *CCOCC* *CCOCCO* *CCOCCOCC* *N* *N(C)* *CN*
*CN(C)* *CNC* *CN(C)C* *CCN* *CCNCC* *NCCN* *C(=O)* *C(=O)N* *C(=O)NC* *C(=O)N(C)* *CC(=O)N*
*CC(=O)NC* *NC(=O)N* *OC(=O)N* *S* *CS* *S(=O)(=O)* *S(=O)(=O)N* *S(=O)(=O)NC* *C#C*
*/C=C/* *C1CC1* *C1CCC(*)CC1 *C1CN(*)C1 *N1CCC(*)C1 *N1CCC(*)CC1 *N1CCN(*)CC1 *CN1CCN(*)CC1
*C(=O)N1CCN(*)CC1 *CN1CCC(*)CC1 *OC1CCN(*)CC1 *NC1CCN(*)CC1 *C1CCCCC1* *c1ccc(*)cc1
*c1cccc(*)c1 *c1ccc(*)nc1 *c1cnc(*)nc1 *c1cnn(*)c1 *c1cn(*)nn1 *Cc1cn(*)nn1 *c1nnc(*)o1
*c1nc(*)no1 *c1nc(*)cs1 *Cc1ccc(*)cc1 *Oc1ccc(*)cc1 *OCc1ccc(*)cc1
"""
"""What two parts are often joined by."""

Parts = Mapping[str, Chem.Mol]
"""Canonical SMILES, with a star at each point → the part."""


def common_groups(largest: int) -> Parts:
    """Return the groups of the table with at most ``largest`` heavy atoms."""
    return dict(_named(part for part in _read(GROUPS) if _heavy(part) <= largest))


def common_linkers(shortest: int, longest: int) -> Parts:
    """Return the linkers of the table that are so many atoms long."""
    return dict(_named(part for part in _read(LINKERS) if shortest <= length(part) <= longest))


def groups_of(mol: Chem.Mol, largest: int) -> Parts:
    """Return both sides of every cut of a molecule, as far as they are small enough."""
    sides = itertools.chain.from_iterable(_pieces(mol, (bond,)) for bond in _cuts(mol))
    return dict(_named(side for side in sides if _heavy(side) <= largest))


def linkers_of(mol: Chem.Mol, shortest: int, longest: int) -> Parts:
    """Return what lies between any two cuts of a molecule and is so many atoms long."""
    pairs = itertools.combinations(_cuts(mol), 2)
    pieces = itertools.chain.from_iterable(_pieces(mol, pair) for pair in pairs)
    inner = (piece for piece in pieces if _points(piece) == 2)
    return dict(_named(piece for piece in inner if shortest <= length(piece) <= longest))


def _read(table: str) -> Iterator[Chem.Mol]:
    return map(Chem.MolFromSmiles, table.split())


def _named(parts: Iterable[Chem.Mol]) -> Iterator[tuple[str, Chem.Mol]]:
    return ((Chem.MolToSmiles(part), part) for part in parts)


def _cuts(mol: Chem.Mol) -> list[int]:
    bonds = [atoms for atoms, _kinds in BRICS.FindBRICSBonds(mol)]
    return [mol.GetBondBetweenAtoms(*atoms).GetIdx() for atoms in bonds]


def _pieces(mol: Chem.Mol, bonds: tuple[int, ...]) -> tuple[Chem.Mol, ...]:
    cut = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(0, 0)] * len(bonds))
    pieces: tuple[Chem.Mol, ...] = Chem.GetMolFrags(cut, asMols=True, sanitizeFrags=True)
    return pieces


def _points(part: Chem.Mol) -> int:
    return sum(atom.GetAtomicNum() == 0 for atom in part.GetAtoms())


def _heavy(part: Chem.Mol) -> int:
    """Return its heavy atoms, without the points."""
    return sum(atom.GetAtomicNum() > 1 for atom in part.GetAtoms())


_DRAWN = 256
"""Strings that the model writes to be cut into parts."""

_PATIENCE = 50
"""Combinations that may be tried for one molecule that is wanted."""

_LISTED = 100_000
"""So many combinations are shuffled as a list; of more, some are drawn."""


@dataclass
class _Products:
    """Molecules so far, without duplicates, odd ones, or ones more troublesome than before."""

    params: Decorate | Link
    seed: int
    before: Sequence[Chem.Mol]
    """What they are made from, with hydrogen at the points."""
    molecules: dict[str, Molecule] = field(default_factory=dict)
    tried: int = 0
    unmade: int = 0
    """Those that cannot exist, or have a new bond that chemists do not make."""
    odd: int = 0
    flagged: int = 0

    def __post_init__(self) -> None:
        self._alerts = sum(len(descriptors.alerts(mol)) for mol in self.before)
        self._odd = sum(len(oddities(mol)) for mol in self.before)

    @property
    def complete(self) -> bool:
        """Whether there are enough, or too much was tried."""
        count = self.params.count
        return len(self.molecules) >= count or self.tried >= _PATIENCE * count

    def offer(self, mol: Chem.Mol | None, operation: str, row: Molecule) -> None:
        """Take one in; ``row`` has what else is said of it."""
        self.tried += 1
        smiles = Chem.MolToSmiles(mol) if mol is not None else ""
        self.unmade += mol is None
        if mol is None or smiles in self.molecules:
            return
        if not self.params.odd and len(oddities(mol)) > self._odd:
            self.odd += 1
            return
        figures = {**descriptors.describe(mol), **row.figures}
        if self.params.no_new_alerts and figures["alerts"] > self._alerts:
            self.flagged += 1
            return
        self.molecules[smiles] = msgspec.structs.replace(
            row, smiles=smiles, operation=operation, seed=self.seed, figures=figures
        )

    def progress(self, ctx: TaskContext) -> Event:
        """Tell how many there are."""
        done, wanted = len(self.molecules), self.params.count
        return ctx.progress(done, wanted, f"{done} of {wanted}, {self.tried:,} tried")


def decorate(ctx: TaskContext, params: Decorate) -> Iterator[Event | None]:
    """Put groups at the points of a scaffold; yield the table, the most drug-like (QED) first.

    Points of the same number get the same group. Each row says in columns R1, R2, … which.
    """
    scaffold = attachment.read(params.scaffold, "scaffold")
    groups = yield from _parts(
        ctx,
        params,
        common_groups(params.largest),
        partial(groups_of, largest=params.largest),
        f"No group of at most {params.largest} heavy atoms",
    )
    products = _Products(params, ctx.rng.seed, [scaffold.capped])
    names, numbers = list(groups), sorted(set(scaffold.points))
    for choice in _choices([len(names)] * len(numbers), ctx.rng.numpy()):
        put = {number: names[place] for number, place in zip(numbers, choice, strict=True)}
        if set(put.values()) != {Chem.CanonSmiles(HYDROGEN)}:
            at_points = [groups[put[number]] for number in scaffold.points]
            words = {f"R{number}": name for number, name in put.items()}
            row = Molecule("", parent=scaffold.smiles, words=words)
            products.offer(
                attachment.joined(scaffold.mol, at_points, any_bond=params.odd), "decorated", row
            )
        yield products.progress(ctx)
        if products.complete:
            break
    yield from _result(ctx, products, scaffold.smiles, "Choose more or larger groups.")


def link(ctx: TaskContext, params: Link) -> Iterator[Event | None]:
    """Join two parts by linkers; yield the table, the most drug-like (QED) first.

    A linker is tried both ways round. Each row says which, and how many atoms long it is.
    """
    first, second = _end(params.first, "first fragment"), _end(params.second, "second fragment")
    shortest, longest = params.shortest, params.longest
    if shortest > longest:
        raise BadInput(f"The shortest linker ({shortest}) is longer than the longest ({longest}).")
    products = _Products(params, ctx.rng.seed, [first.capped, second.capped])
    parent = f"{first.smiles}.{second.smiles}"
    if shortest == 0:
        row = Molecule("", parent=parent, figures={"Linker length": 0.0})
        products.offer(
            attachment.joined(first.mol, [second.mol], any_bond=params.odd), "joined directly", row
        )
    least = max(1, shortest)
    linkers: Parts = {}
    if longest:
        linkers = yield from _parts(
            ctx,
            params,
            common_linkers(least, longest),
            partial(linkers_of, shortest=least, longest=longest),
            f"No linker of {shortest} to {longest} atoms",
        )
    names = list(linkers)
    for place, turned in _choices([len(names), 2], ctx.rng.numpy()):
        if products.complete:
            break
        linker = linkers[names[place]]
        ends = [second.mol, first.mol] if turned else [first.mol, second.mol]
        figures = {"Linker length": float(attachment.length(linker))}
        row = Molecule("", parent=parent, figures=figures, words={"Linker": names[place]})
        products.offer(attachment.joined(linker, ends, any_bond=params.odd), "linked", row)
        yield products.progress(ctx)
    yield from _result(ctx, products, parent, "Allow longer linkers.")


def _end(smiles: str, called: str) -> Part:
    part = attachment.read(smiles, called)
    if len(part.points) != 1:
        raise BadInput(
            f"The {called} has {len(part.points)} attachment points; it must have one.",
            "To put groups at several, decorate it as a scaffold.",
        )
    return part


def _parts(
    ctx: TaskContext,
    params: Decorate | Link,
    common: Parts,
    cut: Callable[[Chem.Mol], Parts],
    none: str,
) -> Generator[Event | None, None, Parts]:
    """Return the parts of the sources that were asked for; ``none`` begins the error without."""
    parts = dict(common) if params.source != "generated" else {}
    if params.source != "common":
        with ctx.lease(params.weights) as model:

            def says() -> Event:
                return ctx.progress(0, params.count, "Generating fragments")

            texts = yield from strings(ctx, model, _DRAWN, ctx.rng.torch("cpu"), says)
        for text in texts:
            mol = parser.valid(text)
            if mol is not None:
                parts |= cut(mol)
            yield None
    if not parts:
        raise StudioError(ErrorCode.NOT_FOUND, f"{none} was found.", "Change the limits.")
    return parts


def _choices(sizes: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Yield one place in each of several lists, none twice, in an order drawn at random."""
    total = math.prod(sizes)
    if total <= _LISTED:
        for number in rng.permutation(total):
            yield tuple(int(place) for place in np.unravel_index(int(number), sizes))
        return
    seen: set[tuple[int, ...]] = set()
    while len(seen) < total // 2:
        choice = tuple(int(rng.integers(size)) for size in sizes)
        if choice not in seen:
            seen.add(choice)
            yield choice


def _result(
    ctx: TaskContext, products: _Products, parent: str, hint: str
) -> Iterator[Event | None]:
    counts = {"tried": products.tried, "odd": products.odd, "with_alerts": products.flagged}
    counts["unmade"] = products.unmade
    if not products.molecules:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"Nothing came of {counted(products.tried, 'combination')}: {products.unmade:,} with "
            f"bonds that chemists do not make, {products.odd:,} with unusual groups, "
            f"{products.flagged:,} with new alerts.",
            f"{hint} Or allow unusual groups and new alerts.",
        )
    ranked = sorted(products.molecules.values(), key=lambda molecule: -molecule.figures["qed"])
    title = f"{counted(len(ranked))} from {shortened(parent, 40)}"
    yield from finish(ctx, ranked, title, parent=parent, **counts)
