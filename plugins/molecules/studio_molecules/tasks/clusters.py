"""The task ``molecules.cluster``: clusters, scaffolds, R-groups and a diverse pick of a set.

Every row stays, in its order; what is found out stands in columns beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import msgspec
from rdkit import Chem, DataStructs
from rdkit.Chem.rdRGroupDecomposition import RGroupDecomposition
from rdkit.Chem.Scaffolds import MurckoScaffold
from rdkit.SimDivFilters import rdSimDivPickers

from studio.api import BadInput, Event, TaskContext
from studio_molecules.chem import depiction, descriptors
from studio_molecules.chem.parser import valid
from studio_molecules.molecule import Molecule
from studio_molecules.schema import Cluster
from studio_molecules.tasks.table_artifact import counted, finish
from studio_molecules.tasks.table_input import given

CLUSTER, SIZE, CENTRE = "Cluster", "Cluster size", "Cluster centre"
SCAFFOLD, SHARED, PICK = "Scaffold", "Scaffold size", "Diverse pick"
BUTINA_MOST = 20_000
"""Rows up to which every pair is compared; of more, leaders are picked and the others join them."""
_BETWEEN_STEPS = 64
_SEED = 1

_Bits = list[DataStructs.ExplicitBitVect]
_Steps = Generator[Event | None, None, list[list[int]]]


def cluster(ctx: TaskContext, params: Cluster) -> Iterator[Event | None]:
    """Yield the table with the columns beside each row.

    Clusters are those of Butina (J. Chem. Inf. Comput. Sci. 1999, 39, 747) on Morgan fingerprints;
    the pick is MaxMin; scaffolds are Bemis and Murcko's.

    Raises:
        BadInput: There are no molecules, or the core is no SMARTS.
    """
    core = depiction.pattern_of(params.core)
    molecules, name, problems = yield from given(ctx, params)
    read = [(place, valid(item.smiles)) for place, item in enumerate(molecules)]
    mols = {place: mol for place, mol in read if mol is not None}
    places = list(mols)
    bits: _Bits = []
    figures: list[dict[str, float]] = [{} for _ in molecules]
    words: list[dict[str, str]] = [{} for _ in molecules]
    for number, place in enumerate(places, 1):
        bits.append(descriptors.fingerprint(mols[place]))
        words[place][SCAFFOLD] = MurckoScaffold.MurckoScaffoldSmiles(mol=mols[place])
        if number % _BETWEEN_STEPS == 0:
            yield ctx.progress(number, len(places), f"{number:,} fingerprints")
    groups = yield from _clusters(ctx, bits, params.similarity)
    for number, group in enumerate(groups, 1):
        for member in group:
            figures[places[member]] |= {CLUSTER: number, SIZE: len(group), CENTRE: 0.0}
        figures[places[group[0]]][CENTRE] = 1.0
    shared = Counter(item[SCAFFOLD] for item in words if item)
    for place in places:
        figures[place][SHARED] = shared[words[place][SCAFFOLD]]
    for rank, picked in enumerate(_diverse(bits, params.pick), 1):
        figures[places[picked]][PICK] = rank
    if core is not None:
        matched = yield from _r_groups(ctx, core, [mols[place] for place in places])
        for place, matches in zip(places, matched, strict=True):
            words[place] |= matches
    clustered = [
        _with(molecule, figures[place], words[place]) for place, molecule in enumerate(molecules)
    ]
    counts = {"clusters": len(groups), "scaffolds": len(shared), **problems}
    title = f"{counted(len(groups), 'cluster')} of {name}"
    yield from finish(ctx, clustered, title, **counts)


def _with(molecule: Molecule, figures: dict[str, float], words: dict[str, str]) -> Molecule:
    """Return a row with its columns; those of an earlier run go."""
    ours = {CLUSTER, SIZE, CENTRE, SCAFFOLD, SHARED, PICK}
    other_figures = {id: value for id, value in molecule.figures.items() if id not in ours}
    remaining = {title: text for title, text in molecule.words.items() if title not in ours}
    texts = {title: text for title, text in words.items() if text}
    return msgspec.structs.replace(
        molecule, figures=other_figures | figures, words=remaining | texts
    )


def _clusters(ctx: TaskContext, bits: _Bits, similarity: float) -> _Steps:
    """Return places in clusters, the largest first, the centre of each first."""
    if len(bits) > BUTINA_MOST:
        return (yield from _led(ctx, bits, similarity))
    near: list[list[int]] = [[] for _ in bits]
    for place, own in enumerate(bits):
        likeness = DataStructs.BulkTanimotoSimilarity(own, bits[:place])
        for other, value in enumerate(likeness):
            if value >= similarity:
                near[place].append(other)
                near[other].append(place)
        if place % _BETWEEN_STEPS == 0:
            yield ctx.progress(place, len(bits), f"{place:,} compared")
    free, groups = [True] * len(bits), []
    for centre in sorted(range(len(bits)), key=lambda place: -len(near[place])):
        if free[centre]:
            group = [centre, *(place for place in near[centre] if free[place])]
            for place in group:
                free[place] = False
            groups.append(group)
    return sorted(groups, key=len, reverse=True)


def _led(ctx: TaskContext, bits: _Bits, similarity: float) -> _Steps:
    """Return clusters around leaders that are not alike; linear in the rows for each leader."""
    picker = rdSimDivPickers.LeaderPicker()
    leaders = yield from ctx.in_thread(
        lambda: list(picker.LazyBitVectorPick(bits, len(bits), 1 - similarity))
    )
    chosen = [bits[leader] for leader in leaders]
    groups = [[leader] for leader in leaders]
    led = set(leaders)
    for place, own in enumerate(bits):
        if place not in led:
            likeness = DataStructs.BulkTanimotoSimilarity(own, chosen)
            groups[max(range(len(chosen)), key=likeness.__getitem__)].append(place)
        if place % _BETWEEN_STEPS == 0:
            yield ctx.progress(place, len(bits), f"{place:,} compared")
    return sorted(groups, key=len, reverse=True)


def _diverse(bits: _Bits, count: int) -> list[int]:
    if not count or not bits:
        return []
    picker = rdSimDivPickers.MaxMinPicker()
    return list(
        picker.LazyBitVectorPick(bits, len(bits), min(count, len(bits)), firstPicks=[], seed=_SEED)
    )


def _r_groups(
    ctx: TaskContext, core: Chem.Mol, mols: Sequence[Chem.Mol]
) -> Generator[Event | None, None, list[dict[str, str]]]:
    """Return what stands at each place of a core; nothing for a molecule without it."""
    groups: list[dict[str, str]] = [{} for _ in mols]
    work: Any = RGroupDecomposition(core)
    added = []
    for place, mol in enumerate(mols):
        if work.Add(mol) >= 0:
            added.append(place)
        if place % _BETWEEN_STEPS == 0:
            yield ctx.progress(place, len(mols), f"{len(added):,} with the core")
    if not added:
        raise BadInput(
            "None of the molecules contains the core.", "Check it, or leave the core empty."
        )
    yield from ctx.in_thread(work.Process)
    for place, row in zip(added, work.GetRGroupsAsRows(asSmiles=True), strict=True):
        groups[place] = {label: text for label, text in row.items() if label != "Core"}
    return groups
