"""Tasks as a language model sees them: a name, what they are for, a JSON Schema. Calls none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.api.manifest import TaskEntry
from studio.api.params import FieldKind, Params

_NOT_FOR_MODELS = frozenset({FieldKind.WEIGHTS, FieldKind.SEED, FieldKind.FILE, FieldKind.DATA})
"""What the studio or the user chooses: a model would invent it."""


@dataclass(frozen=True)
class Tool:
    """One task that a language model may use.

    Attributes:
        name: Letters, digits and ``_``, as chat templates want it: ``dice_roll``.
        description: What it does and when it helps, for the model.
        parameters: JSON Schema (draft 2020-12) of what the model may choose.
    """

    name: str
    description: str
    task: str
    parameters: dict[str, Any]

    def as_function(self) -> dict[str, Any]:
        """Return it in the form that chat templates and the OpenAI interface share."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}


def tool_of(task: TaskEntry, params: type[Params]) -> Tool:
    """Return the tool that ``task`` is."""
    schema = params.json_schema()
    hidden = {f.name for f in params.fields() if f.hidden or f.kind in _NOT_FOR_MODELS}
    shown = {name: each for name, each in schema["properties"].items() if name not in hidden}
    parameters = {key: value for key, value in schema.items() if key not in ("$schema", "title")}
    return Tool(task.id.replace(".", "_"), task.tool, task.id, {**parameters, "properties": shown})
