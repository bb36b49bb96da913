"""The end of a task on molecules: a table as an artifact, checks and notices, plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from studio.api import Check, Event, Kind, TaskContext, Verdict
from studio_molecules.chem import depiction, hazard_screen, parser
from studio_molecules.molecule import READ, Molecule, from_csv, to_csv
from studio_molecules.properties import FIGURES

_SHOWN = 10_000
"""Molecules that go into the plain result at most; the table has all of them."""

_SHOWN_FIGURES = 200_000
"""Figures that go into the plain result: as many molecules as these are enough for."""

_SEARCHED = 60_000
"""Characters of a table that can be searched."""

_READ_FIRST = (
    "score",
    "docking",
    "similarity",
    "care",
    "mw",
    "logp",
    "tpsa",
    "qed",
    "sa",
    "alerts",
)

_BETWEEN_STEPS = 64
_NONE = "no duplicates"


def finish(
    ctx: TaskContext,
    molecules: Sequence[Molecule],
    title: str,
    beside: Mapping[str, Any] | None = None,
    /,
    **counts: Any,
) -> Iterator[Event | None]:
    """Yield the artifact and the result: ``molecules`` with figures, beside ``counts``.

    ``beside`` is kept with the artifact alone.

    Where a molecule resembles a scheduled weapon, every row has the figure ``care``, 1 or 0, and
    ``notice`` says how many there are; ``care_version`` is that of the screen. ``columns`` are what
    a terminal has room for.
    """
    valid, marked = 0, set()
    first: list[Any] = []
    for number, molecule in enumerate(molecules):
        mol = parser.valid(molecule.smiles)
        valid += mol is not None
        if mol is not None and len(first) < 4:
            first.append(mol)
        if mol is not None and hazard_screen.notice(mol):
            marked.add(molecule.smiles)
        if number % _BETWEEN_STEPS == 0:
            yield None
    if marked:
        molecules = [_with_care(entry, marked) for entry in molecules]
    meta = {
        "care_version": hazard_screen.VERSION,
        "notice": hazard_screen.notice_text(len(marked), len(molecules)),
    }
    yield ctx.artifact(
        Kind.MOLECULES,
        to_csv(molecules),
        suffix=".csv",
        title=title,
        text=_searched(molecules),
        verdict=_verdict(molecules, valid),
        preview=depiction.thumbnail(first),
        meta={"molecules": len(molecules), **counts, **meta, **(beside or {})},
    )
    rows: dict[str, Any] = {"molecules": _rows(molecules)} if ctx.wants_whole else {}
    if rows and (left_out := len(molecules) - len(rows["molecules"])):
        rows["left_out"] = left_out
        rows["left_out_because"] = (
            f"This list ends after {len(rows['molecules']):,} of {len(molecules):,} molecules; the "
            "file of the result has all of them."
        )
    columns = _columns(molecules)
    yield ctx.result(**rows, count=len(molecules), columns=columns, **counts, **meta)


def _searched(molecules: Sequence[Molecule]) -> str:
    """Return the first molecules as text, as far as a library searches."""
    text = "\n".join(
        f"{molecule.smiles} {molecule.name}".strip() for molecule in molecules[:_SHOWN]
    )
    return text if len(text) <= _SEARCHED else text[:_SEARCHED].rpartition("\n")[0]


def _rows(molecules: Sequence[Molecule]) -> list[dict[str, Any]]:
    """Return the rows of the artifact as plain data, up to its size limit."""
    return [
        {
            "smiles": molecule.smiles,
            "name": molecule.name,
            "parent": molecule.parent,
            "operation": molecule.operation,
            "seed": molecule.seed,
            **molecule.words,
            **molecule.figures,
        }
        for molecule in molecules[: _shown(molecules)]
    ]


def _columns(molecules: Sequence[Molecule]) -> list[str]:
    """Return the leading columns: name, requested figures, fields of a file."""
    names = dict.fromkeys(
        name for molecule in molecules for name in (*molecule.figures, *molecule.words)
    )
    named = ["name"] if any(molecule.name for molecule in molecules) else []
    own = [name for name in names if name not in FIGURES]
    return [*named, *(name for name in _READ_FIRST if name in names), *own, "smiles"]


def _shown(molecules: Sequence[Molecule]) -> int:
    most = max((len(molecule.figures) + len(molecule.words) for molecule in molecules), default=0)
    return min(_SHOWN, _SHOWN_FIGURES // max(1, most))


def counted(number: int, what: str = "molecule") -> str:
    """Return "1 molecule", or "1,000 molecules"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def check(payload: bytes) -> Verdict:
    """Return whether every row of a table is a molecule, and none was made twice."""
    molecules = from_csv(payload)
    return _verdict(
        molecules, sum(parser.valid(molecule.smiles) is not None for molecule in molecules)
    )


def _verdict(molecules: Sequence[Molecule], valid: int) -> Verdict:
    """Return the checks. Imported molecules may repeat, as in their file; others may not."""
    count = len(molecules)
    generated = [molecule.smiles for molecule in molecules if molecule.operation != READ]
    twice, all_twice = (
        len(generated) - len(set(generated)),
        count - len({molecule.smiles for molecule in molecules}),
    )
    return Verdict(
        (
            Check("molecules", bool(molecules), f"{count:,} rows"),
            Check("valid", valid == count, f"RDKit accepts {valid:,} of {count:,}"),
            Check(
                "different",
                not twice,
                f"{all_twice:,} duplicates" if all_twice else "no duplicates",
            ),
        )
    )


def _with_care(molecule: Molecule, marked: set[str]) -> Molecule:
    figures = {**molecule.figures, "care": float(molecule.smiles in marked)}
    return msgspec.structs.replace(molecule, figures=figures)
