"""Makes a result again and tells how the new one compares.

On the owner's thread, with the slow parts beside it.
Looks up what is needed, submits the job as any other, and measures what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studio.api.comparison import Difference, Effect, read_difference
from studio.api.jobs import JobRequest
from studio.api.worker.sentence import sentence
from studio.jobs.fingerprint import by_content
from studio.jobs.job import Job
from studio.library import Artifact
from studio.library.rows import Record
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, THREADS
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder
from studio.rerun import measures, preparation
from studio.rerun.preparation import Original
from studio.rerun.report import Cause, Report, RerunVerdict, cannot
from studio.rerun.weights_by_digest import WeightsByDigest
from studio.studio import Studio

if TYPE_CHECKING:
    from studio.terminals import OpenStudio


_ABOUT_THE_DEVICE = {
    "instructions": "instruction set of the processor",
    "system": "system",
    THREADS: "number of threads",
}
_SETTING = " setting"
THIS_MACHINE = "this one"
_COMPLETE = "system"
"""In the versions of each record since these name all that matters: what such a record lacks was
not there, of an older one nobody knows."""


def causes(before: Record, after: Record) -> tuple[Cause, ...]:
    """Return the candidate causes, the likeliest first: the request, then the environment."""
    candidates = [
        *_contents("file", before.files, after.files),
        *_contents("model", before.weights, after.weights),
        *_parameters(before, after),
        *_versions(before, after),
    ]
    order = ("file", "model", "parameter", "program", "plugin", "device", "setting", "library")
    return tuple(sorted(candidates, key=lambda cause: order.index(cause.what)))


def _contents(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Cause]:
    """Yield changed contents. The same bytes under another name do not count."""
    gone = {name: digest for name, digest in before.items() if digest not in after.values()}
    new = {name: digest for name, digest in after.items() if digest not in before.values()}
    for name, digest in gone.items():
        now = new.pop(name, "") or (new.popitem()[1] if new else "")
        if now or what == "model":
            yield Cause(what, Path(name).name if what == "file" else name, digest, now)


def _parameters(before: Record, after: Record) -> Iterator[Cause]:
    """Yield parameters changed by the schema only: a new default, a bound."""
    was, now = (by_content(run.params, {**run.files, **run.weights}) for run in (before, after))
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name) and not _is_named(name, before, after):
            yield Cause("parameter", name, _shortened(was.get(name)), _shortened(now.get(name)))


def _is_named(name: str, before: Record, after: Record) -> bool:
    """Whether a parameter names a model or a file whose change is reported as such."""
    names = [{**run.weights, **run.files} for run in (before, after)]
    values = [run.params.get(name) for run in (before, after)]
    return all(isinstance(v, str) and v in ids for v, ids in zip(values, names, strict=True))


def _versions(before: Record, after: Record) -> Iterator[Cause]:
    was, now = dict(before.versions), dict(after.versions)
    if before.machine != after.machine:
        yield Cause(
            "device", "machine", before.machine or THIS_MACHINE, after.machine or THIS_MACHINE
        )
    if before.device and after.device and before.device != after.device:
        yield Cause("device", "device", before.device, after.device)
    if was.get(PLUGIN) != now.get(PLUGIN):  # then its files are others, too
        was.pop(PLUGIN_FILES, None)
    for name in sorted({*was, *now}):
        then, today = was.get(name, ""), now.get(name, "")
        is_known = name in was or _COMPLETE in was
        if then == today or not is_known or not (today or _COMPLETE in now):
            continue
        if name == PLUGIN:
            yield Cause("plugin", before.plugin, then, today)
        elif name == PLUGIN_FILES:
            if then and today:
                yield Cause("plugin", before.plugin, f"build {then[:8]}", f"build {today[:8]}")
        elif name == "offline-studio":
            yield Cause("program", "Offline Studio", then, today)
        elif name in _ABOUT_THE_DEVICE:
            yield Cause("device", _ABOUT_THE_DEVICE[name], then, today)
        elif name.endswith(_SETTING):
            yield Cause("setting", name.removesuffix(_SETTING), then, today)
        elif name in before.weights or name in after.weights:
            yield Cause("setting", f"engine of {name}", then, today)
        else:
            yield Cause("library", name, then, today)


def _shortened(value: Any) -> str:
    return "" if value is None else str(value)[:80]


_GONE = Effect("results missing", 1, "", 0.0)
COMPARED_BY_TASKS = 16 * 1024**2
"""Bytes of a result up to which it is handed to a task of a plugin; larger ones cross no link."""


class Beside(Protocol):
    """Runs slow work beside the owner's thread, and tells of the end on it."""

    def __call__(
        self,
        call: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[StudioError], None],
        /,
    ) -> None: ...


