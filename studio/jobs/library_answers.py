"""What running tasks ask of the library, looked up beside the owner's thread."""

from __future__ import annotations

from studio.base.background import Background
from studio.jobs.board import JobBoard
from studio.jobs.places import Places
from studio.library import Artifact, Library
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.library_row import LibraryRow
from studio.protocol.messages import LibraryFound, LibraryQuery

MOST = 1000
"""Results that are told of at once."""
_TEXT = 4_000
"""Characters that are told of the text of each."""


class LibraryAnswers:
    """Answers for plugins whose manifest says that they read the library, and for no others."""

    def __init__(
        self,
        library: Library,
        plugins: PluginHost,
        jobs: JobBoard,
        machines: Places,
        background: Background,
    ) -> None:
        self._library, self._plugins, self._jobs = library, plugins, jobs
        self._machines, self._background = machines, background

    def answer(self, query: LibraryQuery) -> None:
        """Look up what ``query`` asks for, and tell the runtime."""
        job = self._jobs.get(query.job)
        if job is None or not job.is_live:
            return
        if query.kept and not job.recipe.private:  # its own: no permission is needed
            self._background.run(
                lambda: () if job.recipe.anew else self._kept(job.plugin, query.kept),
                lambda rows: self._tell(query, rows),
                lambda error: self._refuse(query, error),
            )
            return
        manifest = self._plugins.plugin(job.plugin).manifest
        if job.recipe.private or manifest is None or not manifest.permissions.library:
            what = f"The plugin “{job.plugin}” may not read the library."
            self._refuse(query, StudioError(ErrorCode.PERMISSION, what, plugin=job.plugin))
            return
        self._background.run(
            lambda: self._rows(query),
            lambda rows: self._tell(query, rows),
            lambda error: self._refuse(query, error),
        )

    def _rows(self, query: LibraryQuery) -> tuple[LibraryRow, ...]:
        if query.id:
            return (self._row(self._library.artifact(query.id)),)
        limit = max(0, min(query.limit, MOST))
        artifacts = self._library.find(query.query, kinds=query.kinds, limit=limit)
        return tuple(map(self._row, artifacts))

    def _kept(self, plugin: str, key: str) -> tuple[LibraryRow, ...]:
        path = self._library.intermediates.find(plugin, key)
        return (LibraryRow("", "", "", "", str(path)),) if path else ()

    def _row(self, artifact: Artifact) -> LibraryRow:
        return LibraryRow(
            artifact.id,
            artifact.kind,
            artifact.title,
            artifact.record,
            str(self._library.payload_path(artifact)),
            artifact.text[:_TEXT],
            artifact.verdict,
            artifact.meta,
            artifact.starred,
            artifact.created,
        )

    def _tell(self, query: LibraryQuery, rows: tuple[LibraryRow, ...]) -> None:
        try:
            self._send(LibraryFound(query.job, query.ask, rows))
        except StudioError:  # of what cannot be sent nothing was
            what = f"These {len(rows)} results are too many to be told at once."
            self._refuse(query, StudioError(ErrorCode.BAD_INPUT, what, "Ask for fewer."))

    def _refuse(self, query: LibraryQuery, error: StudioError) -> None:
        self._send(LibraryFound(query.job, query.ask, error=error.info()))

    def _send(self, answer: LibraryFound) -> None:
        if job := self._jobs.get(answer.job):
            self._machines.of(job.machine).send(answer)
