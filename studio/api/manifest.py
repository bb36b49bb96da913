"""The manifest of a plugin, ``manifest.toml``: read and checked, none of its code imported."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from studio.api.artifacts import Kind
from studio.api.params import Field
from studio.api.stability import since
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular
from studio.protocol.states import Lane

API_VERSION = "1.1"
MAX_MANIFEST_BYTES = 256 * 1024


@since("1.1")
class ExampleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page makes at one click, within a minute.

    The page is filled with ``params`` of ``task``, as to use a result's settings again, and run.
    """

    task: str
    title: str
    params: dict[str, Any] = {}


class PageEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in the window.

    ``accepts``: kinds of artifacts that *Send to* may hand it. ``tasks``: it is drawn from the
    schemas of these tasks of the plugin, and takes what they take; no code of the window half.
    ``summary``: what it is for, in a sentence; that of the plugin if empty.
    """

    id: str
    title: str
    icon: str = ""
    accepts: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    summary: str = ""
    example: ExampleEntry | None = None


@since("1.1")
class KindEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of artifact that the studio does not have itself.

    ``id`` is what the worker yields (``mesh``), ``title`` what the library calls several of them
    (``Meshes``); ``suffixes`` are those of its files: they tell a damaged library what a file is.
    """

    id: str
    title: str
    icon: str = "file"
    suffixes: tuple[str, ...] = ()


class TaskEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the plugin can do.

    ``params`` is ``module:Class`` of a :class:`studio.api.params.Params`; ``inputs`` names what can
    be handed to it beside them. ``accepts``: kinds of artifacts that it works on, and the parameter
    or the input that each fills: ``{ image = "picture" }``. ``tool`` says, to a language model that
    may use it, what it does and when it helps; where it says nothing, the task is no tool.
    ``compares``: kinds of which it tells how two results differ: see :mod:`studio.api.comparison`.
    ``grows_with``: numbers that its time is in proportion to, as the steps and the count of what it
    makes, twice for a square: how long a job will take is told from others by them; 0 is automatic.
    """

    id: str
    title: str
    params: str
    produces: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    accepts: dict[str, str] = {}
    lane: Lane = Lane.BATCH
    summary: str = ""
    tool: str = ""
    compares: tuple[str, ...] = ()
    grows_with: tuple[str, ...] = ()


class ActionEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be done with an artifact wherever it is shown: “Palette of this”.

    Attributes:
        task: What does it; one of the plugin that accepts the artifact.
        kinds: Of which artifacts; empty for all that the task accepts.
        params: Parameters that are not as the form would show them at first.
        run: At once; else a page with the form of the task opens, filled in.
    """

    id: str
    title: str
    task: str
    icon: str = ""
    kinds: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    run: bool = False


@since("1.1")
class ModeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to make results of one kind that pages of other plugins for that kind offer, too.

    It is one more mode of such a page as soon as there are weights for it; the form of the task
    stands in the panel, and what it makes among the results of the page.

    Attributes:
        kind: Of what it makes: ``image``.
        task: What does it; one of the plugin that produces the kind.
        verb: What the button says.
        summary: A sentence about it.
        capability: Of the weights that make this kind; the form offers those alone.
        params: Parameters that always have these values; the form shows the others.
    """

    kind: str
    task: str
    title: str
    verb: str
    capability: str
    summary: str = ""
    icon: str = ""
    params: dict[str, Any] = {}


class TourEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An example that ``studio tour`` runs as a demonstration of the plugin.

    ``params`` as on the command line. ``expects``: keys of the result and their required values,
    or for texts, required substrings.
    """

    task: str
    title: str
    params: dict[str, Any] = {}
    expects: dict[str, Any] = {}


@since("1.1")
class VerbEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command of the plugin's own: ``studio ID NAME …`` runs ``task`` with its flags."""

    name: str
    task: str
    summary: str = ""


class BenchEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something ``studio bench`` can measure.

    ``module`` has a function ``measure``: see :mod:`studio.api.worker.bench`.
    """

    id: str
    title: str
    module: str


@since("1.1")
class FamilyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights in one file that a loader of the plugin understands, known before it is imported.

    Attributes:
        family: As the ``Loader`` has it.
        capabilities: What tasks may use them for.
        suffixes: Of their files, with the dot.
        metadata: Entries of the header of a safetensors file that tell the family; an empty value
            stands for any. Without any the suffix alone must tell.
    """

    family: str
    capabilities: tuple[str, ...]
    title: str = ""
    suffixes: tuple[str, ...] = (".safetensors",)
    metadata: dict[str, str] = {}


class Permissions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requested permissions; ``reasons`` (permission → sentence) is shown at install."""

    network: bool = False
    files: str = "none"
    run_code: bool = False
    gpu: bool = False
    library: bool = False
    reasons: dict[str, str] = {}


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the studio needs to draw a plugin before its code is imported.

    Attributes:
        api: Range of API versions it was written for, ``>=1,<2``.
        plugin: Module of the window half; empty for a plugin without one.
        worker: Module of the runtime half; empty for a plugin without one.
        isolation: ``process``: its tasks run in a process of its own, with its own packages;
            ``studio``: all of it runs inside the studio, as a window half must. The studio's own
            plugins always do.
        uses: Ids of the tasks of other plugins that its tasks call (``ctx.call``).
        doctor: Ids of its tasks that look whether all is well, for ``studio doctor``: they need no
            parameter, and their result has ``ok``, ``message`` and ``hint``.
        modes: What pages of other plugins offer beside their own modes.
    """

    id: str
    title: str
    version: str
    api: str
    icon: str = "puzzle"
    summary: str = ""
    plugin: str = ""
    worker: str = ""
    isolation: str = "process"
    order: int = 100
    pages: tuple[PageEntry, ...] = ()
    kinds: tuple[KindEntry, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    actions: tuple[ActionEntry, ...] = ()
    permissions: Permissions = Permissions()
    tour: tuple[TourEntry, ...] = ()
    benches: tuple[BenchEntry, ...] = ()
    families: tuple[FamilyEntry, ...] = ()
    uses: tuple[str, ...] = ()
    verbs: tuple[VerbEntry, ...] = ()
    doctor: tuple[str, ...] = ()
    modes: tuple[ModeEntry, ...] = ()


_ID = re.compile(r"[a-z][a-z0-9_]{1,31}")
_MEMBER_ID = re.compile(r"[a-z][a-z0-9_]{1,31}\.[a-z][a-z0-9_]{0,47}")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_PARAMS = re.compile(_MODULE.pattern + r":[A-Za-z_]\w*")
_KIND = re.compile(r"[a-z][a-z0-9_-]{1,31}")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,12}){1,2}")
_TAKEN_SUFFIXES = (".gguf", ".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth", ".toml", ".json")
_VERB = re.compile(r"[a-z][a-z0-9-]{0,31}")
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_PARAGRAPHS = ("summary", "tool", "params", "expects")
_FILES = ("none", "picked", "folder")
_ISOLATION = ("process", "studio")


def read_manifest(path: Path) -> Manifest:
    """Return the checked manifest at ``path``.

    Raises:
        StudioError: The file cannot be read, is not a manifest, or is for another API; says why.
    """
    try:
        with open_regular(path) as file:
            return parse_manifest(file.read(MAX_MANIFEST_BYTES + 1), path)
    except OSError as error:
        raise _bad(path, f"it cannot be read ({error.strerror})") from error


def parse_manifest(data: bytes, path: Path) -> Manifest:
    """Return the checked manifest in ``data``; ``path`` is what errors call it.

    Raises:
        StudioError: It is not a manifest, or is for another API; says why.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise _bad(path, "it is larger than 256 KiB")
    try:
        table = tomllib.loads(data.decode("utf-8"))
        for key, text in _texts(table):
            if (odd := unprintable(text, key)) is not None:
                raise _bad(path, f"{key} has a character that cannot be shown ({odd})")
        manifest = msgspec.convert(table, Manifest)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(path, f"it is not valid TOML ({error})") from error
    except RecursionError as error:
        raise _bad(path, "it is nested too deeply") from error
    except msgspec.ValidationError as error:
        raise _bad(path, str(error)) from error
    _check(path, manifest)
    return manifest


def named_files(
    manifest: Manifest, task: str, fields: Iterable[Field]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the parameter of each file that a manifest names for one of its tasks.

    Only a person picks files: none of them may be there.
    """
    files = {
        name for field in fields if field.names_files for name in (field.name, field.renamed_from)
    }
    tables = [
        ((table, number), entry)
        for table in ("actions", "modes", "tour")
        for number, entry in enumerate(getattr(manifest, table))
    ]
    examples = [
        (("pages", number, "example"), page.example) for number, page in enumerate(manifest.pages)
    ]
    for place, entry in [*tables, *examples]:
        if entry is not None and entry.task == task:
            for name in sorted(files & entry.params.keys()):
                if entry.params[name]:
                    yield (*place, "params", name), name


