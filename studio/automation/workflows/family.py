"""From results to the workflow that makes them: from a family tree, or from a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studio.api.artifacts import Kind
from studio.api.errors import BadInput, StudioError
from studio.api.params import Field, FieldKind
from studio.automation.workflows.document import InputEntry, Step, Workflow
from studio.automation.workflows.references import Reference, escaped
from studio.automation.workflows.sources import NONE, kind_of
from studio.library import Library
from studio.library.rows import Artifact, Record
from studio.plugins import PluginHost

LONGEST_TEXT = 1 << 14
"""What was handed in is written into the workflow if it is a text no longer than this."""
_MAGIC = {
    b"\x89PNG": Kind.IMAGE,
    b"\xff\xd8\xff": Kind.IMAGE,
    b"RIFF": Kind.AUDIO,
    b"fLaC": Kind.AUDIO,
    b"MThd": Kind.SCORE,
}


def with_ancestors(library: Library, id: str) -> list[Artifact]:
    """Return a result and all it was made from, oldest first.

    Raises:
        StudioError: ``NOT_FOUND``.
    """
    return sorted(
        [*library.family(id).ancestors, library.artifact(id)], key=lambda artifact: artifact.id
    )


def workflow_of(
    library: Library, plugins: PluginHost, artifacts: Iterable[Artifact], name: str = ""
) -> Workflow:
    """Return the workflow whose steps made these results; their sources are its input.

    Args:
        name: By default the titles of its tasks.

    Raises:
        BadInput: None of them was made by a task, or a step was handed what no file can hold.
    """
    builder = _Builder(library, plugins)
    artifacts = sorted(artifacts, key=lambda item: item.id)
    # What a task has called for is of the same job; the caller, which is saved last, is the step.
    records = {item.job or item.id: item.record for item in artifacts if item.record}
    for artifact in artifacts:
        if artifact.record and records[artifact.job or artifact.id] == artifact.record:
            builder.add(artifact)
    if not builder.steps:
        raise BadInput(
            "No task made this, so there are no steps to begin with.",
            "Choose a result that was made in Offline Studio.",
        )
    return builder.workflow(name)


class _Builder:
    def __init__(self, library: Library, plugins: PluginHost) -> None:
        self.steps: list[Step] = []
        self._library = library
        self._plugins = plugins
        self._input: tuple[str, str] | None = None
        """What became the input: its kind, and the path or digest that it is told by."""
        self._made: dict[str, Artifact] = {}
        self._step_of: dict[str, str] = {}
        """Record → id of its step."""

    def add(self, artifact: Artifact) -> None:
        """Add the step that made a result, once."""
        self._made[artifact.id] = artifact
        if artifact.record in self._step_of:
            return
        record = self._library.record(artifact.record)
        plugin_fields = self._plugins.params_class(record.task).fields()
        parents = [self._parent(id) for id in self._library.inputs(artifact.id)]
        existing = [parent for parent in parents if parent]
        fields = {field.name: field for field in plugin_fields}
        step = Step(
            id=self._id(record.task),
            task=record.task,
            params=self._params(record, fields, existing),
            inputs=self._inputs(record, existing),
        )
        self._step_of[artifact.record] = step.id
        self.steps.append(step)

    def workflow(self, name: str) -> Workflow:
        """Return it; without an input of its own, the text of the first step becomes that."""
        if self._input is None:
            self._input = self._free_text()
        kind = self._input[0] if self._input else NONE
        titles = " → ".join(self._plugins.task(step.task)[1].title for step in self.steps)
        plugins = {step.task.partition(".")[0] for step in self.steps}
        versions = {id: self._plugins.plugin(id).version for id in sorted(plugins)}
        return Workflow(
            name=name or titles,
            input=InputEntry(kind=kind),
            plugins=versions,
            step=tuple(self.steps),
        )

    # --- inside -------------------------------------------------------------------------------

    def _id(self, task: str) -> str:
        name = task.rpartition(".")[2]
        taken = {step.id for step in self.steps}
        return next(
            id for id in (name, *(f"{name}{n}" for n in range(2, 10_000))) if id not in taken
        )

    def _parent(self, id: str) -> Artifact | None:
        try:
            return self._made.get(id) or self._library.artifact(id)
        except StudioError:  # it was erased since
            return None

    def _reference(self, artifact: Artifact) -> str:
        """Return what stands for a result: the step that made it, or the input."""
        if step := self._step_of.get(artifact.record):
            siblings = [other for other in self._made.values() if other.record == artifact.record]
            is_first = siblings and siblings[0].kind == artifact.kind
            return str(Reference("step", step, "" if is_first else artifact.kind))
        return self._as_input(artifact.kind, artifact.digest)

    def _as_input(self, kind: str, told_by: str) -> str:
        """Let the first thing from outside be the input; return nothing for another one."""
        if self._input is None:
            self._input = (kind, told_by)
        return str(Reference("input")) if self._input[1] == told_by else ""

    def _params(
        self, record: Record, fields: Mapping[str, Field], parents: list[Artifact]
    ) -> dict[str, Any]:
        params: dict[str, Any] = {}
        for name, value in record.params.items():
            field = fields.get(name)
            if field is None or value is None or (value == field.default and not field.required):
                continue
            kind = field.item or field.kind
            if isinstance(value, list):
                params[name] = [self._value(item, kind, parents) for item in value]
            else:
                params[name] = self._value(value, kind, parents)
        return params

    def _value(self, value: Any, kind: FieldKind, parents: list[Artifact]) -> Any:
        if kind is FieldKind.FILE and value:
            for parent in parents:
                if str(self._library.payload_path(parent)) == value:
                    return self._reference(parent) or escaped(value)
            return self._as_input(kind_of(str(value)), str(value)) or escaped(str(value))
        if kind is FieldKind.TEXT and value:
            for parent in parents:
                if parent.text and str(value).strip() == parent.text.strip():
                    return self._reference(parent) or escaped(value)
        return _escaped(value)

    def _inputs(self, record: Record, parents: list[Artifact]) -> dict[str, str]:
        inputs = {}
        for name, digest in record.inputs.items():
            same = next((parent for parent in parents if parent.digest == digest), None)
            if same is None and len(parents) == 1 and len(record.inputs) == 1:
                same = parents[0]  # a page hands over what it shows, which is not the same bytes
            reference = self._reference(same) if same else ""
            inputs[name] = reference or self._handed_in(record, name, digest)
        return inputs

    def _handed_in(self, record: Record, name: str, digest: str) -> str:
        data = self._library.inputs_of(record)[name]
        if len(data) <= LONGEST_TEXT and b"\0" not in data:
            try:
                return escaped(data.decode())
            except UnicodeDecodeError:
                pass
        kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
        if kind and (reference := self._as_input(kind, digest)):
            return reference
        raise BadInput(
            f"“{record.task}” was handed “{name}” by its page, which a workflow cannot hold.",
            "Start from a result whose steps take files, texts or each other's results.",
        )

    def _free_text(self) -> tuple[str, str] | None:
        """Let the first text of the first step be the input; None if it has none."""
        first = self.steps[0]
        for field in self._plugins.params_class(first.task).fields():
            value = first.params.get(field.name)
            if field.kind is FieldKind.TEXT and not field.hidden and isinstance(value, str):
                params = {**first.params, field.name: str(Reference("input"))}
                self.steps[0] = Step(first.id, first.task, params, first.inputs)
                return Kind.TEXT, value
        return None


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {name: _escaped(item) for name, item in value.items()}
    return value
