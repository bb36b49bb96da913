"""Tasks as tools: what of their schema is offered, and how a call becomes a job. Runs none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.artifacts import Kind, SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Field, FieldKind, File, Params
from studio.api.window.tools import STUDIO, Tool, ToolEffects
from studio.plugins import Plugin, PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

FindArtifact = Callable[[str], SavedArtifact]
"""Id → the result of the library; raises a ``StudioError`` where there is none."""

_RUN_FIXED_PROGRAMS = frozenset({"lab", "molecules"})
"""May run code: a program of ours, or what the user chose as a file."""
_NOT_FOR_MODELS = frozenset({FieldKind.WEIGHTS, FieldKind.SEED, FieldKind.DATA})
_NO_LISTS = frozenset({*_NOT_FOR_MODELS, FieldKind.NUMBER, FieldKind.INTEGER})
"""What the studio or the user chooses: a model would invent it."""
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    Kind.IMAGE: (".png", ".jpg", ".jpeg", ".webp"),
    Kind.AUDIO: (".wav", ".flac", ".ogg", ".mp3"),
    Kind.SCORE: (".mid",),
    Kind.MOLECULES: (".csv", ".sdf", ".smi"),
    Kind.TABLE: (".csv",),
    Kind.TEXT: (".txt", ".md"),
    Kind.CODE: (".py",),
}
"""Kind → the files that its results are."""
_NOT_OFFERED = frozenset(
    {"chat.reply", "chat.embed", "chat.rank", "code.complete", "code.ask", "music.open"}
)
"""What answers a conversation, serves a page while somebody types, or reads a file from outside."""
_IN_WORDS = frozenset({"smiles"})
"""Parameters that say in words what a file would hold: with one of these no file is needed."""


@dataclass(frozen=True)
class TaskTool:
    """A task as a tool.

    Attributes:
        inputs: Argument → input, for what is no parameter.
        suffixes: Argument → files that its parameter takes; none for any.
        needs: Capabilities of weights, one of which must be there.
    """

    tool: Tool
    entry: TaskEntry
    params: type[Params]
    inputs: Mapping[str, str] = field(default_factory=dict)
    suffixes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def can_run(self, has_weights: Callable[[str], bool]) -> bool:
        """Return whether there are weights for it, where it needs some."""
        return not self.needs or any(map(has_weights, self.needs))


def task_tools(host: PluginHost) -> Iterator[TaskTool]:
    """Yield the tasks that can be tools; one whose schema cannot be read is left out."""
    for plugin, entry in host.tasks():
        if entry.id in _NOT_OFFERED:
            continue
        try:
            params = host.params_class(entry.id)
        except StudioError:
            continue  # the host has told of it, and switches the plugin off
        if (tool := task_tool(plugin, entry, params)) is not None:
            yield tool


def task_tool(plugin: Plugin, entry: TaskEntry, params: type[Params]) -> TaskTool | None:
    """Return the tool that a task is; None for one that needs what no call can name.

    It takes no paths: a file is named by the id of a result, and so is a bulky input.
    """
    fields = params.fields()
    files = {f.name: f for f in fields if _takes_one_file(f)}
    kinds = {name: _kinds(param, entry) for name, param in files.items()}
    files = {name: param for name, param in files.items() if kinds[name] is not None}
    inputs = _bulk(entry, fields)
    unseen = {f.name for f in fields if _is_unseen(f)} - files.keys()
    required = [f.name for f in fields if f.required]
    if unseen.intersection(required):
        return None
    if entry.inputs and not required:
        if (needed := _needed(entry, fields, files, inputs)) is None:
            return None
        required += needed
    schema = params.json_schema()
    shown = {n: param for n, param in schema["properties"].items() if n not in unseen}
    for name, param in files.items():
        shown[name] = _file_schema(param.title, param.help, kinds[name] or ())
    for name, taken in inputs.items():
        shown[name] = _file_schema(name.replace("_", " ").capitalize(), "", taken)
    basic = [f.name for f in fields if f.name in shown and _is_basic(f, required)]
    permits = plugin.manifest.permissions if plugin.manifest is not None else None
    runs_code = permits is not None and permits.run_code and plugin.id not in _RUN_FIXED_PROGRAMS
    return TaskTool(
        Tool(
            name=entry.id.replace(".", "_"),
            title=entry.title,
            description=entry.tool or entry.summary or entry.title,
            schema={**schema, "properties": shown, "required": required},
            source=STUDIO,
            group=plugin.id,
            effects=ToolEffects(runs_code=runs_code, takes_files=bool(files or inputs)),
            basic=(*basic, *inputs),
            files={**{name: kinds[name] or () for name in files}, **inputs},
            produces=entry.produces,
        ),
        entry,
        params,
        inputs={name: name for name in inputs},
        suffixes={name: param.file.suffixes for name, param in files.items()},
        needs=tuple(f.capability for f in fields if f.capability and not f.optional),
    )


def request_of(
    tool: TaskTool,
    arguments: Mapping[str, Any],
    artifact: FindArtifact,
    *,
    conversation: str = "",
    documents: Mapping[str, Path] | None = None,
) -> JobRequest:
    """Return the job that a call asks for. Takes as long as the disk.

    Args:
        documents: Word → file that a person has attached; a word here comes before an id.

    Raises:
        StudioError: An argument is unknown, or names no result that fits.
    """
    properties = tool.tool.schema["properties"]
    for name in arguments:
        if name not in properties:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"{tool.tool.name} has no argument “{name}”.",
                f"It has: {', '.join(properties)}.",
            )
    params = {name: argument for name, argument in arguments.items() if name not in tool.tool.files}
    for name, argument in params.items():
        _refuse_paths(name, argument)
    inputs: dict[str, bytes] = {}
    parents: list[str] = []
    for name in tool.tool.files:
        if not (value := arguments.get(name)):
            continue
        if documents and value in documents:
            path = documents[value]
        else:
            match = _fitting(tool, name, str(value), artifact)
            parents.append(match.id)
            path = match.path
        if name in tool.inputs:
            inputs[tool.inputs[name]] = _read(path)
        else:
            params[name] = str(path)
    return JobRequest(
        tool.entry.id,
        params,
        inputs=inputs,
        parents=parents,
        conversation=conversation,
        whole=True,
    )


def _refuse_paths(name: str, value: object) -> None:
    """Refuse a file that is there: some texts may be a path, too.

    Raises:
        StudioError: It is one.
    """
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str) or not ("/" in text or "\\" in text or "." in text):
            continue
        with suppress(OSError, ValueError, RuntimeError):  # no path at all
            if len(text) < 4096 and Path(text).expanduser().exists():
                raise StudioError(
                    ErrorCode.BAD_INPUT,
                    f"{name} cannot be a file of this computer.",
                    "Give the id of a result. Files cannot be named by their path.",
                )


def _fitting(tool: TaskTool, name: str, id: str, artifact: FindArtifact) -> SavedArtifact:
    """Return the result that an argument names.

    Raises:
        StudioError: There is none, or it is of another kind.
    """
    try:
        row = artifact(id)
    except StudioError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"“{id}” is not in the library.",
            "Give the id of a result. Files cannot be named by their path.",
        ) from error
    kinds, suffixes = tool.tool.files[name], tool.suffixes.get(name, ())
    if (kinds and row.kind not in kinds) or (suffixes and row.path.suffix not in suffixes):
        wanted = " or ".join(kinds) if kinds else f"a file of {', '.join(suffixes)}"
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{name} cannot be “{row.title or row.kind}”, which is of the kind {row.kind}.",
            f"It takes: {wanted}.",
        )
    return row


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"“{path.name}” cannot be read ({error.strerror}).",
            "Choose another one.",
        ) from error


def _needed(
    entry: TaskEntry,
    fields: Sequence[Field],
    files: Mapping[str, Field],
    inputs: Mapping[str, tuple[str, ...]],
) -> list[str] | None:
    """Return the arguments a call must name without required parameters: those of its inputs.

    Empty for a task that may go without; None for one of which nothing would be known.
    """
    if any(f.name in _IN_WORDS for f in fields):
        return []
    if files:
        return [next((n for n, field in files.items() if field.file.suffixes), next(iter(files)))]
    if inputs:
        return list(inputs)
    texts = [f for f in fields if not _is_unseen(f) and f.kind in (FieldKind.TEXT, FieldKind.LIST)]
    same = [f.name for f in texts if f.name in entry.inputs]
    return same if texts else None


def _is_unseen(field: Field) -> bool:
    """Whether no call can say it: set by a page, bulky, or a path."""
    is_path = field.kind is FieldKind.FILE or field.file != File()
    return field.hidden or field.kind is FieldKind.DATA or is_path


def _takes_one_file(field: Field) -> bool:
    return field.kind is FieldKind.FILE and not field.hidden and not field.file.folder


def _kinds(field: Field, entry: TaskEntry) -> tuple[str, ...] | None:
    """Return the kinds of results that fit a file; empty for any, None where none can."""
    named = [kind for kind, into in entry.accepts.items() if into == field.name]
    if named:
        return tuple(named)
    if not field.file.suffixes:
        return ()
    fitting = [k for k, ends in _SUFFIXES.items() if set(ends) & set(field.file.suffixes)]
    return tuple(str(kind) for kind in fitting) or None


def _bulk(entry: TaskEntry, fields: Sequence[Field]) -> dict[str, tuple[str, ...]]:
    """Return the inputs that a result can be, with the kinds that it may have."""
    names = {f.name for f in fields}
    if entry.compares:
        return dict.fromkeys(("before", "after"), entry.compares)
    taken: dict[str, tuple[str, ...]] = {}
    for kind, into in entry.accepts.items():
        if into in entry.inputs and into not in names:
            taken[into] = (*taken.get(into, ()), kind)
    return taken


def _file_schema(title: str, help: str, kinds: Sequence[str]) -> dict[str, Any]:
    what = " or ".join(kinds) if kinds else "any kind"
    return {
        "title": title,
        "type": "string",
        "description": f"{help} The id of a result ({what}).".strip(),
        "maxLength": 200,
    }


def _is_basic(field: Field, required: Sequence[str]) -> bool:
    if field.name in required:
        return True
    is_invented = field.kind in _NOT_FOR_MODELS or field.item in _NO_LISTS
    return not is_invented and not field.group.advanced
