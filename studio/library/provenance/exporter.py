"""Files that leave the studio, with as much said of how they were made as the user chooses.

The one way out for results: what the gallery, the pages and the command line hand over passes here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from studio.api.artifacts import Kind
from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Artifact, Library, artifacts, export
from studio.library.provenance import midi, side_file
from studio.library.provenance.container_writer import rewritten
from studio.library.provenance.containers import LONGEST, Container, recognise
from studio.library.provenance.content_credentials import require, signed
from studio.library.provenance.disclosure import Disclosure, chosen
from studio.library.provenance.installation_key import InstallationKey
from studio.library.provenance.statement import Source, Statement, xmp
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular, read_result

LONGEST_INSIDE: Final = 40_000
"""Bytes of JSON of a recipe that goes into a file: a JPEG has room for 64 KiB in one segment."""
_MEDIA = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO)
_MIDI = b"MThd"
_WORD = re.compile(r"\w{3,}")
_COMPUTING = frozenset(
    {
        "image.edit",
        "lab.describe",
        "molecules.cluster",
        "molecules.combine",
        "molecules.convert",
        "molecules.dock",
        "molecules.export",
        "molecules.match",
        "molecules.pairs",
        "molecules.predict",
        "molecules.shape",
        "molecules.similar",
        "music.edit_sound",
        "music.effect",
        "music.render",
    }
)
"""Tasks that have no trained model of their own: those that they borrow are in their records."""


class Exported(NamedTuple):
    """A file that has left.

    Attributes:
        side: The file beside it that holds its record; None if it holds that itself, or has none.
        remark: What the user should know, in a sentence; empty for nothing.
        is_made: Whether a model had a part in it: of anything else there is nothing to disclose.
    """

    path: Path
    side: Path | None = None
    remark: str = ""
    is_made: bool = True

    @property
    def files(self) -> list[Path]:
        """All that has left: whoever gets the one without the other cannot verify it."""
        return [self.path, *([self.side] if self.side else [])]


class Exporter:
    """Hands out results of a library. Slow: beside the window. Any thread."""

    def __init__(self, library: Library, paths: StudioPaths, settings: Settings) -> None:
        self._library, self._paths, self._settings = library, paths, settings

    @property
    def disclosure(self) -> Disclosure:
        """The default disclosure."""
        return chosen(self._settings)

    def has(self, id: str) -> bool:
        """Whether there is such a result."""
        try:
            self._library.artifact(id)
        except StudioError:
            return False
        return True

    def to_folder(self, id: str, folder: Path, disclosure: Disclosure | None = None) -> Exported:
        """Copy a result into a folder, made if missing; nothing is overwritten.

        It is called by its title; where its recipe stays behind, by its kind if the title has
        words of that.

        Raises:
            StudioError: It cannot be read, signed or written; nothing is left in the folder.
        """
        artifact, disclosure = self._library.artifact(id), disclosure or self.disclosure
        name = export.file_name(self._called(artifact, disclosure), artifact.suffix)
        source = export.present(self._library.payload_path(artifact), artifact)

        def put(scratch: Path) -> Exported:
            remark = self._dress(artifact, source, scratch / name, disclosure)
            copy = export.take_name(scratch / name, folder, name)
            return _with_side(copy, scratch / name, remark)

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk.explain(error, "export the result", folder) from error
        return self._beside(folder, put)

    def to_file(
        self,
        id: str,
        path: Path,
        disclosure: Disclosure | None = None,
        write: Callable[[Path], Any] | None = None,
    ) -> Exported:
        """Write a result to ``path``, replacing an existing file.

        Args:
            write: Writes the result to the path it gets, in the format of its ending; else the
                file of the library is copied. Where it writes nothing, nothing is put at ``path``.

        Raises:
            StudioError: As ``to_folder``; what was at ``path`` is untouched. Whatever ``write``
                raises is passed on.
        """
        artifact, disclosure = self._library.artifact(id), disclosure or self.disclosure
        source = export.present(self._library.payload_path(artifact), artifact)

        def put(scratch: Path) -> Exported:
            result = source
            if write is not None:
                result = scratch / "made" / path.name
                result.parent.mkdir()
                write(result)
                if not result.exists():
                    return Exported(path)
            remark = self._dress(artifact, result, scratch / path.name, disclosure)
            os.replace(scratch / path.name, path)
            disk.remove(side_file.beside(path))  # of the file that was here
            return _with_side(path, scratch / path.name, remark)

        is_made = self._source(artifact) is not None
        return self._beside(path.parent, put)._replace(is_made=is_made)

    # --- what is said -------------------------------------------------------------------------

    def statement(self, artifact: Artifact, disclosure: Disclosure) -> Statement | None:
        """Return the statement on a result; None if no model took part."""
        source = self._source(artifact)
        if source is None or disclosure is Disclosure.NOTHING:
            return None
        recipe = self._recipe(artifact) if disclosure is Disclosure.FULL else None
        return Statement(source, recipe=recipe)

    def _recipe(self, artifact: Artifact) -> dict[str, Any]:
        record = self._library.record(artifact.record) if artifact.record else None
        return artifacts.recipe(artifact, record, self._library.inputs(artifact.id))

    def _source(self, artifact: Artifact) -> Source | None:
        """Return where it comes from: what took part, and whether something of its kind did."""
        ancestors = self._library.family(artifact.id).ancestors
        by_model = any(
            ancestor.record and not self._is_computed(ancestor) for ancestor in ancestors
        )
        if not artifact.record:
            return Source.EDITED if by_model else None
        given = artifact.kind in _MEDIA and self._library.record(artifact.record).inputs
        is_changed = bool(given) or any(ancestor.kind == artifact.kind for ancestor in ancestors)
        if by_model or not self._is_computed(artifact):
            return Source.EDITED if is_changed else Source.GENERATED
        return Source.ENHANCED if is_changed else Source.COMPUTED

    def _is_computed(self, artifact: Artifact) -> bool:
        """Whether no trained model had a part in the run that made it."""
        record = self._library.record(artifact.record)
        is_known = record.seconds is not None  # weights are written down when it ends
        return is_known and record.task in _COMPUTING and not record.weights

    def _called(self, artifact: Artifact, disclosure: Disclosure) -> str:
        called = export.called(artifact)
        if disclosure is Disclosure.FULL:
            return called
        prompt: Any = artifact.prompt
        if artifact.record:
            prompt = [prompt, self._library.record(artifact.record).params]
        words = set(_WORD.findall(msgspec.json.encode(prompt).decode().lower()))
        return artifact.kind if words.intersection(_WORD.findall(called.lower())) else called

    # --- writing ------------------------------------------------------------------------------

    def _dress(self, artifact: Artifact, source: Path, target: Path, disclosure: Disclosure) -> str:
        """Write ``source`` to ``target`` with its statement, inside or beside; return a remark."""
        statement, key, remark = self.statement(artifact, disclosure), None, ""
        if statement is not None:
            key, remark = self._key()
            if key is None:
                statement = None
            else:
                statement = msgspec.structs.replace(statement, artifact=key.hide(artifact.id))
        full = disclosure is Disclosure.FULL
        with open_regular(source) as file:
            head, size = file.read(12), os.fstat(file.fileno()).st_size
        container = recognise(head) if size <= LONGEST else None
        if container is not None and _fits(statement):
            data = read_result(source)
            _write(target, _inside(container, data, statement, key, keep_told=full))
            return remark
        if head.startswith(_MIDI) and not full:
            _write(target, midi.without_told(read_result(source)))
        elif container is not None and not full:
            _write(target, rewritten(container, read_result(source), b"", keep_told=False))
        else:
            with open_regular(source) as read, target.open("xb") as write:
                shutil.copyfileobj(read, write, 1 << 20)
                write.flush()
                disk.sync_file(write.fileno())
        if statement is not None and key is not None:
            with open_regular(target) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            _write(side_file.beside(target), side_file.write(statement, digest, key))
        return remark

    def _key(self) -> tuple[InstallationKey | None, str]:
        """Return the key, and a remark. Work can be saved where nothing can be signed."""
        try:
            require()
            key = InstallationKey.of(self._paths)
        except StudioError as error:
            return None, f"It has no signed record. {error.message} {error.hint}".strip()
        return key, key.news

    def _beside(self, folder: Path, put: Callable[[Path], Exported]) -> Exported:
        """Let ``put`` work in a scratch folder on the disk of ``folder``, gone afterwards."""
        try:
            with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as scratch:
                exported = put(Path(scratch))
            disk.sync_folder(folder)
        except OSError as error:
            raise disk.explain(error, "export the result", folder) from error
        return exported


def _fits(statement: Statement | None) -> bool:
    return statement is None or len(msgspec.json.encode(statement)) <= LONGEST_INSIDE


def _inside(
    container: Container,
    data: bytes,
    statement: Statement | None,
    key: InstallationKey | None,
    *,
    keep_told: bool,
) -> bytes:
    if statement is None or key is None:
        return data if keep_told else rewritten(container, data, b"", keep_told=False)
    return signed(
        container, rewritten(container, data, xmp(statement), keep_told=keep_told), statement, key
    )


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        disk.sync_file(file.fileno())


def _with_side(path: Path, dressed: Path, remark: str) -> Exported:
    """Move the side file of ``dressed`` next to its destination, ``path``."""
    side = side_file.beside(dressed)
    if not side.exists():
        return Exported(path, None, remark)
    os.replace(side, side_file.beside(path))
    return Exported(path, side_file.beside(path), remark)
