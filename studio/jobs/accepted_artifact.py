"""What of an artifact goes into a task that accepts it: a path, a text, or its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.manifest import TaskEntry
from studio.api.params import FieldKind, Params
from studio.protocol.errors import ErrorCode, StudioError


@dataclass(frozen=True)
class AcceptedArtifact:
    """An artifact, and the parameters and inputs that stand for it in a task."""

    artifact: SavedArtifact
    params: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, bytes] = field(default_factory=dict)


def accepted(entry: TaskEntry, params: type[Params], artifact: SavedArtifact) -> AcceptedArtifact:
    """Return how ``artifact`` fills the task, as its manifest says. Takes as long as the disk.

    Raises:
        StudioError: The task does not accept the kind, names no such parameter, or the payload
            cannot be read.
    """
    name = entry.accepts.get(artifact.kind, "")
    try:
        if name in entry.inputs:
            return AcceptedArtifact(artifact, inputs={name: artifact.read()})
        declared = next((field for field in params.fields() if field.name == name), None)
        if declared is not None and declared.kind is FieldKind.FILE:
            return AcceptedArtifact(artifact, {name: str(artifact.path)})
        if declared is not None and declared.kind is FieldKind.TEXT:
            text = artifact.text or artifact.read().decode("utf-8", "replace")
            return AcceptedArtifact(artifact, {name: text[: declared.text.max_chars]})
    except OSError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"“{artifact.title or artifact.kind}” cannot be read ({error.strerror}).",
            "Run “studio library verify” to list all missing files.",
        ) from error
    raise StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The task “{entry.title}” cannot take this: it has no file, text or input “{name}”.",
        "Ask the plugin's author for a corrected version.",
        plugin=entry.id.partition(".")[0],
    )