def unprintable(text: str, key: str = "") -> str | None:
    """Return the first character that has no place in a line that people read, in words.

    Such as a new line, or one that turns the direction of what follows. ``key`` is whose text it
    is: a few are paragraphs.
    """
    for letter in text:
        is_odd = unicodedata.category(letter) in _UNPRINTABLE
        if is_odd and not (letter in "\n\t" and key in _PARAGRAPHS):
            return f"U+{ord(letter):04X}"
    return None


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts of a table, each with the key it is under; keys are texts, too."""
    if isinstance(value, str):
        yield key, value
    for item in value if isinstance(value, list) else ():
        yield from _texts(item, key)
    for name, item in value.items() if isinstance(value, dict) else ():
        yield "a key", name
        yield from _texts(item, key if key in ("params", "expects") else name)


def is_compatible(manifest: Manifest, api_version: str = API_VERSION) -> bool:
    """Whether the plugin was written for this API."""
    return SpecifierSet(manifest.api).contains(api_version, prereleases=True)


def _check(path: Path, manifest: Manifest) -> None:
    if not _ID.fullmatch(manifest.id):
        raise _bad(path, f"id {manifest.id!r} is not lower-case letters, digits and _")
    try:
        SpecifierSet(manifest.api)
    except InvalidSpecifier as error:
        raise _bad(path, f"api {manifest.api!r} is not a version range like '>=1,<2'") from error
    for module in filter(None, (manifest.plugin, manifest.worker)):
        if not _MODULE.fullmatch(module):
            raise _bad(path, f"{module!r} is not a module name")
    ids = [page.id for page in manifest.pages] + [task.id for task in manifest.tasks]
    ids += [action.id for action in manifest.actions]
    for member in ids:
        if not _MEMBER_ID.fullmatch(member) or member.split(".")[0] != manifest.id:
            raise _bad(path, f"id {member!r} must look like '{manifest.id}.name'")
    if len(set(ids)) != len(ids):
        raise _bad(path, "two pages, tasks or actions have the same id")
    for task in manifest.tasks:
        if not _PARAMS.fullmatch(task.params):
            raise _bad(path, f"params {task.params!r} of {task.id} is not 'module:Class'")
        if not manifest.worker:
            raise _bad(path, f"task {task.id} needs a worker module")
        if task.compares and not {"before", "after"} <= set(task.inputs):
            raise _bad(path, f"task {task.id} compares: it needs the inputs “before” and “after”")
    tasks = {task.id for task in manifest.tasks}
    for example in manifest.tour:
        if example.task not in tasks:
            raise _bad(path, f"the tour names {example.task!r}, which is not one of its tasks")
    for page in manifest.pages:
        if page.example is not None and page.example.task not in tasks:
            words = f"the example of {page.id} names {page.example.task!r}, which is not its task"
            raise _bad(path, words)
    _check_benches(path, manifest)
    _check_families(path, manifest)
    _check_kinds(path, manifest)
    _check_verbs(path, manifest)
    _check_accepted(path, manifest)
    for check in manifest.doctor:
        if check not in {task.id for task in manifest.tasks}:
            raise _bad(path, f"doctor names {check!r}, which is not one of its tasks")
    for used in manifest.uses:
        if not _MEMBER_ID.fullmatch(used):
            raise _bad(path, f"uses {used!r} must look like 'plugin.task'")
    if not manifest.plugin and not all(page.tasks for page in manifest.pages):
        raise _bad(path, "pages need a plugin module, or tasks that they are drawn from")
    if manifest.isolation not in _ISOLATION:
        raise _bad(path, f"isolation must be one of {', '.join(_ISOLATION)}")
    if manifest.permissions.files not in _FILES:
        raise _bad(path, f"permissions.files must be one of {', '.join(_FILES)}")


def _check_verbs(path: Path, manifest: Manifest) -> None:
    for verb in manifest.verbs:
        if not _VERB.fullmatch(verb.name):
            raise _bad(path, f"verb {verb.name!r} is not lower-case letters, digits and -")
        if verb.task not in {task.id for task in manifest.tasks}:
            raise _bad(path, f"the verb {verb.name} names {verb.task!r}, which is not its task")
    if len({verb.name for verb in manifest.verbs}) != len(manifest.verbs):
        raise _bad(path, "two verbs have the same name")


def _check_benches(path: Path, manifest: Manifest) -> None:
    ids = [bench.id for bench in manifest.benches]
    for bench in manifest.benches:
        if not re.fullmatch(rf"{manifest.id}(-[a-z0-9]+)*", bench.id):
            raise _bad(path, f"bench {bench.id!r} must look like '{manifest.id}-name'")
        if not _MODULE.fullmatch(bench.module):
            raise _bad(path, f"{bench.module!r} is not a module name")
    if len(set(ids)) != len(ids):
        raise _bad(path, "two benches have the same id")


def _check_kinds(path: Path, manifest: Manifest) -> None:
    ids = [kind.id for kind in manifest.kinds]
    for kind in manifest.kinds:
        if kind.id in set(Kind):
            raise _bad(path, f"kind {kind.id!r} is one of the studio's own: it needs no entry")
        for suffix in kind.suffixes:
            if not _SUFFIX.fullmatch(suffix):
                raise _bad(path, f"{suffix!r} of kind {kind.id!r} is not a suffix like '.obj'")
    if len(set(ids)) != len(ids):
        raise _bad(path, "two kinds have the same id")
    used = [kind for task in manifest.tasks for kind in task.produces]
    used += [kind for task in manifest.tasks for kind in task.accepts]
    used += [kind for page in manifest.pages for kind in page.accepts]
    used += [kind for task in manifest.tasks for kind in task.compares]
    for word in [*ids, *used]:
        if not _KIND.fullmatch(word):
            raise _bad(path, f"kind {word!r} is not a word in lower-case letters")


def _check_accepted(path: Path, manifest: Manifest) -> None:
    """Check what artifacts are taken by tasks, by pages drawn from them, and by actions."""
    tasks = {task.id: task for task in manifest.tasks}
    for page in manifest.pages:
        for task in page.tasks:
            if task not in tasks:
                raise _bad(path, f"page {page.id} names {task!r}, which is not one of its tasks")
    drawn = {task for page in manifest.pages for task in page.tasks} if manifest.pages else {*tasks}
    for action in manifest.actions:
        if action.task not in tasks:
            raise _bad(
                path, f"action {action.id} names {action.task!r}, which is not one of its tasks"
            )
        accepts = tasks[action.task].accepts
        if not accepts or not accepts.keys() >= set(action.kinds):
            raise _bad(path, f"task {action.task} does not accept what action {action.id} is for")
        if not action.run and action.task not in drawn:
            raise _bad(path, f"action {action.id} needs run, or a page drawn from {action.task}")
    for mode in manifest.modes:
        if mode.task not in tasks or mode.kind not in tasks[mode.task].produces:
            raise _bad(path, f"mode {mode.title!r} needs a task of it that produces {mode.kind!r}")


def _check_families(path: Path, manifest: Manifest) -> None:
    if manifest.families and not manifest.worker:
        raise _bad(path, "families need a worker module, which loads them")
    for family in manifest.families:
        for suffix in family.suffixes:
            if not _SUFFIX.fullmatch(suffix) or suffix in _TAKEN_SUFFIXES:
                raise _bad(path, f"{suffix!r} cannot be a suffix of the family {family.family!r}")
        if ".safetensors" in family.suffixes and not family.metadata:
            raise _bad(path, f"the family {family.family!r} needs metadata: others have its suffix")


def _bad(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The manifest {path.name} of {path.parent.name} cannot be used: {why}.",
        "Ask the plugin's author for a corrected version, or remove the plugin.",
    )
