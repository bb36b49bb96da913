"""A training from its first step to its last: checkpoints, time limit, progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from studio.api import sentence
from studio.api.plot import Plot
from studio_lab.training import checkpoint
from studio_lab.training.charts import SPEED, charts
from studio_lab.training.trainer import Trainer

LAST, GOOD = "last.safetensors", "good.safetensors"
SLICE_SECONDS = 0.05
"""About as long does it compute between two of its yields."""
_TRIAL_STEPS, _TRIAL_SECONDS = 10, 1.0
"""So much is measured before it is decided how many steps the time allows."""
_SPEED_SECONDS, _SPEED_POINTS = 1.0, 200
"""The speed is taken over so long at least, and over so small a part of the whole."""
_COMPUTED = 0.9
"""Of the time that is left for steps; the others go to looks at the validation, and previews."""


class Run:
    """Drives a trainer.

    Args:
        folder: Where checkpoints lie.
        recipe: What is equal for trainings that may continue each other's checkpoints.
        seconds: How long it may take; 0 for as many steps as the trainer's plan has.
        every: Seconds between two checkpoints.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        recipe: str,
        *,
        seconds: float,
        every: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.trainer = trainer
        self._folder, self._recipe = folder, recipe
        self._seconds, self._every, self._clock = seconds, every, clock
        self._saved_at, self._kept_good = clock(), -1
        self._first: tuple[int, float] | None = None
        self._is_full = False
        self._measured = trainer.progress.step, trainer.progress.used

    @property
    def speed(self) -> float:
        """Examples a second, on average."""
        now = self.trainer.progress
        return now.step * self.trainer.batches.size / now.used if now.used else 0.0

    def resume(self) -> None:
        """Continue from the last checkpoint, if there is one of this training."""
        checkpoints = {name: checkpoint.read(self._folder / name) for name in (LAST, GOOD)}
        last, good = checkpoints[LAST], checkpoints[GOOD]
        there = any((self._folder / name).exists() for name in checkpoints)
        if last is None or last[1].pop("recipe") != self._recipe:
            if there:
                self.trainer.progress.note(
                    sentence(
                        "The checkpoint of an earlier training does not fit: the data have "
                        "changed, or it is of another version. Training began anew."
                    )
                )
            return
        if good is not None and good[1].pop("recipe") != self._recipe:
            good = None
        if good is not None and good[1]["step"] > last[1]["step"]:
            last = good
        self.trainer.restore(*last)
        self._measured = self.trainer.progress.step, self.trainer.progress.used
        self.trainer.good = good or self.trainer.state()

    def compute(self) -> None:
        """Take steps for a moment; save, and see whether the time is up."""
        begun, now = self._clock(), self.trainer.progress
        while True:
            self.trainer.advance()
            now = self.trainer.progress
            if self.trainer.is_over or self._clock() - begun > SLICE_SECONDS:
                break
        now.used += self._clock() - begun
        self._measure_speed()
        if not now.steps:
            self._allot()
        elif self._seconds and now.used > self._seconds and not self.trainer.is_over:
            now.over = "time"
            now.note(
                sentence(
                    "Time ran out at step {step} of {steps}.",
                    step=f"{now.step:,}",
                    steps=f"{now.steps:,}",
                )
            )
        if self._clock() - self._saved_at > self._every:
            self.save()

    def _allot(self) -> None:
        """Decide how many steps the time allows, once a few have been measured."""
        now = self.trainer.progress
        if self._first is None:
            self._first = now.step, now.used
            return
        steps, used = now.step - self._first[0], now.used - self._first[1]
        if steps >= _TRIAL_STEPS and (used >= _TRIAL_SECONDS or steps >= 20 * _TRIAL_STEPS):
            left = max(0.0, self._seconds - now.used) * _COMPUTED
            now.steps = now.step + max(1, round(left * steps / used))
            self.save()

    def _measure_speed(self) -> None:
        now, (step, used) = self.trainer.progress, self._measured
        if now.used - used >= max(_SPEED_SECONDS, now.used / _SPEED_POINTS):
            speed = (now.step - step) * self.trainer.batches.size / (now.used - used)
            if speed > 0:  # it may have gone back to its last good step
                self.measure(SPEED, speed)
            self._measured = now.step, now.used

    def measure(self, name: str, value: float) -> None:
        """Record a value at this step, for the chart of that name."""
        now = self.trainer.progress
        now.measured.setdefault(name, []).append([now.step, value])

    def last(self, name: str) -> float:
        """Return the latest value; 0.0 for none yet."""
        values = self.trainer.progress.measured.get(name)
        return values[-1][1] if values else 0.0

    def save(self) -> None:
        """Write a checkpoint; a disk that refuses stops nothing."""
        self._saved_at, now = self._clock(), self.trainer.progress
        try:
            good = self.trainer.good
            if good[1]["step"] != self._kept_good:
                checkpoint.write(self._folder / GOOD, good[0], {**good[1], "recipe": self._recipe})
                self._kept_good = good[1]["step"]
            tensors, facts = self.trainer.state()
            checkpoint.write(self._folder / LAST, tensors, {**facts, "recipe": self._recipe})
        except OSError as error:
            if not self._is_full:
                now.note(
                    sentence(
                        "No checkpoint could be written at step {step}: {reason}. Training "
                        "continues; after a crash it would begin at the last one.",
                        step=f"{now.step:,}",
                        reason=error.strerror or str(error),
                    )
                )
            self._is_full = True
        else:
            self._is_full = False

    def status(self) -> str:
        """Return where it is, in a line."""
        now, trainer = self.trainer.progress, self.trainer
        losses = ", ".join(
            f"{'loss' if len(trainer.losses) == 1 else name} {loss:.3f}"
            for name, loss in trainer.losses.items()
        )
        last = f", validation {now.scores[-1][1]:.3f}" if now.scores else ""
        rate, gradient = f"rate {trainer.rate:.1e}", f"gradient {trainer.gradient:.2f}"
        return f"{losses}{last}, {rate}, {gradient}, {self.speed:,.0f} examples/s"

    def plots(self) -> list[Plot]:
        """Return the plots of losses, rate, gradient norm, speed, and recorded values."""
        network = self.trainer.network
        return charts(self.trainer.progress, network.phases, network.validation_name)