Pair = tuple[Artifact, Artifact | None]
"""A result, and the new one that stands in its place."""


class Rerun:
    """One result, being made again.

    Attributes:
        job: What makes it, once it is submitted.
        report: What came of it; None until it is known.
    """

    def __init__(
        self, studio: Studio | OpenStudio, id: str, beside: Beside, told: Callable[[Report], None]
    ) -> None:
        """Be ready to make the result, the record or the message ``id`` again.

        Args:
            told: Called once, with what came of it.
        """
        self._studio, self._id = studio, id
        self._beside, self._told = beside, told
        self.job: Job | None = None
        self.report: Report | None = None
        self._differences: list[Difference] = []
        self._folder = PrivateFolder("rerun")

    def start(self) -> None:
        """Start; report in every case."""
        studio = self._studio
        weights = WeightsByDigest(studio.weights, studio.paths.cache)

        def look() -> tuple[Original, JobRequest]:
            original = preparation.find(studio.library, self._id)
            folder = self._folder.path
            changed = preparation.changed_files(studio.library, original, folder)
            since = preparation.changed_since(studio.library, original)
            original = replace(original, changed=changed, since=since)
            request = preparation.request_for(studio.library, original, weights, folder)
            studio.picked.grant(preparation.same_files(original.record, folder))
            return original, request

        self._beside(look, lambda prepared: self._submit(*prepared), self._cannot)

    # --- inside -------------------------------------------------------------------------------

    def _submit(self, original: Original, request: JobRequest) -> None:
        try:
            self.job = job = self._studio.submit(request)
        except StudioError as error:
            self._cannot(preparation.explain(error, original.record, self._studio.plugins))
            return
        job.on_done(lambda _: self._made(original, job))
        job.on_failed(self._cannot)
        job.on_cancelled(lambda: self._cannot(_stopped()))

    def _made(self, original: Original, job: Job) -> None:
        own = [artifact for artifact in job.artifacts if artifact.record == job.record]
        text = job.texts().get("", "")

        def look() -> tuple[list[Pair], list[Pair]]:
            artifacts = [
                self._studio.library.artifact(artifact.id) for artifact in own if artifact.id
            ]
            pairs = matched(original, artifacts)
            return pairs, [pair for pair in pairs if not _same(original, pair)]

        if original.message is not None:
            if text != original.message.content:
                self._differences.append(measures.words_of(original.message.content, text))
            self._finish(original, job, ())
            return
        self._beside(look, lambda loaded: self._compare(original, job, *loaded), self._cannot)

    def _compare(
        self, original: Original, job: Job, pairs: Sequence[Pair], different: Sequence[Pair]
    ) -> None:
        """Measure the pairs that are not the same, one after the other; then tell."""
        if not different:
            ids = tuple(new.id for _, new in pairs if new is not None)
            self._finish(original, job, ids)
            return
        (old, new), *others = different

        def measured(difference: Difference) -> None:
            self._differences.append(difference)
            self._compare(original, job, pairs, others)

        if new is None:
            measured(Difference(sentence("there is no new result in its place"), (_GONE,)))
        else:
            self._measure(original, old, new, measured)

    def _measure(
        self, original: Original, old: Artifact, new: Artifact, then: Callable[[Difference], None]
    ) -> None:
        """Let the plugin that knows the kind measure; else, and where it fails, the studio."""
        library = self._studio.library
        changed = original.changed.get(old.id)
        before = changed.copy if changed else library.payload_path(old)
        paths = before, library.payload_path(new)

        def by_studio() -> None:
            self._beside(lambda: measures.measure(old.kind, *paths), then, self._cannot)

        declared = self._studio.plugins.tasks()
        task = next((entry.id for _, entry in declared if old.kind in entry.compares), "")
        if not task or max(old.bytes, new.bytes) > COMPARED_BY_TASKS:
            by_studio()
            return

        def ask(read: tuple[bytes, bytes]) -> None:
            try:
                job = self._studio.submit(_comparison(self._studio, task, old.suffix, read))
            except StudioError:
                by_studio()
                return
            job.on_done(lambda result: _heard(result, then, by_studio))
            job.on_failed(lambda _: by_studio())
            job.on_cancelled(by_studio)

        self._beside(lambda: tuple(map(Path.read_bytes, paths)), ask, self._cannot)

    def _finish(self, original: Original, job: Job, ids: tuple[str, ...]) -> None:
        def look() -> Report:
            after = self._studio.library.record(job.record)
            was, now = original.record.returned, after.returned
            if not original.results and original.message is None and was != now:
                self._differences.append(measures.returned_of(was, now))
            if not self._differences:
                verdict = RerunVerdict.IDENTICAL
            elif all(item.is_within for item in self._differences):
                verdict = RerunVerdict.WITHIN
            else:
                verdict = RerunVerdict.DIFFERENT
            differences = [
                Cause("result", item.title, item.digest, original.changed[item.id].digest)
                for item in original.results
                if item.id in original.changed
            ]
            names = {cause.name for cause in original.since if cause.what == "input"}
            later = causes(original.record, after)
            differences += original.since
            differences += [item for item in later if item.what != "file" or item.name not in names]
            return Report(
                self._id, verdict, ids, job.record, tuple(differences), tuple(self._differences)
            )

        self._beside(look, self._tell, self._cannot)

    def _cannot(self, error: StudioError) -> None:
        self._tell(cannot(self._id, error))

    def _tell(self, report: Report) -> None:
        if self.report is None:
            self.report = report
            self._folder.close()
            self._told(report)


