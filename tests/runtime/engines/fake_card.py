"""A CUDA card that keeps no numbers, on any machine: torch's fake tensors. Tests nothing.

Every operation checks device, type and shape as on a card. What would need a number of the card in
Python, and so would wait for it, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

aten = torch.ops.aten

NAME = "cuda:1"
"""Torch's name of it: the second one, so that what lies on the first by mistake is told."""


@contextmanager
def fake_card() -> Iterator[None]:
    """Let ``cuda:1`` be there as long as it is held."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Plainly():
        yield


class _Plainly(TorchFunctionMode):
    """Some methods as the operations that they become: on their own way they ask for a driver."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        if function is Tensor.__getitem__:
            return _at(*args)
        if function is Tensor.__setitem__:
            return _put(*args)
        if function is Tensor.copy_:
            return aten.copy_(*args, **(kwargs or {}))
        if function is Tensor.__invert__:
            return aten.bitwise_not(*args)
        if function is Tensor.contiguous and not args[0].is_contiguous():
            return aten.clone(*args, memory_format=torch.contiguous_format)
        if function is torch.tensor and kwargs and kwargs.get("device"):
            device = kwargs.pop("device")
            here = torch.tensor(*args, **kwargs)
            return torch.empty(here.shape, dtype=here.dtype, device=device)
        return function(*args, **(kwargs or {}))


def _at(tensor: Tensor, index: Any) -> Tensor:
    view, places = _seen(tensor, index)
    return aten.index(view, places) if places else view


def _put(tensor: Tensor, index: Any, value: Any) -> None:
    view, places = _seen(tensor, index)
    value = value if isinstance(value, Tensor) else torch.tensor(value, device=tensor.device)
    if places:
        aten.index_put_(view, places, value.to(view.dtype))
    else:
        aten.copy_(view, value)


def _seen(tensor: Tensor, index: Any) -> tuple[Tensor, Sequence[Tensor | None]]:
    """What plain places leave of ``tensor``, and tensors that say which of that."""
    index = index if isinstance(index, tuple) else (index,)
    dim, places = 0, []
    for each in index:
        if each is ...:
            skipped = tensor.dim() - dim - sum(i is not None for i in index[index.index(...) + 1 :])
            places += [None] * skipped
            dim += skipped
        elif each is None:
            tensor, dim = tensor.unsqueeze(dim), dim + 1
            places.append(None)
        elif isinstance(each, int):
            tensor = tensor.select(dim, each)
        elif isinstance(each, slice):
            tensor = aten.slice(tensor, dim, each.start, each.stop, each.step or 1)
            places.append(None)
            dim += 1
        else:
            assert isinstance(each, Tensor), f"{each!r} would be copied to the card each time"
            assert each.device == tensor.device, f"indices on {each.device} would be copied"
            places.append(each)
            dim += 1
    return tensor, places if any(place is not None for place in places) else []
