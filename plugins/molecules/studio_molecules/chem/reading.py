"""Lists of molecules from files: SMILES, CSV, SDF. Bad rows are counted out by line and reason.

Files come from outside: sizes are bounded before anything is parsed.
"""

from __future__ import annotations

import csv
import functools
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from rdkit import Chem

from studio.api import BadInput
from studio_molecules.admet.endpoints import SPREAD
from studio_molecules.chem.structure import Structure, checked, parse
from studio_molecules.figures import FIGURES
from studio_molecules.molecule import FAMILY

MAX_BYTES = 200 * 2**20
MAX_ROWS = 200_000
MAX_FAULTS = 1000
_MAX_LINE = 100_000
_MAX_NAME = 200
_MAX_FIGURES = 40
_SMILES_COLUMNS = ("smiles", "canonical_smiles", "smi", "structure")
_NAME_COLUMNS = ("name", "id", "title", "compound", "compound_id")
_KNOWN = frozenset((*FAMILY, *FIGURES))


@dataclass(frozen=True)
class Row:
    """One molecule that was read: where, what, and what it is called there.

    Attributes:
        figures: The numbers that stood beside it, under the names they have there.
    """

    line: int
    structure: Structure
    name: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Fault:
    """One row that could not be read, and why, as a sentence."""

    line: int
    reason: str


@dataclass
class Reading:
    """What a file held. ``dropped`` counts faults beyond ``MAX_FAULTS``."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    dropped: int = 0


def read(data: bytes, suffix: str, called: str) -> Iterator[Reading]:
    """Yield the reading as it grows, a row at a time; the last one is whole.

    Raises:
        BadInput: the file is too large, is no text, or holds no molecule at all.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"“{called}” is too large.", f"At most {MAX_BYTES >> 20} MB are read.")
    if b"\0" in data[:4096]:
        raise BadInput(
            f"“{called}” is no text, so no list of molecules.", "SMILES, CSV and SDF are."
        )
    text = data.decode("utf-8-sig", errors="replace")
    rows = (
        _records(text) if suffix in (".sdf", ".mol") or "M  END" in text[:20_000] else _lines(text)
    )
    found = Reading()
    for line, make, name, figures in rows:
        if len(found.rows) >= MAX_ROWS:
            found.faults.append(Fault(line, f"only the first {MAX_ROWS:,} molecules are read"))
            break
        try:
            found.rows.append(Row(line, make(), name, figures))
        except BadInput as error:
            if len(found.faults) < MAX_FAULTS:
                found.faults.append(Fault(line, str(error)))
            else:
                found.dropped += 1
        yield found
    if not found.rows:
        why = (
            f" First fault, line {found.faults[0].line}: {found.faults[0].reason}"
            if found.faults
            else ""
        )
        raise BadInput(
            f"“{called}” holds no molecule that can be read.{why}",
            "Write a SMILES a line, or a table with a column “smiles”.",
        )
    yield found


_Records = Iterator[tuple[int, Callable[[], Structure], str, Mapping[str, float]]]


def _lines(text: str) -> _Records:
    """SMILES, a name after white space or a comma; or a table whose header names a SMILES column.

    A line is a row: a quotation mark that is never closed spoils its own and no other.
    """
    lines = text.splitlines()
    head = lines[0] if lines else ""
    sign = max(",;\t", key=lambda mark: len(_cells(head, mark)))
    heads = _cells(head, sign)
    columns = [cell.lower() for cell in heads]
    smiles = _column(columns, _SMILES_COLUMNS)
    if smiles is None and len(columns) > 1:
        smiles = next((n for n, column in enumerate(columns) if "smiles" in column), None)
    if smiles is not None:
        yield from _table(lines[1:], sign, heads, smiles, _column(columns, _NAME_COLUMNS))
        return
    for number, line in enumerate(lines, 1):
        words = [*re.split(r"[\s,;]+", line[:_MAX_LINE].strip(), maxsplit=1), ""]
        if words[0] and not words[0].startswith("#"):
            yield number, functools.partial(parse, words[0]), words[1][:_MAX_NAME], {}


def _table(
    lines: Sequence[str], sign: str, heads: Sequence[str], smiles: int, name: int | None
) -> _Records:
    for number, line in enumerate(lines, 2):
        cells = _cells(line, sign)
        if not any(cells):
            continue
        if len(cells) <= smiles:
            yield number, functools.partial(_refuse, "this row has no SMILES"), "", {}
            continue
        called = cells[name] if name is not None and len(cells) > name else ""
        beside = (pair for place, pair in enumerate(zip(heads, cells)) if place != name)
        yield number, functools.partial(parse, cells[smiles]), called[:_MAX_NAME], _numbers(beside)


def _cells(line: str, sign: str) -> list[str]:
    (row,) = csv.reader([line[:_MAX_LINE]], delimiter=sign)
    return [cell.strip() for cell in row]


def _column(columns: Sequence[str], names: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _numbers(named: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Return the numbers among named cells, but for what this program wrote: it is computed anew.

    Figures of others that are called like ours are told apart by their names.
    """
    found: dict[str, float] = {}
    for name, cell in named:
        is_own = name not in _KNOWN and not name.endswith(SPREAD)
        if is_own and 0 < len(name) <= _MAX_NAME and len(found) < _MAX_FIGURES:
            with suppress(ValueError):
                if math.isfinite(number := float(cell)):
                    found[f"{name} (file)" if name.lower() in _KNOWN else name] = number
    return found


def _records(text: str) -> _Records:
    """Records of an SD file, each as its own molfile: a lie about counts spoils one record only."""
    line = 1
    for record in text.split("$$$$"):
        own = record.split("\n", 1)[1] if line > 1 and "\n" in record else record
        first = line + record.count("\n") - own.count("\n")
        lines = own.splitlines()  # the first one is the name, and may be empty
        if any(each.strip() for each in lines):
            make = functools.partial(_molfile, "\n".join(lines))
            yield first, make, lines[0].strip()[:_MAX_NAME], _numbers(_fields(lines))
        line += record.count("\n")


def _fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the data fields of a record: each name stands above its value."""
    for head, value in itertools.pairwise(lines):
        if head.startswith(">") and (found := re.search(r"<([^<>]+)>", head)):
            yield found[1].strip(), value.strip()


def _molfile(block: str) -> Structure:
    mol = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False, strictParsing=True)
    if mol is None:
        raise BadInput("This record is not a molecule: its counts and its lines do not agree.")
    mol = checked(mol, block.splitlines()[0].strip()[:60] or "molecule")
    return parse(mol.smiles)  # atoms in the order of the SMILES, as in every other molecule here


def _refuse(reason: str) -> Structure:
    raise BadInput(reason)
