"""The parameters of a workflow that are chosen for each run."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import msgspec

from studio.api.params import File, Label, Params
from studio.core.workflows.document import FreeParam


def as_params(free: dict[str, FreeParam]) -> type[Params]:
    """Return a form's parameters for the free ones of a workflow."""
    types: dict[str, Any] = {
        "text": str,
        "integer": int,
        "number": float,
        "switch": bool,
        "file": Annotated[str, File()],
    }
    fields: list[Any] = []
    for name, each in free.items():
        kind = Literal.__getitem__(each.choices) if each.type == "choice" else types[each.type]
        hint: Any = Annotated[kind, Label(each.label or name)]
        fields.append((name, hint) if each.default is None else (name, hint, each.default))
    bases: Any = (Params,)
    made: Any = msgspec.defstruct("Free", fields, bases=bases, kw_only=True, frozen=True)
    return cast(type[Params], made)
