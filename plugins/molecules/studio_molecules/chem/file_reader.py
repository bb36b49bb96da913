"""Lists of molecules from files: SMILES, tables, SDF, Excel. Nothing that stands there is lost.

Bad rows are counted out by line and reason. Files come from outside: sizes are bounded before
anything is parsed.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rdkit import Chem

from studio.api import BadInput
from studio_molecules.admet.endpoints import SPREAD
from studio_molecules.chem import sd_file, workbook
from studio_molecules.chem.parser import Structure, parse
from studio_molecules.chem.text_table import MAX_LINE, TextTable, titles
from studio_molecules.molecule import COORDINATES, FAMILY, READ, as_written, told_apart
from studio_molecules.properties import FIGURES

MAX_BYTES = 200 * 2**20
MAX_ROWS = 200_000
MAX_FAULTS = 1000
MAX_BESIDE = 2000
"""Columns of a table, or fields of a record."""
_MAX_NAME = 4000
_MAX_CELL = 100_000
_SNIFFED = 20
"""Rows that are looked at to find the column of structures."""
_SMILES_COLUMNS = ("smiles", "canonicalsmiles", "isomericsmiles", "smi")
_NAME_COLUMNS = (
    "name", "title", "compoundname", "moleculename", "preferredname", "commonname", "compound",
    "moleculetitle", "id", "compoundid", "compoundno", "moleculeid", "chemblid",
    "moleculechemblid", "cid", "pubchemcompoundcid", "zincid", "drugbankid", "rowid",
)  # fmt: skip
_KNOWN = frozenset((*FAMILY, COORDINATES, *FIGURES))
_OWN_FIELDS = frozenset(("smiles", "operation", "seed"))
"""Fields by which a record of ours is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """One molecule of a file: its position, structure and name.

    Plain data only: a molecule of RDKit takes 25 kB, so that 200,000 rows took 5 GB; parsing the
    SMILES anew takes a fiftieth of the time of describing it.

    Attributes:
        smiles, coordinates: As ``Molecule`` has them.
        figures, words: Further fields of the row, as ``Molecule`` has them.
        remark: Changes made to read it.
        origin: Its parent, operation and seed, where this program wrote the file.
    """

    line: int
    smiles: str
    coordinates: str
    name: str
    figures: Mapping[str, float]
    words: Mapping[str, str]
    remark: str = ""
    origin: tuple[str, str, int] = ("", READ, 0)


@dataclass(frozen=True)
class Fault:
    """One row that could not be read, and why, as a sentence."""

    line: int
    reason: str


@dataclass
class Reading:
    """Contents of a file. ``dropped`` counts faults beyond ``MAX_FAULTS``."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    dropped: int = 0


@dataclass(frozen=True)
class _Record:
    """A row as it stands in its file, before any chemistry."""

    line: int
    make: Callable[[], Structure]
    name: str = ""
    beside: Sequence[tuple[str, str]] = ()
    is_ours: bool = False
    remark: str = ""


def read(data: bytes, suffix: str, called: str) -> Iterator[Reading]:
    """Yield the reading as it grows, a row at a time; the last one is whole.

    Raises:
        BadInput: the file is too large, is no text, or holds no molecule at all.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{_named(called)} is too large.", f"The limit is {MAX_BYTES >> 20} MB.")
    reading = Reading()
    for record in _records(data, suffix, called):
        if len(reading.rows) >= MAX_ROWS:
            reading.faults.append(
                Fault(record.line, f"only the first {MAX_ROWS:,} molecules were read")
            )
            break
        try:
            reading.rows.append(_row(record))
        except BadInput as error:
            if len(reading.faults) < MAX_FAULTS:
                reading.faults.append(Fault(record.line, str(error)))
            else:
                reading.dropped += 1
        yield reading
    if not reading.rows:
        why = (
            f" First error in line {reading.faults[0].line}: {reading.faults[0].reason}"
            if reading.faults
            else ""
        )
        raise BadInput(
            f"{_named(called)} contains no valid molecules.{why}",
            "Use one SMILES per line, or a table with a column “smiles”.",
        )
    yield reading


def _named(called: str) -> str:
    """Return the subject of a message about the input; typed input has no name."""
    return f"“{called}”" if called else "What you typed"


def _records(data: bytes, suffix: str, called: str) -> Iterator[_Record]:
    if data.startswith(b"PK\x03\x04"):
        return _of_workbook(data, called)
    text = _decoded(data)
    if "\0" in text[:4096]:
        raise BadInput(
            f"{_named(called)} is not a text file.",
            "Choose a SMILES, CSV, SDF or Excel (.xlsx) file.",
        )
    if suffix in (".sdf", ".mol") or "M  END" in text[:20_000]:
        return _of_sd_file(text)
    return _of_text(text)


def _decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, else as Excel saves in Europe."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


# --- files, row by row --------------------------------------------------------------------------


def _of_text(text: str) -> Iterator[_Record]:
    """SMILES, a name after white space or a comma; or a table with a column of structures."""
    table = TextTable(text)
    smiles = _structures(table.heads, table.sample(_SNIFFED))
    if smiles is not None:
        yield from _of_table(table.heads, smiles, table.rows())
        return
    for number, line in enumerate(table.lines, 1):
        words = [*re.split(r"[\s,;]+", line[:MAX_LINE].strip(), maxsplit=1), ""]
        is_head = number == 1 and _plain(words[0]) in _SMILES_COLUMNS
        if words[0] and not words[0].startswith("#") and not is_head:
            yield _Record(number, functools.partial(parse, words[0]), words[1])


