"""Rows that are made from results in the library: of a collection, or chosen one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import msgspec

from studio.api.artifacts import Kind
from studio.api.errors import BadInput
from studio.automation.workflows.document import Workflow
from studio.automation.workflows.sources import NONE, Given, takes_none
from studio.library import Library
from studio.library.rows import Artifact
from studio.protocol.errors import ErrorCode, StudioError

_COLLECTION, _RESULTS = "collection:", "results:"
"""What a run keeps of a source that is no file."""


class Results(msgspec.Struct, frozen=True):
    """Results in the library, of which a workflow takes those of its kind.

    Attributes:
        ids: Of these results; or else
        collection: the title of a collection; or else
        run: the id of a run, whose rows were made from them.
    """

    ids: tuple[str, ...] = ()
    collection: str = ""
    run: str = ""


Source = Path | Results


def written(source: Source | None) -> str:
    """Return the source of a run's inputs as stored with it; empty for typed ones."""
    if isinstance(source, Results):
        return f"{_COLLECTION}{source.collection}" if source.collection else _RESULTS
    return str(source.absolute()) if source else ""


def read_back(written: str, run: str) -> Source | None:
    """Return the source stored in ``written`` for the run with this id; None for typed ones."""
    if written == _RESULTS:
        return Results(run=run)
    if written.startswith(_COLLECTION):
        return Results(collection=written.removeprefix(_COLLECTION))
    return Path(written) if written else None


def results(source: Results, workflow: Workflow, library: Library) -> Iterator[Given]:
    """Yield a row for each result that a workflow takes.

    Raises:
        StudioError: There is none of its kind, or no such collection.
    """
    kind = workflow.input.kind
    if kind == NONE:
        raise takes_none(workflow)
    if kind == Kind.TABLE:
        raise BadInput(
            "This workflow takes the lines of a table, not results.",
            "Export a table, and choose the file.",
        )
    any_found = False
    others = set[str]()
    for artifact in map(library.artifact, _ids(source, library)):
        if artifact.kind == kind and artifact.binned_at is None:
            any_found = True
            yield Given(text=_title(artifact), artifact=artifact.id)
        else:
            others.add(artifact.kind)
    if not any_found:
        where = f"the collection “{source.collection}”" if source.collection else "what was chosen"
        has = f"It has: {', '.join(sorted(others))}." if others else "It is empty."
        raise BadInput(f"There is no {kind} in {where}.", has)


def _ids(source: Results, library: Library) -> Iterable[str]:
    if source.run:
        given = (row.given for row in library.workflow_runs.rows(source.run))
        return [item["artifact"] for item in given if item.get("artifact")]
    if not source.collection:
        return source.ids
    collections, title = library.collections.list(), source.collection.casefold()
    same = [item for item in collections if item.title.casefold() == title]
    if not same:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no collection “{source.collection}”.",
            f"Collections: {', '.join(item.title for item in collections) or 'none yet'}.",
        )
    return chain.from_iterable(library.collections.inside(item.id) for item in same)


def _title(artifact: Artifact) -> str:
    return artifact.title or " ".join(artifact.text[:200].split())
