"""Lists of molecules from files: SMILES, CSV, SDF. Bad rows are counted out by line and reason.

Files come from outside: sizes are bounded before anything is parsed.
"""

from __future__ import annotations

import codecs
import csv
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rdkit import Chem

from studio.api import BadInput
from studio_molecules.admet.endpoints import SPREAD
from studio_molecules.chem.parser import Structure, checked, parse
from studio_molecules.molecule import FAMILY, as_number
from studio_molecules.properties import FIGURES

MAX_BYTES = 200 * 2**20
MAX_ROWS = 200_000
MAX_FAULTS = 1000
_MAX_LINE = 100_000
_MAX_NAME = 200
_MAX_BESIDE = 200
"""Columns of a table, or fields of a record."""
_SMILES_COLUMNS = ("smiles", "canonical_smiles", "smi", "structure")
_NAME_COLUMNS = ("name", "id", "title", "compound", "compound_id")
_KNOWN = frozenset((*FAMILY, *FIGURES))


@dataclass(frozen=True)
class Row:
    """One molecule that was read: where, what, and what it is called there.

    Attributes:
        figures: The numbers that stood beside it, under the names they have there.
        words: What else stood there.
    """

    line: int
    structure: Structure
    name: str
    figures: Mapping[str, float]
    words: Mapping[str, str]


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
        raise BadInput(f"“{called}” is too large.", f"The limit is {MAX_BYTES >> 20} MB.")
    text = _decoded(data)
    if "\0" in text[:4096]:
        raise BadInput(f"“{called}” is not a text file.", "Choose a SMILES, CSV or SDF file.")
    rows = (
        _records(text) if suffix in (".sdf", ".mol") or "M  END" in text[:20_000] else _lines(text)
    )
    found = Reading()
    for line, make, name, beside in rows:
        if len(found.rows) >= MAX_ROWS:
            found.faults.append(Fault(line, f"only the first {MAX_ROWS:,} molecules were read"))
            break
        try:
            found.rows.append(Row(line, make(), name, *_sorted_out(beside)))
        except BadInput as error:
            if len(found.faults) < MAX_FAULTS:
                found.faults.append(Fault(line, str(error)))
            else:
                found.dropped += 1
        yield found
    if not found.rows:
        why = (
            f" First error in line {found.faults[0].line}: {found.faults[0].reason}"
            if found.faults
            else ""
        )
        raise BadInput(
            f"“{called}” contains no valid molecules.{why}",
            "Use one SMILES per line, or a table with a column “smiles”.",
        )
    yield found


def _decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, else as Excel saves in Europe."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


_Beside = Iterable[tuple[str, str]]
"""What stands beside a molecule: title and text."""
_Records = Iterator[tuple[int, Callable[[], Structure], str, _Beside]]


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
            yield number, functools.partial(parse, words[0]), words[1][:_MAX_NAME], ()


def _table(
    lines: Sequence[str], sign: str, heads: Sequence[str], smiles: int, name: int | None
) -> _Records:
    for number, line in enumerate(lines, 2):
        cells = _cells(line, sign)
        if not any(cells):
            continue
        if len(cells) <= smiles:
            yield number, functools.partial(_refuse, "this row has no SMILES"), "", ()
            continue
        called = cells[name] if name is not None and len(cells) > name else ""
        own = (smiles, name)
        beside = [pair for place, pair in enumerate(zip(heads, cells)) if place not in own]
        yield number, functools.partial(parse, cells[smiles]), called[:_MAX_NAME], beside


def _cells(line: str, sign: str) -> list[str]:
    (row,) = csv.reader([line[:_MAX_LINE]], delimiter=sign)
    return [cell.strip() for cell in row]


def _column(columns: Sequence[str], names: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _sorted_out(beside: _Beside) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers and the words beside a molecule.

    What this program wrote is left out: it is computed anew. Columns of others that are called like
    ours are told apart by their names.
    """
    figures: dict[str, float] = {}
    words: dict[str, str] = {}
    for title, cell in itertools.islice(beside, _MAX_BESIDE):
        if not cell or not 0 < len(title) <= _MAX_NAME or title in _KNOWN or title.endswith(SPREAD):
            continue
        name = f"{title} (file)" if title.lower() in _KNOWN else title
        number = as_number(cell)
        if number is None:
            words[name] = cell
        else:
            figures[name] = number
    return figures, words


def _records(text: str) -> _Records:
    """Records of an SD file, each as its own molfile: a lie about counts spoils one record only."""
    line = 1
    for record in text.split("$$$$"):
        own = record.split("\n", 1)[1] if line > 1 and "\n" in record else record
        first = line + record.count("\n") - own.count("\n")
        lines = own.splitlines()  # the first one is the name, and may be empty
        if any(each.strip() for each in lines):
            make = functools.partial(_molfile, "\n".join(lines))
            yield first, make, lines[0].strip()[:_MAX_NAME], list(_fields(lines))
        line += record.count("\n")


def _fields(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the data fields of a record: each name stands above its value, an empty line below."""
    name, value = "", list[str]()
    for line in [*lines, ""]:
        head = re.search(r"<([^<>]+)>", line) if line.startswith(">") else None
        if name and (head or not line.strip()):
            yield name, "\n".join(value).strip()
            name, value = "", []
        if head:
            name = head[1].strip()
        elif name:
            value.append(line)


def _molfile(block: str) -> Structure:
    mol = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False, strictParsing=True)
    if mol is None:
        raise BadInput("This record is not a molecule: its counts and its lines do not agree.")
    found = checked(mol, block.splitlines()[0].strip()[:60] or "molecule")
    return parse(found.smiles)  # atoms in the order of the SMILES, as in every other molecule here


def _refuse(reason: str) -> Structure:
    raise BadInput(reason)
