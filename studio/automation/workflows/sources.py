"""The inputs of a run's rows: the files of a folder, the lines of a table, or a list."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import Kind
from studio.api.errors import BadInput
from studio.api.manifest import KindEntry
from studio.automation.workflows.document import Workflow
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

NONE = "none"
"""The kind of input of a workflow that takes none: it runs once."""
TABLES = (".csv", ".tsv")
LISTS = (".txt", ".list")
_SEPARATORS = ",;\t|"
_LOOKED_AT = 4096
COLUMN = "input"
"""The column of a table that ``{input}`` stands for, if it has several."""
_FILES: Mapping[str, frozenset[str]] = {
    Kind.TEXT: frozenset({".txt", ".md"}),
    Kind.IMAGE: frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}),
    Kind.AUDIO: frozenset({".wav", ".mp3", ".flac", ".ogg"}),
    Kind.SCORE: frozenset({".mid", ".midi", ".musicxml", ".xml", ".mxl"}),
    Kind.MOLECULES: frozenset({".smi", ".sdf", ".mol", ".csv", ".txt"}),
    Kind.TABLE: frozenset(TABLES),
    Kind.CODE: frozenset({".py", ".js", ".ts", ".c", ".cpp", ".rs", ".go", ".java", ".sh"}),
    Kind.VIDEO: frozenset({".gif", ".webm", ".mp4"}),
    Kind.WEIGHTS: frozenset({".safetensors"}),
}


class Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """The input of one row.

    Attributes:
        text: What ``{input}`` stands for, unless it is a file or a result; of a result its title.
        file: Path of the file that it stands for.
        columns: Of a line of a table.
        artifact: Id of the result in the library that it stands for.
    """

    text: str = ""
    file: str = ""
    columns: dict[str, str] = {}
    artifact: str = ""

    @property
    def title(self) -> str:
        """The title in a list of rows."""
        words = Path(self.file).name or self.text or next(iter(self.columns.values()), "")
        return " ".join(words.split())[:200]


def files_of(kind: str, kinds: Iterable[KindEntry] = ()) -> frozenset[str]:
    """Return the suffixes of files of a kind; empty if they are not known.

    Args:
        kinds: Those that plugins bring.
    """
    for suffix_kind in kinds:
        if suffix_kind.id == kind:
            return frozenset(suffix_kind.suffixes)
    return _FILES.get(kind, frozenset())


def kind_of(path: str) -> str:
    """Return the kind of a file, by its suffix; text for one of no kind."""
    suffix = Path(path).suffix.lower()
    return next((kind for kind, suffixes in _FILES.items() if suffix in suffixes), Kind.TEXT)


def rows(source: Path, workflow: Workflow, kinds: Iterable[KindEntry] = ()) -> Iterator[Given]:
    """Yield the rows of a folder, a table (CSV, TSV) or a list (one input a line), in order.

    Raises:
        StudioError: It is not there, or has nothing of what the workflow takes.
    """
    kind = workflow.input.kind
    if kind == NONE:
        raise takes_none(workflow)
    if os.path.isdir(source):
        yield from _folder(source, kind, files_of(kind, kinds))
    elif source.suffix.lower() in TABLES and kind != Kind.MOLECULES:
        yield from _lines_of_table(source, kind)
    elif source.suffix.lower() in LISTS:
        with _opened(source) as file:
            yield from listed(file, kind, source.parent)
    elif os.path.isfile(source):  # one file is a folder of one
        yield Given(file=str(source.absolute()))
    else:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no folder, table or list {source}.",
            "Give a folder, a .csv or .tsv table, or a .txt list with an input in each line.",
        )


def fitting(givens: Iterable[Given], workflow: Workflow) -> Iterator[Given]:
    """Yield rows, once it is clear that there are any, with the columns that the workflow names.

    Raises:
        BadInput: There are none, or a column is missing: it is told once, before a row is run.
    """
    rows = iter(givens)
    first = next(rows, None)
    if first is None:
        raise BadInput("There are no inputs to run on.", "Add at least one row, then try again.")
    columns = first.columns
    listed = f"Columns: {', '.join(columns)}." if columns else "Only a table has columns."
    for reference in (used for step in workflow.step for used in step.references):
        if reference.source == "row" and reference.name not in columns:
            raise BadInput(f"There is no column “{reference.name}”.", listed)
        if reference.source == "input" and len(columns) > 1 and COLUMN not in columns:
            hint = f"{listed} Name one of them “{COLUMN}”, or write {{row.COLUMN}} in the workflow."
            raise BadInput("It is not clear which column {input} means.", hint)
    yield first
    yield from rows


def takes_none(workflow: Workflow) -> BadInput:
    """Return the error that a workflow was given inputs and takes none."""
    return BadInput(f"“{workflow.name}” takes no input.", "Run it without one.")


def listed(lines: Iterable[str], kind: str, folder: Path) -> Iterator[Given]:
    """Yield a row for each line that is not empty: a text, or a file as seen from ``folder``."""
    is_file = kind not in (Kind.TEXT, Kind.TABLE)
    for line in lines:
        words = line.strip()
        if words:
            yield Given(file=str(folder.absolute() / words)) if is_file else Given(text=words)


def _folder(folder: Path, kind: str, suffixes: frozenset[str]) -> Iterator[Given]:
    try:
        files = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in suffixes or (not suffixes and path.is_file())
        ]
    except OSError as error:
        raise _unreadable(folder, error) from error
    if not files:
        words = ", ".join(sorted(suffixes))
        raise BadInput(f"There is no {kind} in the folder {folder}.", f"It looks for {words}.")
    for path in sorted(files, key=_natural):
        yield Given(file=str(path.absolute()))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order as people do: ``2.png`` before ``10.png``."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in pieces]


def _lines_of_table(table: Path, kind: str) -> Iterator[Given]:
    is_file = kind not in (Kind.TEXT, Kind.TABLE)
    with _opened(table) as file:
        head = file.readline(1 << 20)
        file.seek(0)
        lines = csv.DictReader(file, delimiter=_separator(head, table))
        try:
            names = [name.strip() for name in lines.fieldnames or ()]
            lines.fieldnames = names
            if not all(names) or len(set(names)) < len(names):
                raise BadInput(
                    f"The columns of {table.name} have no names of their own.",
                    "Give each a name, once, in the first line.",
                )
            main = COLUMN if COLUMN in names else names[0] if len(names) == 1 else ""
            for line in lines:
                columns = {name: (line.get(name) or "").strip() for name in names}
                value = columns.get(main, "")
                file_of = str(table.parent.absolute() / value) if is_file and value else ""
                yield Given("" if file_of else value, file_of, columns)
        except csv.Error as error:
            line_number = lines.reader.line_num
            if "field limit" in str(error):
                longest = f"{csv.field_size_limit():,}"
                message = f"{table.name}, line {line_number}: a cell is longer than {longest}"
                raise BadInput(
                    f"{message} characters.",
                    "If it has a quotation mark that is never closed, close it; "
                    "put long texts into files and use their folder.",
                ) from error
            message = f"{table.name}, line {line_number}: this is not a table ({error})."
            raise BadInput(message, "Save it as CSV.") from error


def _separator(head: str, table: Path) -> str:
    """Return what cuts the names of the columns into the most; a comma where nothing does."""
    if table.suffix.lower() == ".tsv":
        return "\t"

    def columns(separator: str) -> int:
        try:
            return len(next(csv.reader([head], delimiter=separator), ()))
        except csv.Error:  # told where the table is read
            return 0

    return max(_SEPARATORS, key=columns)


def _opened(path: Path) -> Any:
    try:
        file = open_regular(path)
        is_text = b"\0" not in file.peek(_LOOKED_AT)[:_LOOKED_AT]
    except OSError as error:
        raise _unreadable(path, error) from error
    if not is_text:
        file.close()
        raise BadInput(
            f"{path.name} is not text, so it cannot be a list or table.", "Choose another file."
        )
    return io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")


def _unreadable(path: Path, error: OSError) -> StudioError:
    return StudioError(ErrorCode.NOT_FOUND, f"{path} cannot be read: {error.strerror or error}.")
