"""Optimisers of torch without its compiler, whose import takes seconds of a first training.

Some methods of an optimiser are marked as not to be compiled, and each mark imports
``torch._dynamo`` when it is first called. Nothing is compiled here, so the marks may go.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from torch.optim import Optimizer

Kind = TypeVar("Kind", bound="type[Optimizer]")

_MARKED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def eager(kind: Kind) -> Kind:
    """Return ``kind`` (``torch.optim.AdamW``) as one that computes the same and compiles nothing.

    Not for an optimiser with ``differentiable=True``: its steps record no gradients.
    """
    import torch

    plain: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in _MARKED}
    plain["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return cast("Kind", type(kind.__name__, (kind,), plain))
