"""What comes of a task that was called. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from studio.api.artifacts import NewArtifact
from studio.api.stability import since


@since("1.1")
@dataclass(frozen=True)
class CalledArtifact(NewArtifact):
    """A result of a task that was called.

    ``id`` is its id in the library, empty if not kept. A payload that is a file is the library's:
    read it, never write it.
    """

    id: str = ""

    @classmethod
    def of(cls, made: NewArtifact, id: str) -> CalledArtifact:
        """Return ``made`` with its id."""
        return cls(**{field.name: getattr(made, field.name) for field in fields(made)}, id=id)


@since("1.1")
@dataclass(frozen=True)
class CallOutcome:
    """Outcome of a call.

    Attributes:
        result: The called task's own keys, all of them.
        artifacts: The artifacts, in order, with payloads and verdicts.
        text: The generated text, in readable form.
    """

    result: Mapping[str, Any]
    artifacts: tuple[CalledArtifact, ...] = ()
    text: str = ""
