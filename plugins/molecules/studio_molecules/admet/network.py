"""Ten directed message-passing networks (Yang et al., 2019, arXiv:1904.01561) computed as one.

A molecule is computed by itself, all ten networks at once. The shapes of the products then depend
on the molecule alone, so its figures keep their bits whatever else is in the list. Products are
stacks of ten, one a network: a single wide one is split among threads in ways that change bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from studio_molecules.admet.features import Graph
from studio_molecules.admet.layout import ATOM, CHANCES, HEADS, MEMBERS, QUANTITIES

_ROUNDS = 2
"""How often messages are passed on after the first one."""

_SIZE = 100.0
"""What the sum over atoms is divided by, whatever their number."""


@dataclass(frozen=True)
class Outcome:
    """Prediction of the ensemble for a molecule, in the order of ``Ensemble.columns``."""

    means: list[float]
    spreads: list[float]
    """Standard deviation between the five networks of an output."""


class Ensemble:
    """The loaded networks.

    Attributes:
        columns: What the outputs are called: the quantities, then the chances.
    """

    def __init__(self, tensors: Mapping[str, Tensor], columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._hold(tensors)

    def to(self, device: str) -> None:
        """Move the networks to ``device``."""
        self._hold({name: tensor.to(device) for name, tensor in self._tensors.items()})

    def _hold(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = dict(tensors)
        self.device = tensors["message.weight"].device
        self._bond_in = tensors["bond_in.weight"].mT
        self._message = tensors["message.weight"].mT
        self._atom_out = tensors["atom_out.weight"][..., :ATOM].mT
        self._gathered_out = tensors["atom_out.weight"][..., ATOM:].mT

    @torch.inference_mode()
    def __call__(self, graph: Graph) -> Outcome:
        """Return the mean and the spread of every output for one molecule."""
        hidden = self._hidden(graph)
        head_outputs = [self._head(head, hidden) for head in HEADS]
        outputs = torch.cat(head_outputs, 1).double()
        means, spreads = outputs.mean(0), outputs.std(0, correction=0)
        return Outcome(means.tolist(), spreads.tolist())

    def _hidden(self, graph: Graph) -> Tensor:
        """Return the molecule as each network sees it (10, 300)."""
        # copied, since products of memory that is not aligned may differ in the last bit
        atoms, bonds, source, target = (
            torch.tensor(array, device=self.device)
            for array in (graph.atoms, graph.bonds, graph.source, graph.target)
        )
        into = F.one_hot(target, len(atoms)).T.to(atoms)  # (n, 2b): which bonds reach an atom
        onward = into[source]  # which bonds feed a bond: those that reach its source
        back = torch.arange(len(bonds), device=self.device)
        onward[back, back ^ 1] = 0  # … but its own way back
        first = torch.matmul(torch.cat([atoms[source], bonds], 1), self._bond_in)
        state = first.relu()
        for _ in range(_ROUNDS):
            state = torch.baddbmm(first, torch.matmul(onward, state), self._message).relu_()
        own = torch.matmul(atoms, self._atom_out) + self._tensors["atom_out.bias"][:, None]
        seen = torch.baddbmm(own, torch.matmul(into, state), self._gathered_out).relu_()
        return seen.sum(1) / _SIZE

    def _head(self, head: str, hidden: Tensor) -> Tensor:
        """Return the outputs (5, outputs) of one half of the ensemble."""
        own = slice(0, MEMBERS) if head == QUANTITIES else slice(MEMBERS, None)
        tensors = self._tensors
        weight, bias = tensors["hidden.weight"][own], tensors["hidden.bias"][own]
        hidden = _linear(hidden[own], weight, bias).relu_()
        out = _linear(hidden, tensors[f"{head}.out.weight"], tensors[f"{head}.out.bias"])
        if head == CHANCES:
            return out.sigmoid()
        return out * tensors[f"{head}.scale"] + tensors[f"{head}.mean"]


def _linear(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return one row for each network through its own layer."""
    return torch.baddbmm(bias[:, None], rows[:, None], weight.mT)[:, 0]
