"""The values of a step's references in one row: texts, files, bytes. Reads files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from studio.api.errors import BadInput
from studio.api.params import Field, FieldKind
from studio.automation.workflows.document import Step
from studio.automation.workflows.references import Reference, filled, only
from studio.automation.workflows.sources import Given
from studio.library import Library
from studio.library.rows import Artifact
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_regular

MAX_TEXT_BYTES = 4 << 20


class Values:
    """The values of one row.

    Attributes:
        files: Path of each file that was named so far → SHA-256 of what is in it.
        chosen: Files among them that the user chose to run on.
        parents: Ids of the artifacts that were named so far.
    """

    def __init__(
        self,
        library: Library,
        given: Given,
        params: Mapping[str, Any],
        results: Mapping[str, tuple[str, ...]],
        folder: str,
    ) -> None:
        """Begin.

        Args:
            params: Free parameters.
            results: Step → ids of its results.
            folder: What paths in the columns of a table start from.
        """
        self.files: dict[str, str] = {}
        self.chosen: list[str] = []
        self.parents: list[str] = []
        self._library = library
        self._given = given
        self._params = params
        self._results = results
        self._folder = folder

    def params_of(self, step: Step, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Return the parameters of a step.

        Raises:
            StudioError: A file is gone, or there is no such column or result.
        """
        params = {}
        for name, value in step.params.items():
            field = fields.get(name)
            kind = (field.item or field.kind) if field else FieldKind.DATA
            params[name] = filled(value, partial(self._value, kind))
            if field and field.kind is FieldKind.LIST and isinstance(params[name], str):
                params[name] = [line for line in params[name].splitlines() if line.strip()]
            for item in params[name] if isinstance(params[name], list) else [params[name]]:
                if kind is FieldKind.FILE and item:
                    self.files.setdefault(str(item), digest_of_file(str(item)))
        return params

    def inputs_of(self, step: Step) -> dict[str, bytes]:
        """Return the inputs of a step beside its parameters.

        Raises:
            StudioError: As ``params_of``.
        """
        return {name: self._bytes(value) for name, value in step.inputs.items()}

    def _bytes(self, value: str) -> bytes:
        reference = only(value)
        if reference and (artifact := self._artifact(reference)):
            return _read(self._library.payload_path(artifact))
        if reference and reference.source == "input" and self._given.file:
            return _read(Path(self._given.file))
        return str(filled(value, partial(self._value, FieldKind.TEXT))).encode()

    def _value(self, kind: FieldKind, reference: Reference) -> Any:
        wants_file = kind is FieldKind.FILE
        if reference.source == "param":
            return self._params[reference.name]
        if artifact := self._artifact(reference):
            path = self._library.payload_path(artifact)
            if wants_file:
                self.files[str(path)] = artifact.digest
                return str(path)
            return _text(path, artifact.text)
        if reference.source == "input" and self._given.file:
            if wants_file:
                self.chosen.append(self._given.file)
            return self._given.file if wants_file else _text(Path(self._given.file), "")
        if reference.source == "input":
            text = self._given.text
        elif reference.name in self._given.columns:
            text = self._given.columns[reference.name]
        else:
            columns = ", ".join(self._given.columns) or "none"
            raise BadInput(f"There is no column “{reference.name}”.", f"Columns: {columns}.")
        if not text and reference.source == "input" and self._given.columns:
            raise BadInput(
                "This row has no value for {input}.",
                "Name a column “input”, or write {row.COLUMN} in the workflow.",
            )
        if wants_file and text:
            self.chosen.append(text := str(Path(self._folder) / text))
        return text

    def _artifact(self, reference: Reference) -> Artifact | None:
        """Return the result that a reference stands for; None if it stands for something else."""
        if reference.source == "input" and self._given.artifact:
            artifact = self._given_artifact()
        elif reference.source == "step":
            artifact = self._result(reference)
        else:
            return None
        if artifact.id not in self.parents:
            self.parents.append(artifact.id)
        return artifact

    def _given_artifact(self) -> Artifact:
        try:
            return self._library.artifact(self._given.artifact)
        except StudioError as error:
            raise StudioError(
                error.code, "The result that this row starts from was deleted."
            ) from error

    def _result(self, reference: Reference) -> Artifact:
        for id in self._results.get(reference.name, ()):
            artifact = self._library.artifact(id)
            if reference.kind in ("", artifact.kind):
                return artifact
        what = reference.kind or "result"
        raise BadInput(f"The step “{reference.name}” made no {what}.")


def digest_of_file(path: str) -> str:
    """Return the SHA-256 of a file, read once for each of its versions; empty for a folder.

    Raises:
        StudioError: It is not there.
    """
    try:
        status = Path(path).stat()
        if Path(path).is_dir():
            return ""
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise _unreadable(Path(path), error) from error


@lru_cache(4096)
def _digest(path: str, size: int, changed: int) -> str:
    with open_regular(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _text(path: Path, otherwise: str) -> str:
    """Return the text of a file; ``otherwise`` of one that is no text."""
    try:
        with open_regular(path) as file:
            return file.read(MAX_TEXT_BYTES).decode("utf-8-sig").strip("\n")
    except UnicodeDecodeError as error:
        if otherwise:
            return otherwise
        raise BadInput(f"{path.name} is not UTF-8 text.") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StudioError:
    gone = isinstance(error, FileNotFoundError)
    why = "is not there any more" if gone else f"cannot be read ({error.strerror or error})"
    return StudioError(
        ErrorCode.NOT_FOUND, f"The file {path} {why}.", "Put it back, then retry the row."
    )
