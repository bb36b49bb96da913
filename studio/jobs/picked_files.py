"""A register of the files picked by the user, which tasks may receive.

A path counts as picked if a dialog, a drop, a form field, or the command line
gave it. Manifests, defaults, recipes and workflows of others, and calls cannot add to the register.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind
from studio.base import disk
from studio.jobs.job import Job
from studio.library import Library
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

log = logging.getLogger("studio.picked")

CheckFile = Callable[[TaskEntry, Field, str], None]
"""Takes a task, its parameter and a path; raises a ``StudioError`` if it may not have that."""

MOST = 50_000
"""Entries that are read; of more, the older half is dropped."""
_LINE = 33
_KEY_BYTES = 16
_DIGEST = 64
"""Letters of the SHA-256 that a file of the library is named by."""


class PickedFiles:
    """Paths that a person picked, over restarts. May be used from any thread.

    The file has keyed digests, no names: what is erased from the library is not named here.
    """

    def __init__(self, file: Path) -> None:
        """Keep them in ``file``, which terminals add to as well."""
        self._file = file
        self._lock = threading.Lock()
        self._key = b""
        self._digests: set[str] = set()
        self._length = -1

    def grant(self, paths: Iterable[Path | str], *, keep: bool = True) -> None:
        """Take down what somebody picked; with a folder goes all that is in it.

        Args:
            keep: Also for the next studio.
        """
        names = {name for path in paths if str(path) for name in _names(path)}
        names |= {f"{name}{os.sep}" for name in names if os.path.isdir(name)}
        if not names:
            return
        with self._lock:
            self._read()
            new = {self._digest(name) for name in names} - self._digests
            self._digests |= new
            if keep and new:
                self._append(sorted(new))

    def holds(self, path: Path | str) -> bool:
        """Whether somebody picked ``path``, or a folder that it is in."""
        candidates = [
            candidate
            for name in _names(path)
            for candidate in (name, *(f"{folder}{os.sep}" for folder in Path(name).parents))
        ]
        with self._lock:
            self._read()
            return any(self._digest(name) in self._digests for name in candidates)

    def _digest(self, name: str) -> str:
        data = os.fsencode(name)
        return hashlib.blake2b(data, key=self._key, digest_size=(_LINE - 1) // 2).hexdigest()

    def _read(self) -> None:
        """Read new entries of the file, if it has grown."""
        try:
            length = self._file.stat().st_size
        except OSError:
            length = 0
        if length == self._length and self._key:
            return
        self._length = length
        lines: list[str] = []
        with contextlib.suppress(FileNotFoundError), open_regular(self._file) as file:
            file.seek(max(0, length - MOST * _LINE) // _LINE * _LINE)
            lines = file.read(MOST * _LINE).decode("ascii", "replace").split()
            file.seek(0)
            first = file.read(_LINE).decode("ascii", "replace").strip()
            self._key = _key(first) or self._key
        if not self._key:  # nothing is there yet, or it is no such file
            self._key = secrets.token_bytes(_KEY_BYTES)
            self._write([])
        elif length > MOST * _LINE:
            self._write(lines[len(lines) // 2 :])
        self._digests.update(lines)

    def _write(self, lines: Collection[str]) -> None:
        try:
            disk.make_folder(self._file.parent)
            whole = "".join(f"{line}\n" for line in (self._key.hex(), *lines)).encode()
            disk.write_durably(self._file, whole)
            self._length = len(whole)
        except OSError as error:  # what is picked now can be used now; later it is picked again
            log.warning("The list of picked files cannot be kept: %s", error)

    def _append(self, lines: Collection[str]) -> None:
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(handle, "ab") as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
                self._length = file.tell()
        except OSError as error:
            log.warning("The list of picked files cannot be kept: %s", error)


def paths_of(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[tuple[Field, str]]:
    """Yield each path among the values of parameters, with the parameter that names it."""
    for field in fields:
        value = values.get(field.name)
        if field.kind is FieldKind.FILE and value:
            yield field, str(value)
        elif field.kind is FieldKind.LIST and field.names_files:
            yield from ((field, str(path)) for path in value or () if path)


class FileProofs:
    """Says what tasks may be handed.

    Plugins that run in the studio read files by themselves; for the others each path needs a proof.
    """

    def __init__(
        self, picked: PickedFiles, library: Library, plugins: PluginHost, *, everybody: bool = False
    ) -> None:
        """``everybody``: calls of all plugins need one."""
        self.picked, self._library, self._plugins = picked, library, plugins
        self._everybody = everybody

    def strict(self) -> FileProofs:
        """Return the same for where no plugin reads files by itself: on machines of a cluster."""
        return FileProofs(self.picked, self._library, self._plugins, everybody=True)

    def of_request(self, task: TaskEntry, field: Field, path: str) -> None:
        """Refuse a file that nobody picked; results of the library are the user's to hand over.

        Raises:
            StudioError: ``PERMISSION``.
        """
        if field.kind is FieldKind.FILE and not self.allows(task.id, path):  # a list is only told
            raise StudioError(
                ErrorCode.PERMISSION,
                f"“{task.title}” may not read {Path(path).name}: you did not choose that file.",
                f"Choose it again for “{field.title}”.",
            )

    def allows(self, task: str, path: str) -> bool:
        """Whether a request of the user's may hand ``path`` to ``task``."""
        plugin, _ = self._plugins.task(task)
        return not plugin.isolated or self.picked.holds(path) or self._is_result(path)

    def of_call(self, caller: Job) -> CheckFile:
        """Return what refuses files that ``caller`` could not read itself.

        It may pass on what was picked for it, and results that it was given or has made.
        """
        recipe = caller.recipe
        is_free = not (self._everybody or self._plugins.plugin(caller.plugin).isolated)
        own = {str(recipe.params[name]) for name in recipe.files}
        own |= {str(artifact.path) for artifact in caller.artifacts if artifact.path != Path()}

        def check(task: TaskEntry, field: Field, path: str) -> None:
            if is_free or path in own or any(self._is_result(path, id) for id in recipe.parents):
                return
            if self._reads_library(caller) and self._is_result(path):
                return
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The plugin “{caller.plugin}” may not have {task.id} read "
                f"{Path(path).name}: you have not picked that file for it.",
                "Pass files that were picked for the task, or ids of results that it may read.",
                plugin=caller.plugin,
            )

        return check

    def with_results(self, caller: Job, task: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a call, with a path for each id of a result it may read."""
        files = {
            f.name for f in self._plugins.params_class(task).fields() if f.kind is FieldKind.FILE
        }
        ids = {*caller.recipe.parents, *(artifact.id for artifact in caller.artifacts)} - {""}
        replaced = dict(params)
        for name in files & replaced.keys():
            id = str(replaced[name])
            with contextlib.suppress(StudioError):  # no id: a path, which is checked as such
                if id in ids or (self._reads_library(caller) and self._library.artifact(id)):
                    replaced[name] = str(self._library.payload_path(id))
        return replaced

    def _reads_library(self, caller: Job) -> bool:
        manifest = self._plugins.plugin(caller.plugin).manifest
        allowed = manifest is not None and manifest.permissions.library
        return allowed and not caller.recipe.private

    def _is_result(self, path: str, id: str = "") -> bool:
        """Whether ``path`` is the file of a result, or of that result: not one beside it."""
        digest = Path(path).name.partition(".")[0]
        if len(digest) != _DIGEST:
            return False
        of_digest = [
            artifact
            for binned in (False, True)
            for artifact in self._library.find(digest=digest, binned=binned, limit=-1)
        ]
        real = os.path.realpath(path)
        return any(
            os.path.realpath(self._library.payload_path(artifact)) == real
            for artifact in of_digest
            if not id or artifact.id == id
        )


def _key(line: str) -> bytes:
    try:
        key = bytes.fromhex(line)
    except ValueError:
        return b""
    return key if len(key) == _KEY_BYTES else b""


def _names(path: Path | str) -> set[str]:
    """Return the names of a file: where it lies, and where it seems to lie.

    A link that somebody picked, or that is in a folder of theirs, may lead elsewhere; one that
    stands before “..” says nothing of where the path ends.
    """
    names = {os.path.realpath(path)}
    if ".." not in Path(path).parts:
        names.add(os.path.abspath(path))
    return names
