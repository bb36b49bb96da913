"""Tables as files that the window does not write: SDF, Excel, and sheets. Puts none away."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from rdkit import Chem

from studio.api import BadInput, Check, Event, Kind, StudioError, TaskContext, Verdict
from studio_molecules.chem import conformer, depiction, workbook
from studio_molecules.chem.parser import valid
from studio_molecules.chem.sheet import Sheet
from studio_molecules.molecule import Molecule, cell_of, columns_of, from_csv
from studio_molecules.objectives import OWN
from studio_molecules.properties import BY_ATOM, FIGURES
from studio_molecules.schema import SHEET_MOST, Export
from studio_molecules.tasks.depiction import shades_of, teller

_SEED = 1
"""Of conformers: the same file again."""
_BETWEEN_STEPS = 64
_Writing = Generator[Event | None, None, tuple[bytes, int]]
"""Steps, then the file and how many molecules are in it."""


def export(ctx: TaskContext, params: Export) -> Iterator[Event | None]:
    """Write the table of ``ctx.inputs["table"]`` (as ``molecule.to_csv``) in another format.

    Raises:
        BadInput: there is no table, or it has no rows.
    """
    molecules = from_csv(bytes(ctx.inputs.get("table", b"")))
    if not molecules:
        raise BadInput("There are no molecules to export.", "Select some first.")
    if params.format == "sdf":
        payload, written = yield from _records(ctx, molecules, params.in_space)
    elif params.format == "xlsx":
        payload, written = yield from _workbook(ctx, molecules)
    else:
        payload, written = yield from _sheet(ctx, molecules[:SHEET_MOST], params)
    check = Check("written", written == len(molecules), f"{written:,} of {len(molecules):,}")
    kind = Kind.IMAGE if params.format in ("png", "svg") else Kind.MOLECULES
    yield ctx.artifact(kind, payload, suffix=f".{params.format}", verdict=Verdict((check,)))
    yield ctx.result(written=written, count=len(molecules))


def _workbook(ctx: TaskContext, molecules: Sequence[Molecule]) -> _Writing:
    writing = workbook.written(molecules)
    while True:
        try:
            done = next(writing)
        except StopIteration as end:
            return end.value, len(molecules)
        if done % _BETWEEN_STEPS == 0:
            yield ctx.progress(done, len(molecules), f"{done:,} written")


def _records(ctx: TaskContext, molecules: Sequence[Molecule], in_space: bool) -> _Writing:
    """Return an SD file: 2D or 3D coordinates, and all data as fields."""
    records = []
    for number, row in enumerate(molecules, 1):
        mol = (_in_space(row) if in_space else None) or _laid_out(row)
        if mol is not None:
            mol.SetProp("_Name", " ".join(row.name.split()) or f"Molecule {number}")
            fields = {"smiles": row.smiles, "parent": row.parent, "operation": row.operation}
            fields["seed"] = str(row.seed)
            fields |= {_title(name): _field(cell_of(row, name)) for name in columns_of([row])}
            data_fields = "".join(
                f">  <{name}>\n{text}\n\n" for name, text in fields.items() if text
            )
            records.append(f"{Chem.MolToMolBlock(mol)}{data_fields}$$$$\n")
        yield ctx.progress(number, len(molecules), f"{number:,} written")
    return "".join(records).encode(), len(records)


def _sheet(ctx: TaskContext, molecules: Sequence[Molecule], params: Export) -> _Writing:
    """Return structures side by side on white, each with its name below."""
    sheet, most = Sheet(params.format), 2 * len(molecules)
    title = params.by_atom.removeprefix(OWN)
    title = FIGURES[title].title if title in BY_ATOM else title[:24]
    lent = yield from teller(ctx, params.by_atom)
    with lent as model:
        for number, row in enumerate(molecules, 1):
            mol = _laid_out(row)
            if mol is not None:
                name = row.name[:40] or f"Molecule {number}"
                shades = yield from shades_of(mol, params.by_atom, model)
                if shades:
                    name = f"{name[:24]} · {title} {shades.figure:.2f} by atom"
                sheet.add(mol, name, shades.values if shades else ())
            yield ctx.progress(number, most, f"{number:,} laid out")
    if not len(sheet):
        raise BadInput("None of these molecules can be drawn.")
    drawing = sheet.draw()
    while True:
        try:
            done = next(drawing)
        except StopIteration as end:
            return end.value, len(sheet)
        yield ctx.progress(len(molecules) + done, most, f"{done:,} drawn")


def _laid_out(row: Molecule) -> Chem.Mol | None:
    mol = valid(row.drawn)
    if mol is not None:
        depiction.lay_out(mol)
    return mol


def _in_space(row: Molecule) -> Chem.Mol | None:
    try:
        return conformer.folded(row.shape, _SEED)
    except StudioError:  # too strained, or no molecule: it is written flat
        return None


def _title(name: str) -> str:
    """Return the name of a data field on one line."""
    return " ".join(name.split())


def _field(text: str) -> str:
    """Return a text that a data field can hold: an empty line, or a sign, would end it."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("$$$$"))
    return "\n".join(lines)
