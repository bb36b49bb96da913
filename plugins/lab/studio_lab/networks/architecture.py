"""What every network of the lab can do, so that one trainer trains and one measure measures all.

Imports torch: for the worker half.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from studio_lab.datasets.dataset import DataKind, Shape

Batch = Mapping[str, Tensor]
"""``x``: rows as a network takes them. Pictures: (B, C, H, W) from -1 to 1. Text: (B, L) int64.
Tables: (B, C) floats. ``label``: (B,) int64, where rows have one."""


BOUND = "Bound in nats per dimension"
"""Validation of networks that make something else small than what bounds their likelihood."""


class Network(nn.Module):
    """A network that generates rows like those it has seen.

    Attributes:
        phases: What is optimised in turn at each step, each with an optimiser of its own.
        has_bound: Whether ``bound`` is a bound on the likelihood.
        has_validation: Whether ``validation`` says which weights are better.
        validation_name: What ``validation`` is, where that is another thing than the loss.
        generates: Whether it makes rows at all.
        momentum: How long its optimisers remember gradients: 0.9 is about ten steps.
    """

    phases: ClassVar[tuple[str, ...]] = ("network",)
    has_bound: ClassVar[bool] = True
    has_validation: ClassVar[bool] = True
    validation_name: ClassVar[str] = ""
    generates: ClassVar[bool] = True
    momentum: ClassVar[float] = 0.9

    def __init__(self, shape: Shape) -> None:
        """``shape``: of the rows."""
        super().__init__()
        self.shape = shape

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return what ``phase`` is to make small, a scalar."""
        raise NotImplementedError

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return an upper bound on the negative log-likelihood of each row.

        Returns:
            (B,), in nats for each dimension of the row (``Shape.dimensions``): of pictures for
            their whole levels, so that architectures can be compared.
        """
        raise NotImplementedError

    def validation(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return how badly it does on each row, (B,): the bound, where there is one."""
        return self.bound(batch, random)

    def sample(self, count: int, random: torch.Generator) -> Generator[float, None, Tensor]:
        """Yield the share done; return ``count`` new rows, as ``x`` of a batch."""
        raise NotImplementedError

    def right(self, batch: Batch) -> Tensor:
        """Return which labels it tells, (B,) truth values; for what generates nothing."""
        raise NotImplementedError

    def part(self, phase: str) -> Iterator[nn.Parameter]:
        """Return the parameters that ``phase`` optimises."""
        return self.parameters()


@dataclass(frozen=True)
class Architecture:
    """One way to generate.

    Attributes:
        name: As a flag has it.
        title: As a person reads it.
        explanation: What it is and how it learns, in two sentences.
        takes: What it can learn from.
        sizes: Name of each size → arguments of ``make`` beside the shape.
        make: Shape, arguments → the network, with weights from the global generator.
        rate: Learning rate that suits it.
        batch: Rows of a step that suit it, in minutes on two processors.
    """

    name: str
    title: str
    explanation: str
    takes: tuple[DataKind, ...]
    sizes: Mapping[str, Mapping[str, Any]]
    make: Callable[..., Network]
    rate: float = 1e-3
    batch: int = 64

    def build(self, shape: Shape, size: str, **more: Any) -> Network:
        """Return a network that has learned nothing.

        torch draws first weights from the global generator: call it in ``ctx.alone()``.

        Args:
            more: Further arguments of ``make``: ``dropout``.
        """
        return self.make(shape, **self.sizes[size], **more)


def parameters(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
