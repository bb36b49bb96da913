"""The library: one door to results, records, conversations and the job journal. Holds no SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from studio.api.artifacts import NewArtifact
from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import export
from studio.library.artifacts import PREVIEW_SUFFIX, Artifacts, new_artifact
from studio.library.conversations import Conversations
from studio.library.energy_totals import Totals
from studio.library.erasure import Erasure
from studio.library.family import FamilyTrees
from studio.library.intermediates import Intermediates
from studio.library.job_journal import JobJournal
from studio.library.kept_inputs import KeptInputs
from studio.library.leftovers import Leftovers, find_leftovers
from studio.library.prompt_cache_files import Traces
from studio.library.records import Records
from studio.library.rows import Artifact, Family, Record
from studio.library.search import Search
from studio.library.shelves.collection import Collections
from studio.library.shelves.tags import Tags
from studio.library.storage import ulid
from studio.library.storage.blob_store import ObjectStore
from studio.library.storage.event_log import EventLog
from studio.library.storage.queue_history import QueueHistory
from studio.library.storage.reserved_space import ReservedSpace
from studio.library.storage.startup import open_database, outlook
from studio.library.upkeep import backup, health, integrity, library_copy, recovery, stats
from studio.library.upkeep.health import Health
from studio.library.upkeep.library_copy import CopyNote, copy_library
from studio.library.upkeep.rebuild import described, rebuild
from studio.library.workflow_runs import WorkflowRuns
from studio.protocol.errors import ErrorCode, StudioError

P = ParamSpec("P")
T = TypeVar("T")

JOB_RESERVE = 256 << 20
"""Room that a job must leave on the disk: for the database, and for whatever else the user does."""


class Library:
    """All that was made, on one disk, safe when a method returns.

    Methods may be called from any thread. Reads take about a millisecond; writes wait for the disk
    (two to four syncs, 5–50 ms), so a window calls them through ``later``.

    Attributes:
        records, conversations, collections, tags, search, jobs, workflow_runs, kept_inputs, energy,
            families, intermediates: The parts with methods of their own.
        news: Sentences about the opening that the user should read once.
        on_health: Called, from any thread, with the new health whenever it changes.
        on_added: Called, from any thread, with each result that was saved.
        on_binned: Called, from any thread, when results went into the bin or came back.
        on_erased: Called, from any thread, when something was erased for good.
    """

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool,
        traces: Traces | None = None,
    ) -> None:
        """Open the library; see ``open``. ``traces``: derived data, deleted on erasure."""
        self.folder = folder
        self.on_added: Callable[[Artifact], None] = lambda artifact: None
        self.on_binned: Callable[[], None] = lambda: None
        self.on_erased: Callable[[], None] = lambda: None
        self.on_health: Callable[[Health], None] = lambda health: None
        self._opened = opened = open_database(folder, read_only=read_only)
        self._database = database = opened.database
        database.on_fault = lambda fault: self.on_health(self.health)
        self._store = ObjectStore(folder)
        self._history = history = EventLog(folder / "history")
        self._reserved_space = ReservedSpace(folder / "ballast")
        self._executor: ThreadPoolExecutor | None = None
        self._artifacts = Artifacts(database, self._store, history)
        self.records = Records(database, history)
        self.collections = Collections(database, history)
        self.tags = Tags(database, history)
        self.search = Search(database)
        self.jobs = JobJournal(database, QueueHistory(history))
        self.energy = Totals(database)
        self.intermediates = Intermediates(database, folder)
        self.families = FamilyTrees(database)
        self.workflow_runs = WorkflowRuns(database)
        self.kept_inputs = KeptInputs(database, self._store)
        self.conversations = Conversations(database, history, folder / "journals", database.note)
        self._erasure = Erasure(
            folder, database, self._store, history, self._artifacts, self._reserved_space, traces
        )
        self._traces = traces
        self.news = list(opened.news)
        self._learn_last_id()
        if not self.read_only:
            self._recover()

    @classmethod
    def open(
        cls, paths: StudioPaths | Path, *, read_only: bool = False, settings: Settings | None = None
    ) -> Library:
        """Open the library of ``paths`` (or a library folder), made if missing.

        It opens for reading only when it must: see ``health``. ``settings`` hold drafts.

        Raises:
            StudioError: It can be neither made nor read.
        """
        if isinstance(paths, StudioPaths):
            settings = settings or Settings(paths.settings)
            traces = Traces(paths, settings)
            return cls(paths.library, read_only=read_only, traces=traces)
        return cls(paths, read_only=read_only)

    def close(self) -> None:
        """Finish what ``later`` was given and let go. A kill does no harm either."""
        if self._executor:
            self._executor.shutdown()
        self._database.close()
        self._opened.lock.release()
        if self._opened.scratch:
            self._opened.scratch.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def health(self) -> Health:
        """Whether saving works, else the reason and the remedy; reading always works."""
        fault = self._database.fault
        if not self._opened.health.writable or fault is None:
            return self._opened.health
        return health.of_fault(fault)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be saved, for good."""
        return not self._opened.health.writable

    def later(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call something of the library on its own thread, in order: no window waits."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="library")
        return self._executor.submit(call, *args, **kwargs)

    # --- artifacts ----------------------------------------------------------------------------

    def add_artifact(
        self,
        new: NewArtifact,
        *,
        record: str = "",
        inputs: Sequence[str] = (),
        job: str = "",
        move: bool = False,
    ) -> Artifact:
        """Save a result; it is on the disk when this returns.

        Args:
            record: Id of the record that made it; its prompt becomes searchable.
            inputs: Ids of the artifacts it was made from: the family tree.
            move: Take a file that is its payload away from its place, instead of copying it.

        Raises:
            StudioError: ``DISK_FULL``, ``READ_ONLY``, …: it is not saved.
        """
        self._must_write()
        made_by = self.records.get(record) if record else None
        prompt = str((made_by.params if made_by else {}).get("prompt") or "")[:10_000]
        artifact = new_artifact(new, record=record, job=job, prompt=prompt)
        with self._database.guard("save the result"):
            saved = self._artifacts.add(
                artifact,
                new.payload,
                preview=new.preview,
                record=made_by,
                inputs=inputs,
                move=move,
            )
        self.on_added(saved)
        return saved

    def artifact(self, id: str) -> Artifact:
        """Return one artifact, from the bin too.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        return self._artifacts.get(id)

    def made_in(self, conversations: Sequence[str], limit: int = 1000) -> list[Artifact]:
        """Return the artifacts created in conversations, newest first, without the bin."""
        return self._artifacts.made_in(conversations, limit)

    def find(
        self,
        query: str = "",
        kinds: Sequence[str] = (),
        starred: bool | None = None,
        binned: bool = False,
        limit: int = 100,
        offset: int = 0,
        order: str = "newest",
        **more: Any,
    ) -> list[Artifact]:
        """Return artifacts.

        Args:
            query: Words, each at least begun, in title, prompt or text; no operators.
            order: ``newest``, ``oldest``, ``title``, ``largest``.
            more: ``passed`` (whether the verdict holds), ``record``, ``job``,
                ``digest``, ``collection``.
        """
        return self._artifacts.find(
            query, order, limit, offset, kinds=kinds, starred=starred, binned=binned, **more
        )

    def count(
        self,
        query: str = "",
        kinds: Sequence[str] = (),
        starred: bool | None = None,
        binned: bool = False,
        **more: Any,
    ) -> int:
        """Return how many artifacts ``find`` would return without a limit."""
        return self._artifacts.count(query, kinds=kinds, starred=starred, binned=binned, **more)

    def payload_path(self, artifact: Artifact | str) -> Path:
        """Return the file of an artifact: read it, never write it."""
        row = self._resolve(artifact)
        return self._store.path(row.digest, row.suffix)

    def described(self, artifact: Artifact) -> Record | None:
        """Return how an artifact was made as its description file says; None where that is lost."""
        return described(self._store, artifact)

    def preview_path(self, artifact: Artifact | str) -> Path | None:
        """Return the small PNG of an artifact, None without one."""
        row = self._resolve(artifact)
        return self._store.path(row.preview, PREVIEW_SUFFIX) if row.preview else None

    def inputs(self, id: str) -> list[str]:
        """Return the ids of what an artifact was made from."""
        return self._artifacts.inputs(id)

    def family(self, id: str) -> Family:
        """Return (ancestors, descendants) of an artifact, nearest first."""
        return self._artifacts.family(id)

    def kinds(self) -> list[str]:
        """Return the kinds of which there are artifacts."""
        return [row[0] for row in self._database.all("SELECT DISTINCT kind FROM artifacts")]

    def rename(self, id: str, title: str) -> None:
        """Give an artifact another title."""
        self._change([id], title=title)

    def star(self, ids: str | Sequence[str], starred: bool = True) -> None:
        """Mark artifacts, or unmark them."""
        self._change(_many(ids), starred=starred)

    def bin(self, ids: str | Sequence[str]) -> None:
        """Put artifacts in the bin; ``restore`` brings them back."""
        self._change(_many(ids), binned_at=time.time())
        self.on_binned()

    def restore(self, ids: str | Sequence[str]) -> None:
        """Take artifacts out of the bin."""
        self._change(_many(ids), binned_at=None)
        self.on_binned()

    def empty_bin(self, older_than: float = 0.0) -> int:
        """Permanently delete items in the bin for ``older_than`` seconds, including messages.

        Returns:
            The bytes freed.
        """
        before = time.time() - older_than
        binned = self.find(binned=True, limit=-1)
        ids = [artifact.id for artifact in binned if (artifact.binned_at or 0.0) <= before]
        talks = self.conversations.binned_before(before)
        return self.erase([*ids, *talks], self.conversations.deleted_before(before, talks))

    def erase(self, ids: Sequence[str], messages: Sequence[str] = ()) -> int:
        """Delete artifacts, conversations and runs for good, and all that was written of them.

        Their records, lines of the history, search words, inputs and copies in the backups go, and
        the caches and drafts in which something of them may be; ``messages`` go from conversations
        that stay. A run (the id of a record) goes if nothing is there that it made.

        Returns:
            The bytes that were freed.

        Raises:
            StudioError: ``NOT_FOUND`` for the first that is not there; nothing is erased then.
        """
        self._must_write()
        talks, runs = (
            [id for id in ids if self._is_one_of(what, id)] for what in ("conversations", "records")
        )
        items = [id for id in ids if id not in {*talks, *runs}]
        plan = self._erasure.plan(items, talks, runs, messages)
        if not ids and not messages:
            return 0
        freed = self._erasure.carry_out(plan)
        self.intermediates.sweep()
        self._reserved_space.make()
        self.on_erased()
        return freed

    def erase_leftovers(self) -> list[str]:
        """Delete the leftovers of erased items and return their descriptions."""
        self._must_write()
        self._erasure.resume()
        leftovers = self._left()
        names = [*leftovers.names(), *(path.name for path in leftovers.broken)]
        if names:
            self._erasure.carry_out(leftovers.plan())
            for path in leftovers.broken:
                disk.remove(path)
            self.on_erased()
        return names

    def _is_one_of(self, table: str, id: str) -> bool:
        return self._database.one(f"SELECT 1 FROM {table} WHERE id = ?", id) is not None

    def export(self, id: str, folder: Path) -> Path:
        """Copy the file of an artifact into a folder under its title, as it is.

        ``provenance/exporter.py`` is for files that are given away. Nothing is overwritten;
        an interrupted export leaves no half file.

        Returns:
            The copy.

        Raises:
            StudioError: The folder cannot be written to, or the payload is missing.
        """
        artifact = self.artifact(id)
        return export.copy_as_titled(artifact, self.payload_path(artifact), folder)

    # --- records ------------------------------------------------------------------------------

    def add_record(self, task: str, params: Mapping[str, Any], **facts: Any) -> Record:
        """Store a recipe before its job starts; see ``Records.add``."""
        return self.records.add(task, params, **facts)

    def record(self, id: str) -> Record:
        """Return a record.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        return self.records.get(id)

    def keep_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Store the inputs of a result's job by digest, so that it can be run again.

        Raises:
            StudioError: The disk refused.
        """
        self._must_write()
        self.kept_inputs.keep(inputs)

    def inputs_of(self, record: Record) -> dict[str, bytes]:
        """Return the inputs of a record's job, by name.

        Raises:
            StudioError: ``NOT_FOUND``: an input was not stored, or was erased since.
        """
        return self.kept_inputs.of(record)

    # --- care ---------------------------------------------------------------------------------

    def check_room(self, expected: int = 0) -> None:
        """Refuse work whose result would not fit; to be asked before a job starts.

        Raises:
            StudioError: ``READ_ONLY`` or ``DISK_FULL``.
        """
        self._must_write()
        free, needed = disk.free_bytes(self.folder), expected + JOB_RESERVE
        if free < needed and self.intermediates.free(needed - free):
            free = disk.free_bytes(self.folder)
        if free < needed:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"Not enough disk space for {self.folder}: {disk.as_size(free)} free, "
                f"{disk.as_size(needed)} needed.",
                "Free up disk space or empty the bin, then try again.",
            )

    def verify(self, progress: integrity.Progress | None = None) -> integrity.Report:
        """Check every payload against its digest, that nothing is missing or left of what went."""
        parts = self._store, self._history, self._left(), outlook(self.folder)
        return integrity.check(self._database, *parts, progress)

    def rebuild(self, kinds: Mapping[str, str] | None = None) -> None:
        """Make the database again from sidecars and history; the job journal stays as it is, and
        rows of the queue that it has lost come back.

        ``kinds`` (suffix → kind) are those that plugins declare: what a file is whose sidecar is
        damaged.
        """
        self._must_write()
        with self._database.write("rebuild the library") as connection:
            rebuild(connection, self._store, self._history, kinds or {})

    def backup(self, target: Path, **how: Any) -> CopyNote:
        """Copy the whole library into a new folder ``target``, verify the copy, return its note.

        The copy is a home: ``STUDIO_HOME=target studio`` opens it. ``how``: see ``copy_library``.

        Raises:
            StudioError: ``target`` is in the way, cannot be written, or the copy is not sound.
        """
        notes = self.folder / "backups"
        return copy_library(self._database, self.folder, target, notes=notes, **how)

    def maintain(self) -> None:
        """Once a day: check the database, back it up, tidy. Call it after the start, beside it.

        Raises:
            StudioError: The database is damaged, or the backup cannot be written.
        """
        backups = self.folder / "backups"
        if not self.read_only:
            self._erasure.resume()
        if self.read_only or not backup.is_due(backups):
            return
        if problem := self._database.problem():
            raise self._database.condemn(problem)
        backup.daily(self._database, backups)
        self.jobs.prune()
        self.kept_inputs.sweep()
        self.intermediates.sweep()
        with self._database.exclusive() as connection:
            connection.execute("PRAGMA optimize")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._reserved_space.make()

    def stats(self) -> stats.Stats:
        """Return how much there is."""
        return stats.count(self._database, self.folder)

    # --- inside -------------------------------------------------------------------------------

    def _left(self) -> Leftovers:
        return find_leftovers(self._database, self._store, self._history, self.folder, self._traces)

    def _must_write(self) -> None:
        if self.read_only:
            raise self._database.refusal

    def _change(self, ids: Sequence[str], **columns: Any) -> None:
        self._must_write()
        self._artifacts.change(ids, **columns)

    def _resolve(self, artifact: Artifact | str) -> Artifact:
        return self.artifact(artifact) if isinstance(artifact, str) else artifact

    def _learn_last_id(self) -> None:
        """Keep identifiers growing even if the clock was set back since the last one."""
        for table in ("artifacts", "records", "conversations", "messages"):
            ulid.seen(self._database.value(f"SELECT max(id) FROM {table}") or "")

    def _recover(self) -> None:
        """Complete the last writer's pending work; on a full disk, leave it for the next start."""
        try:
            self._store.prepare()
            journals = disk.make_folder(self.folder / "journals")
            library_copy.sweep(self.folder / "backups", alone=True)
            self.news += recovery.recover(
                self._database, self._store, self._artifacts, self.conversations, journals,
                # Before the replies: those of what is erased are not missed.
                lambda: self._erasure.resume(upgrades=False),
            )  # fmt: skip
        except OSError as error:
            self._database.note(disk.explain(error, "recover unfinished work", self.folder))
        except StudioError as error:
            self._database.note(error)


def _many(ids: str | Sequence[str]) -> Sequence[str]:
    return [ids] if isinstance(ids, str) else ids
