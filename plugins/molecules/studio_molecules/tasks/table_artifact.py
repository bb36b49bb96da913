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
        molecules = [_with_care(each, marked) for each in molecules]
    told = {
        "care_version": hazard_screen.VERSION,
        "notice": hazard_screen.told(len(marked), len(molecules)),
    }
    yield ctx.artifact(
        Kind.MOLECULES,
        to_csv(molecules),
        suffix=".csv",
        title=title,
        text=_searched(molecules),
        verdict=_verdict(molecules, valid),
        preview=depiction.thumbnail(first),
        meta={"molecules": len(molecules), **counts, **told, **(beside or {})},
    )
    rows: dict[str, Any] = {"molecules": _rows(molecules)} if ctx.wants_whole else {}
    if rows and (left_out := len(molecules) - len(rows["molecules"])):
        rows["left_out"] = left_out
        rows["left_out_because"] = (
            f"This list ends after {len(rows['molecules']):,} of {len(molecules):,} molecules; the "
            "file of the result has all of them."
        )
    columns = _columns(molecules)
    yield ctx.result(**rows, count=len(molecules), columns=columns, **counts, **told)


def _searched(molecules: Sequence[Molecule]) -> str:
    """Return the first molecules as text, as far as a library searches."""
    text = "\n".join(f"{each.smiles} {each.name}".strip() for each in molecules[:_SHOWN])
    return text if len(text) <= _SEARCHED else text[:_SEARCHED].rpartition("\n")[0]


def _rows(molecules: Sequence[Molecule]) -> list[dict[str, Any]]:
    """Return the rows of the artifact as plain data, up to its size limit."""
    return [
        {
            "smiles": each.smiles,
            "name": each.name,
            "parent": each.parent,
            "operation": each.operation,
            "seed": each.seed,
            **each.words,
            **each.figures,
        }
        for each in molecules[: _shown(molecules)]
    ]


def _columns(molecules: Sequence[Molecule]) -> list[str]:
    """Return the leading columns: name, requested figures, fields of a file."""
    found = dict.fromkeys(name for each in molecules for name in (*each.figures, *each.words))
    named = ["name"] if any(each.name for each in molecules) else []
    own = [name for name in found if name not in FIGURES]
    return [*named, *(name for name in _READ_FIRST if name in found), *own, "smiles"]


def _shown(molecules: Sequence[Molecule]) -> int:
    most = max((len(each.figures) + len(each.words) for each in molecules), default=0)
    return min(_SHOWN, _SHOWN_FIGURES // max(1, most))


def counted(number: int, what: str = "molecule") -> str:
    """Return "1 molecule", or "1,000 molecules"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def check(payload: bytes) -> Verdict:
    """Return whether every row of a table is a molecule, and none was made twice."""
    molecules = from_csv(payload)
    return _verdict(molecules, sum(parser.valid(each.smiles) is not None for each in molecules))


def _verdict(molecules: Sequence[Molecule], valid: int) -> Verdict:
    """Return the checks. Imported molecules may repeat, as in their file; others may not."""
    count = len(molecules)
    made = [each.smiles for each in molecules if each.operation != READ]
    twice, all_twice = len(made) - len(set(made)), count - len({each.smiles for each in molecules})
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
