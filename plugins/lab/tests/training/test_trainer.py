"""A training continues bit for bit, keeps what is best, and catches a loss that diverges."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from plugins.lab.tests.training.conftest import Make
from studio_lab.training.trainer import MOST_HALVINGS, Trainer

pytestmark = pytest.mark.torch


def run(trainer: Trainer, until: int = 10_000) -> Trainer:
    while not trainer.is_over and trainer.progress.step < until:
        trainer.advance()
    return trainer


def same(first: Trainer, second: Trainer) -> bool:
    mine, theirs = first.state(), second.state()
    return mine[1] == theirs[1] and all(torch.equal(mine[0][n], theirs[0][n]) for n in mine[0])


def test_it_continues_bit_for_bit_from_any_step(make: Make) -> None:
    whole = run(make())
    killed = run(make(), until=random.randrange(1, 60))
    went_on = make()
    went_on.restore(*killed.state())
    assert same(run(went_on), whole)
    assert not same(run(make(seed=2)), whole), "the control"


def test_nothing_but_its_own_randomness_is_used(make: Make) -> None:
    first = run(make())
    before = torch.random.get_rng_state()
    second = run(make())
    assert torch.equal(before, torch.random.get_rng_state())
    assert same(first, second)


def spoil(trainer: Trainer, at: int, times: int) -> None:
    """Let the loss be no number at a step, so many times."""
    loss, left = trainer.network.loss, [times]

    def spoilt(*given: Any) -> Any:
        if trainer.progress.step == at and left[0]:
            left[0] -= 1
            return loss(*given) * float("nan")
        return loss(*given)

    trainer.network.loss = spoilt  # type: ignore[method-assign]


def test_a_loss_that_diverges_costs_half_the_rate_and_no_more(make: Make) -> None:
    trainer = make(steps=100)
    spoil(trainer, at=45, times=1)
    run(trainer)
    assert (trainer.progress.step, trainer.progress.halvings) == (100, 1)
    (note,) = trainer.progress.sentences
    assert note == (
        "The loss diverged at step 45: training continues from step 40 with half the learning rate."
    )
    assert all(torch.isfinite(value).all() for value in trainer.average.state_dict().values())


def test_a_loss_that_diverges_again_and_again_ends_with_what_is_best(make: Make) -> None:
    trainer = make(steps=100)
    spoil(trainer, at=45, times=100)
    run(trainer)
    assert trainer.progress.over == "diverged"
    assert len(trainer.progress.notes) == MOST_HALVINGS + 1
    trainer.take_best()
    assert trainer.score() == pytest.approx(trainer.progress.best)


def test_it_ends_where_the_validation_gets_no_better_and_keeps_the_best(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, best = make(steps=400), []
    scores = iter([3.0, 2.0, *[2.5] * 50])

    def score() -> float:
        if trainer.progress.step == 40:
            best.append(trainer.average.log_scale.clone())
        return next(scores)

    monkeypatch.setattr(trainer, "score", score)
    run(trainer)
    assert (trainer.progress.over, trainer.progress.best_at) == ("early", 40)
    assert trainer.progress.step == 40 + 6 * 20
    assert not torch.equal(trainer.average.log_scale, best[0])
    trainer.take_best()
    assert torch.equal(trainer.average.log_scale, best[0])


def test_without_a_moving_average_the_last_weights_are_kept(make: Make) -> None:
    for average, is_last in ((0.0, True), (0.999, False)):
        trainer = run(make(average=average), until=10)
        same = trainer.network.log_scale.equal(trainer.average.log_scale)
        assert same is is_last


def test_the_validation_is_looked_at_soon_and_then_at_equal_distances(make: Make) -> None:
    trainer = run(make(steps=4000), until=600)
    assert [step for step, _ in trainer.progress.scores] == [20, 40, 80, 160, 200, 400, 600]


def test_looks_at_the_validation_are_small_beside_the_steps_between_them(make: Make) -> None:
    few, many = make(steps=40), make(steps=4000)
    for trainer in (few, many):
        learned = trainer.evaluation_steps * trainer.batches.size
        assert 64 <= trainer.evaluated <= max(64, learned / 4)
    assert few.evaluated < many.evaluated
