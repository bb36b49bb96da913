"""Molecules put together: a scaffold decorated at its points, two parts joined by a linker."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
import numpy as np
from rdkit import Chem

from studio.api import BadInput, ErrorCode, Event, StudioError, TaskContext
from studio_molecules.chem import descriptors, parser
from studio_molecules.chem.oddities import oddities
from studio_molecules.fragments import attachment, library
from studio_molecules.fragments.attachment import Part
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Decorate, Link
from studio_molecules.smiles.sampler import strings
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.titles import shortened

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
        library.common_groups(params.largest),
        partial(library.groups_of, largest=params.largest),
        f"No group of at most {params.largest} heavy atoms",
    )
    products = _Products(params, ctx.rng.seed, [scaffold.capped])
    names, numbers = list(groups), sorted(set(scaffold.points))
    for choice in _choices([len(names)] * len(numbers), ctx.rng.numpy()):
        put = {number: names[place] for number, place in zip(numbers, choice, strict=True)}
        if set(put.values()) != {Chem.CanonSmiles(library.HYDROGEN)}:
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
    linkers: library.Parts = {}
    if longest:
        linkers = yield from _parts(
            ctx,
            params,
            library.common_linkers(least, longest),
            partial(library.linkers_of, shortest=least, longest=longest),
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
    common: library.Parts,
    cut: Callable[[Chem.Mol], library.Parts],
    none: str,
) -> Generator[Event | None, None, library.Parts]:
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
