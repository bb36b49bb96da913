"""Check whether a task computes with lent weights. Loads nothing."""

from __future__ import annotations

from typing import Any

from studio.api import BadInput


def as_lent(model: Any, kind: type, weights: str, purpose: str) -> Any:
    """Return ``model`` if it is of ``kind``.

    Raises:
        BadInput: It is of another family: the file was meant for something else.
    """
    if isinstance(model, kind):
        return model
    raise BadInput(f"The model “{weights}” does not support {purpose}.", "Choose another model.")