def matched(original: Original, artifacts: Sequence[Artifact]) -> list[Pair]:
    """Return each result with the new one in its place: the same bytes, else the same sort.

    A run makes several, and some of those of then may be gone.
    """
    left = list(artifacts)
    pairs: list[Pair] = []
    for old in sorted(original.results, key=lambda artifact: artifact.id):
        kin = [artifact for artifact in original.siblings if artifact.kind == old.kind]
        same_kind = [artifact for artifact in artifacts if artifact.kind == old.kind]
        place = kin.index(old)
        wishes = (
            [artifact for artifact in same_kind if artifact.digest == old.digest],
            [artifact for artifact in same_kind if artifact.meta == old.meta],
            same_kind[place : place + 1],
            same_kind,
        )
        match = next((new for those in wishes for new in those if new in left), None)
        if match is not None:
            left.remove(match)
        pairs.append((old, match))
    return pairs


def _same(original: Original, pair: Pair) -> bool:
    old, new = pair
    changed = original.changed.get(old.id)
    return new is not None and new.digest == (changed.digest if changed else old.digest)


def _comparison(
    studio: Studio | OpenStudio, task: str, suffix: str, read: tuple[bytes, bytes]
) -> JobRequest:
    takes = {field.name for field in studio.plugins.params_class(task).fields()}
    params = {"suffix": suffix} if "suffix" in takes else {}
    inputs = {"before": read[0], "after": read[1]}
    return JobRequest(task, params, inputs=inputs, keep=False, whole=True)


def _heard(result: Any, then: Callable[[Difference], None], otherwise: Callable[[], None]) -> None:
    try:
        difference = read_difference(result)
    except StudioError:
        otherwise()
        return
    then(difference)


def _stopped() -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        sentence("It was stopped before it was done."),
        sentence("Run it again."),
    )
