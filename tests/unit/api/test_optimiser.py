"""An optimiser that leaves torch's compiler alone."""

from __future__ import annotations

import sys

import pytest
import torch

from studio.api.worker.optimiser import eager

pytestmark = pytest.mark.torch


@pytest.fixture
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # who imports it fails


def _weight() -> torch.Tensor:
    weight = torch.ones(1, requires_grad=True)
    weight.grad = torch.full((1,), 2.0)
    return weight


@pytest.mark.usefixtures("_no_compiler")
def test_it_steps_without_the_compiler() -> None:
    weight = _weight()
    optimiser = eager(torch.optim.AdamW)([weight], lr=0.1, weight_decay=0.5)
    optimiser.step()
    # arXiv:1711.05101: decayed by the rate, and the first step is as long as the rate
    assert weight.item() == pytest.approx(1 - 0.1 * 0.5 - 0.1)
    other = eager(torch.optim.AdamW)([weight])
    other.load_state_dict(optimiser.state_dict())
    assert isinstance(other, torch.optim.AdamW)
    assert other.state_dict() == optimiser.state_dict()
    other.zero_grad()
    assert weight.grad is None


@pytest.mark.usefixtures("_no_compiler")
def test_a_step_may_measure_gradients_itself() -> None:
    weight = torch.ones(1, requires_grad=True)
    optimiser = eager(torch.optim.LBFGS)([weight])

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        far = (weight - 3).square().sum()
        far.backward()
        return far

    optimiser.step(loss)
    assert weight.item() == pytest.approx(3)


@pytest.mark.usefixtures("_no_compiler")
def test_the_control_torch_itself_wants_its_compiler() -> None:
    with pytest.raises(ImportError):
        torch.optim.AdamW([_weight()]).step()
