"""Checkpoints on the disk: another life continues from them, a full disk stops nothing."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path
from typing import Any

import pytest

from plugins.lab.tests.training.conftest import Make
from plugins.lab.tests.training.test_trainer import same
from studio_lab.networks.diffusion import Diffusion
from studio_lab.networks.vae import Vae
from studio_lab.training import checkpoint
from studio_lab.training.charts import charts
from studio_lab.training.run import LAST, Run
from studio_lab.training.trainer import RATE, Progress

pytestmark = pytest.mark.torch


def begun(make: Make, folder: Path, *, seconds: float = 0.0, recipe: str = "mine") -> Run:
    ticks = itertools.count()
    trainer = make(steps=0 if seconds else 60)
    run = Run(trainer, folder, recipe, seconds=seconds, every=1.0, clock=lambda: next(ticks) * 0.04)
    run.resume()
    return run


def lived(run: Run, moments: int = 10_000) -> Run:
    for _ in range(moments):
        if run.trainer.is_over:
            break
        run.compute()
    return run


def test_many_lives_come_out_as_one(make: Make, tmp_path: Path) -> None:
    whole = lived(begun(make, tmp_path / "whole"))
    lives, is_over = 0, False
    while not is_over:
        lives += 1
        run = lived(begun(make, tmp_path / "killed"), moments=12)
        is_over = run.trainer.is_over
    assert lives > 2
    for each in (whole, run):
        each.trainer.progress.used = 0.0
        each.trainer.progress.measured.clear()
    assert same(whole.trainer, run.trainer)


def test_the_time_is_turned_into_steps_once(make: Make, tmp_path: Path) -> None:
    first = lived(begun(make, tmp_path, seconds=4.0))
    planned = first.trainer.progress.steps
    assert 0 < planned == first.trainer.progress.step
    first.save()
    assert begun(make, tmp_path, seconds=4.0).trainer.progress.steps == planned


def test_its_charts_follow_it_over_its_lives(make: Make, tmp_path: Path) -> None:
    lived(begun(make, tmp_path), 10).save()
    charts = {plot.title: plot for plot in lived(begun(make, tmp_path)).plots()}
    loss, rate, norm = (charts[name] for name in ("Loss", "Learning rate", "Gradient norm"))
    assert [each.name for each in loss.series] == ["training", "validation"]
    training, *_ = loss.series
    assert training.x == list(range(1, 61))
    assert training.y[-1] < training.y[0]
    rates = rate.series[0].y
    assert max(rates) == pytest.approx(3e-3, rel=0.1)
    assert rates[0] < max(rates) > rates[-1]
    assert len(norm.series[0].y) == 60
    assert all(y > 0 for y in charts["Examples per second"].series[0].y)
    for plot in charts.values():
        plot.encode()


def test_what_is_validated_by_another_figure_has_a_chart_of_its_own() -> None:
    now = Progress(step=2, curves={"network": [0.4, 0.3], RATE: [1.0, 1.0]}, scores=[(2, 1.4)])
    loss, validation, *_ = charts(now, ("network",), Diffusion.validation_name)
    assert [each.name for each in loss.series] == ["training"]
    assert (loss.y.label, validation.y.label) == ("Training loss", "Bound in nats per dimension")
    together, *_ = charts(now, ("network",), Vae.validation_name)
    assert [each.name for each in together.series] == ["training", "validation"]


def test_without_a_look_at_the_validation_the_last_weights_are_taken(make: Make) -> None:
    trainer = make(steps=5)
    while not trainer.is_over:
        trainer.advance()
    assert trainer.progress.best_at == 0
    assert trainer.progress.taken == 5


def test_both_losses_of_a_pair_are_in_one_chart() -> None:
    now = Progress(stride=2, curves={"discriminator": [2.0], "generator": [1.0], "rate": [0.1]})
    now.measured["Mode coverage"] = [[2, 0.3]]
    loss, _, modes = charts(now, ("discriminator", "generator"))
    assert [(each.name, each.y) for each in loss.series] == [
        ("discriminator", [2.0]), ("generator", [1.0])
    ]  # fmt: skip
    assert (modes.title, modes.y.maximum, modes.series[0].x) == ("Mode coverage", 1.0, [2])


def test_a_checkpoint_of_other_data_or_another_version_is_told_of(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(begun(make, tmp_path), 4).save()
    assert begun(make, tmp_path).trainer.progress.step, "the control"
    other = begun(make, tmp_path, recipe="theirs").trainer.progress
    assert (other.step, len(other.notes)) == (0, 1)
    monkeypatch.setattr(checkpoint, "FORMAT", "lab-checkpoint/9")
    assert "another version" in begun(make, tmp_path).trainer.progress.sentences[0]


def test_a_full_disk_is_told_of_once_and_stops_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = lived(begun(make, tmp_path), 3)
    run.save()
    before = (tmp_path / LAST).read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    lived(run)
    assert run.trainer.progress.step == 60
    (note,) = run.trainer.progress.sentences
    assert "No space left on device. Training continues" in note
    assert (tmp_path / LAST).read_bytes() == before
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".safetensors"] * 2