def _of_workbook(data: bytes, called: str) -> Iterator[_Record]:
    rows = workbook.rows(data, called)
    _line, heads = next(rows, (1, []))
    first = list(itertools.islice(rows, _SNIFFED))
    heads = titles(heads)
    smiles = _structures(heads, [row for _line, row in first])
    if smiles is None:
        raise BadInput(
            f"The first sheet of {_named(called)} has no column of SMILES.",
            "Put the titles into its first row, one of them “smiles”.",
        )
    whole = ((line, row, False) for line, row in itertools.chain(first, rows))
    yield from _of_table(heads, smiles, whole)


def _of_table(
    heads: Sequence[str], smiles: int, rows: Iterable[tuple[int, list[str], bool]]
) -> Iterator[_Record]:
    plain = [_plain(head) for head in heads]
    names = [plain.index(name) for name in _NAME_COLUMNS if name in plain]
    names = [place for place in names if place != smiles]
    is_ours = set(FAMILY) <= set(heads)
    skipped = {smiles} | ({names[0]} if names and plain[names[0]] in ("name", "title") else set())
    for line, row, cut in rows:
        if len(row) <= smiles:
            yield _Record(line, functools.partial(_refuse, "this row has no SMILES"))
            continue
        named = [row[place] for place in names if len(row) > place and row[place]]
        beside = [
            (head, as_written(cell))
            for place, (head, cell) in enumerate(zip(heads, row))
            if place not in skipped and cell
        ]
        remark = f"only its first {MAX_LINE:,} characters were read" if cut else ""
        make = functools.partial(parse, row[smiles])
        yield _Record(line, make, as_written(named[0]) if named else "", beside, is_ours, remark)


def _of_sd_file(text: str) -> Iterator[_Record]:
    for line, block, name, fields in sd_file.records(text):
        is_ours = {title for title, _cell in fields} >= _OWN_FIELDS
        make = functools.partial(sd_file.structure, block)
        yield _Record(line, make, name, fields, is_ours)


def _structures(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Return which column holds the structures: by its title, else by what stands in it."""
    plain = [_plain(head) for head in heads]
    for name in _SMILES_COLUMNS:
        if name in plain:
            return plain.index(name)
    named = next((place for place, head in enumerate(plain) if "smiles" in head), None)
    if named is not None and len(heads) > 1:
        return named
    best, most = None, 2.0
    for place, head in enumerate(heads):
        filled = [row[place] for row in rows if len(row) > place and row[place]]
        length = sum(map(len, filled)) / max(1, len(filled))
        if len(heads) > 1 and length > most and not _is_smiles(head) and _mostly_smiles(filled):
            best, most = place, length
    return best


def _mostly_smiles(cells: Sequence[str]) -> bool:
    return sum(map(_is_smiles, cells)) >= 0.8 * len(cells) > 0


def _is_smiles(cell: str) -> bool:
    return len(cell) < 2000 and Chem.MolFromSmiles(cell, sanitize=False) is not None


def _plain(title: str) -> str:
    """Return a title as it is compared: its letters and digits."""
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _refuse(reason: str) -> Structure:
    raise BadInput(reason)


# --- one row ------------------------------------------------------------------------------------


def _row(record: _Record) -> Row:
    structure = record.make()
    origin = dict(record.beside) if record.is_ours else {}
    coordinates = origin.get(COORDINATES) or structure.coordinates
    figures, words = told_apart(_beside(record))
    if structure.original:
        words["SMILES (file)"] = structure.original
    remarks = [structure.remark, record.remark, *_cut(record)]
    seed = origin.get("seed", "")
    return Row(
        record.line,
        structure.smiles,
        coordinates,
        record.name[:_MAX_NAME],
        figures,
        words,
        "; ".join(filter(None, remarks)),
        (
            origin.get("parent", ""),
            origin.get("operation") or READ,
            int(seed) if seed.isdecimal() else 0,
        ),
    )


def _beside(record: _Record) -> Iterator[tuple[str, str]]:
    """Yield the columns of a molecule. Those of others that are called like ours say so."""
    for title, cell in record.beside[:MAX_BESIDE]:
        is_known = title.lower() in _KNOWN or title.endswith(SPREAD)
        if record.is_ours and title in (*FAMILY, COORDINATES):
            continue
        name = f"{title} (file)" if is_known and not record.is_ours else title
        yield name[:_MAX_NAME], cell[:_MAX_CELL]


def _cut(record: _Record) -> Iterator[str]:
    """Yield remarks on the fields of a row that were truncated."""
    if len(record.name) > _MAX_NAME:
        yield f"only the first {_MAX_NAME:,} characters of its name were kept"
    if len(record.beside) > MAX_BESIDE:
        yield f"only its first {MAX_BESIDE:,} columns were kept"
    if any(len(cell) > _MAX_CELL for _title, cell in record.beside):
        yield f"texts were cut at {_MAX_CELL:,} characters"
