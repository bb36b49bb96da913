"""Excel workbooks: the table of one sheet in and out. Formulas are neither read nor written."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from studio.api import BadInput, ErrorCode, StudioError
from studio_molecules.molecule import (
    COORDINATES,
    Molecule,
    as_number,
    cell_of,
    columns_of,
    number,
)

MAX_UNPACKED = 1 << 30
"""Bytes that a workbook may have when it is unpacked."""
_MAX_COLUMNS = 2000
_MAX_CELL = 32_767
"""Characters of a cell, by Excel's own rule."""
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def rows(data: bytes, called: str) -> Iterator[tuple[int, list[str]]]:
    """Yield row number and cells, as text, of the first sheet that holds anything.

    Raises:
        BadInput: it is no workbook, or unpacks to more than there is room for.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise BadInput(
                f"“{called}” unpacks to {unpacked >> 20:,} MB.",
                f"The limit is {MAX_UNPACKED >> 20:,} MB. Save the sheet as CSV.",
            )
        book = _openpyxl().load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from _first_table(book.worksheets)
    except StudioError:
        raise
    except Exception as error:  # openpyxl raises whatever its many parsers do
        raise BadInput(
            f"“{called}” cannot be read as an Excel workbook.",
            "Save it again as .xlsx, or as CSV; a password must be removed.",
        ) from error


def _first_table(sheets: Sequence[Any]) -> Iterator[tuple[int, list[str]]]:
    for sheet in sheets:
        held = False
        for place, row in enumerate(sheet.iter_rows(values_only=True), 1):
            texts = [_told(cell) for cell in row[:_MAX_COLUMNS]]
            if any(texts):
                held = True
                yield place, texts
        if held:
            return


def _told(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case float():
            return number("", cell)
        case datetime() if cell.time().isoformat() == "00:00:00":
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(" ", "seconds")
        case date():
            return cell.isoformat()
    return str(cell).strip()


_COORDINATES_AT = "F"
"""Thousands of letters a cell, for programs alone."""


def written(molecules: Sequence[Molecule]) -> Generator[int, None, bytes]:
    """Yield how many rows are written; return the workbook.

    Every text is written as text, whatever it begins with.
    """
    from openpyxl.cell import WriteOnlyCell

    book = _openpyxl().Workbook(write_only=True)
    sheet = book.create_sheet("Molecules")
    sheet.freeze_panes = "C2"
    sheet.column_dimensions[_COORDINATES_AT].hidden = any(entry.coordinates for entry in molecules)

    def text(value: str) -> Any:
        cell = WriteOnlyCell(sheet, value=_UNWRITABLE.sub("", value)[:_MAX_CELL])
        cell.data_type = "s"  # else a name that begins with = would be a formula
        return cell

    def cell_value(molecule: Molecule, name: str) -> Any:
        if not (value := cell_of(molecule, name)):
            return None
        if _PLAIN_NUMBER.fullmatch(value) and len(value) <= 15:
            return as_number(value)
        return molecule.figures[name] if name not in molecule.words else text(value)

    names = columns_of(molecules)
    in_space = any(entry.coordinates for entry in molecules)
    heads = ["name", "smiles", "parent", "operation", "seed", *([COORDINATES] * in_space), *names]
    sheet.append([text(head) for head in heads])
    for place, entry in enumerate(molecules, 1):
        own = [entry.name, entry.smiles, entry.parent, entry.operation]
        places = [text(entry.coordinates)] * in_space
        sheet.append(
            [*map(text, own), entry.seed, *places, *(cell_value(entry, name) for name in names)]
        )
        yield place
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Excel workbooks need the package openpyxl, which is not installed.",
            "Run setup again, or use CSV.",
        ) from error
    return openpyxl
