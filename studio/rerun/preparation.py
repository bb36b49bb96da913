"""From the id of a result to the request that makes it again; reports missing parts in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from studio.api.inputs import packed
from studio.api.jobs import JobRequest
from studio.api.worker.sentence import sentence
from studio.jobs.requests import as_sent
from studio.library import Artifact, Library, Message, Record
from studio.library.retired_params import digest
from studio.plugins import PluginHost
from studio.plugins.circumstances import PLUGIN, digest_of
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import BlobSpec
from studio.rerun.report import Cause
from studio.rerun.weights_by_digest import WeightsByDigest, renamed

T = TypeVar("T")


@dataclass(frozen=True)
class Changed:
    """A result whose file is not as it was saved.

    Attributes:
        copy: Of the file as it is now: to save the same result again would heal it.
        digest: Of that.
    """

    copy: Path
    digest: str


@dataclass(frozen=True)
class Original:
    """The original to make again.

    Attributes:
        record: Its record.
        results: The artifacts to compare; none for a message or a run without artifacts, whose
            return value is compared.
        siblings: All artifacts of the record, oldest first.
        message: Of a conversation; its text is compared.
        changed: Id of a result → the change of its file.
        since: Other changes: the user's files, and the record itself.
    """

    id: str
    record: Record
    results: tuple[Artifact, ...] = ()
    siblings: tuple[Artifact, ...] = ()
    message: Message | None = None
    changed: Mapping[str, Changed] = field(default_factory=dict)
    since: tuple[Cause, ...] = ()

    @property
    def title(self) -> str:
        """What lists call it."""
        return self.results[0].title if len(self.results) == 1 else ""


def find(library: Library, id: str) -> Original:
    """Return the result, the record or the message with that id, and how it was made.

    Raises:
        StudioError: There is none, nobody knows how it was made, or that is damaged.
    """
    with_id: dict[str, Callable[[str], Any]] = {
        "artifact": library.artifact,
        "record": library.record,
        "message": library.conversations.message,
    }
    for what, look_up in with_id.items():
        original = _if_there(partial(look_up, id))
        if original is not None:
            return _original(library, id, what, original)
    raise StudioError(
        ErrorCode.NOT_FOUND,
        sentence("There is no result with this id in the library."),
        sentence("Ids are listed by `studio library list` and `studio library search`."),
    )


def changed_files(library: Library, original: Original, folder: Path) -> dict[str, Changed]:
    """Copy the files of results that are not as they were saved into ``folder``.

    Raises:
        StudioError: ``NOT_FOUND``: one is not there any more.
    """
    changes: dict[str, Changed] = {}
    for result in original.results:
        path = library.payload_path(result)
        try:
            now = digest_of(path)
            if now != result.digest:
                copy = Path(shutil.copyfile(path, folder / f"{result.id}{result.suffix}"))
                changes[result.id] = Changed(copy, now)
        except OSError as error:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                sentence(
                    "The file of “{title}” cannot be read: there is nothing to compare with.",
                    title=result.title,
                ),
                sentence("`studio library verify` lists all files that are missing or damaged."),
                str(error),
            ) from error
    return changes


def changed_since(library: Library, original: Original) -> tuple[Cause, ...]:
    """Return changed or missing files, and edits in the database.

    Only files copied by the library: others are reported as the cause of a difference.
    """
    causes: list[Cause] = []
    for name, sha256 in original.record.files.items():
        try:
            now = digest_of(Path(name))
        except OSError:
            now = ""
        if now != sha256 and library.kept_inputs.file(sha256) is not None:
            causes.append(Cause("input", Path(name).name, sha256, now))
    for result in original.results[:1]:
        if (saved := library.described(result)) is not None:
            causes += _edited(saved, original.record)
    return tuple(causes)


def _edited(saved: Record, record: Record) -> Iterator[Cause]:
    """Yield differences between the database and the sidecar of the result."""
    was, now = ({**entry.params, "seed": entry.seed} for entry in (saved, record))
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield Cause("record", name, str(was.get(name))[:80], str(now.get(name))[:80])


def request_for(
    library: Library, original: Original, weights: WeightsByDigest, folder: Path
) -> JobRequest:
    """Return what makes ``original`` again, with the inputs, files and models of then.

    Reads files: not for the window's thread.

    Args:
        folder: For files that are gone from where they were, and are made again from the library.

    Raises:
        StudioError: Something is missing, or nothing can be saved.
    """
    if library.read_only:
        library.check_room()  # says why
    record = original.record
    names = weights.now_called(record.weights)
    names |= _files_now(library, record, folder)
    first = original.results[0].id if original.results else ""
    is_kept = original.message is None
    return JobRequest(
        record.task,
        {name: renamed(value, names) for name, value in record.params.items()},
        title=original.title,
        inputs=_inputs(library, original),
        parents=library.inputs(first) if first else (),
        keep=is_kept,
        conversation="" if is_kept else record.conversation,
        seed=record.seed,
        anew=True,
    )


def explain(error: StudioError, record: Record, plugins: PluginHost) -> StudioError:
    """Return why a request was refused as whoever wants the result again understands it."""
    made_with = f"{record.plugin} {record.versions.get(PLUGIN, '')}".strip()
    plugin = next(
        (candidate for candidate in plugins.plugins if candidate.id == record.plugin), None
    )
    if plugin is None:
        return StudioError(
            ErrorCode.NOT_FOUND,
            sentence(
                "The plugin “{plugin}”, which made this, is not installed.", plugin=record.plugin
            ),
            sentence("Install {plugin} on the Plugins page, then run it again.", plugin=made_with),
        )
    if not plugin.is_usable:
        what = sentence(
            "{plugin}, which made this, cannot be used now: it is {state}.",
            plugin=plugin.title,
            state=plugin.state.words,
        )
        see = sentence("See the Plugins page.")
        hint = sentence("{reason} See the Plugins page.", reason=plugin.reason)
        return StudioError(
            ErrorCode.UNSUPPORTED, what, hint if plugin.reason else see, error.details
        )
    now = f"{plugin.title} {plugin.version}"
    tasks = plugin.manifest.tasks if plugin.manifest else ()
    if record.task not in {task.id for task in tasks}:
        return StudioError(
            ErrorCode.NOT_FOUND,
            sentence("{plugin} no longer has the task “{task}”.", plugin=now, task=record.task),
            sentence(
                "This was made with {plugin}: install that version to run it again.",
                plugin=made_with,
            ),
        )
    if error.code is ErrorCode.BAD_INPUT:
        what = sentence(
            "{plugin} cannot be asked for this any more. {reason}", plugin=now, reason=error.message
        )
        hint = sentence(
            "This was made with {plugin}. Start from its page instead.", plugin=made_with
        )
        return StudioError(error.code, what, hint)
    return error


# --- inside -------------------------------------------------------------------------------------


def _if_there(look_up: Callable[[], T]) -> T | None:
    """Return the result of the lookup; None if nothing was found.

    Raises:
        StudioError: It is damaged, or the library cannot be read.
    """
    try:
        return look_up()
    except StudioError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return None
        raise
    except (msgspec.MsgspecError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        sentence("What the library says of this result is damaged, so it cannot be run again."),
        sentence("`studio library rebuild` makes the database again from the files."),
        str(error),
    )


def _original(library: Library, id: str, what: str, item: Any) -> Original:
    record_id = id if what == "record" else item.record
    if not record_id:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            sentence(
                "Nobody knows how this was made: it was written by a person, or came from a file."
            ),
            sentence("Only what a task of the studio has made can be run again."),
        )
    record = item if what == "record" else _if_there(lambda: library.record(record_id))
    if record is None:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            sentence("How this was made is not in the library any more: its record is missing."),
            sentence("It was erased, or lost. `studio library rebuild` looks for it in the files."),
        )
    if what == "message":
        return Original(id, record, message=item)
    here = [*library.find(record=record.id, limit=-1), *_binned(library, record)]
    siblings = tuple(sorted(here, key=lambda artifact: artifact.id))
    results = (item,) if what == "artifact" else siblings
    if not results and not record.returned:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            sentence("There is nothing to compare with: no result of this run is in the library."),
            sentence("It did not come to its end, or what it made was erased since."),
        )
    return Original(id, record, results, siblings)


def _binned(library: Library, record: Record) -> list[Artifact]:
    return library.find(record=record.id, binned=True, limit=-1)


def _inputs(library: Library, original: Original) -> dict[str, Any]:
    record = original.record
    try:
        inputs: Mapping[str, Any] = library.inputs_of(record)
    except StudioError:
        messages = _said(library, original)
        if record.inputs != {"messages": digest(bytes(packed(messages)))}:
            raise
        return {"messages": messages}
    try:
        specs = {name: msgspec.convert(spec, BlobSpec) for name, spec in record.specs.items()}
        return {name: as_sent(specs.get(name), data) for name, data in inputs.items()}
    except msgspec.ValidationError as error:
        raise _damaged(error) from error


def _said(library: Library, original: Original) -> list[dict[str, str]]:
    """Return the messages before a message, as its job received them: a record has no text."""
    message = original.message
    if message is None:
        return []
    return [
        {"role": earlier.role, "content": earlier.content}
        for earlier in library.conversations.path_to(message.parent)
        if earlier.content.strip() and earlier.role in ("user", "assistant")
    ]


def same_files(record: Record, folder: Path) -> list[str]:
    """Return the files the task read before, with equal bytes, in place or in ``folder``.

    That this library made something of them is the proof that somebody picked them.
    """
    places = {
        name: (Path(name), folder / sha / Path(name).name) for name, sha in record.files.items()
    }
    return [
        str(place)
        for name, both in places.items()
        for place in both
        if _has(place, record.files[name])
    ]


def _has(file: Path, sha256: str) -> bool:
    try:
        return digest_of(file) == sha256
    except OSError:
        return False


def _files_now(library: Library, record: Record, folder: Path) -> dict[str, str]:
    """Return path → path of today, for files that are not as they were but are in the library.

    They get the names that they had: tasks read a suffix, and make titles of the rest.

    Raises:
        StudioError: ``NOT_FOUND``: one is gone, and its bytes are nowhere.
    """
    moved: dict[str, str] = {}
    for name, sha256 in record.files.items():
        path = Path(name)
        if _has(path, sha256):
            continue
        stored = library.kept_inputs.file(sha256)
        if stored is not None:
            copy = folder / sha256 / path.name
            copy.parent.mkdir(exist_ok=True)
            moved[name] = str(shutil.copyfile(stored, copy))
        elif not path.exists():
            raise StudioError(
                ErrorCode.NOT_FOUND,
                sentence(
                    "{name}, which this was made from, is not at {folder} any more.",
                    name=path.name,
                    folder=path.parent,
                ),
                sentence("Put the file back, then run it again."),
            )
    return moved
