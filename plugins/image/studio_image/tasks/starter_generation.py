"""The task ``image.generate`` for the starter weights: a few small drawings, checked and enlarged.

Knows no networks: it reads parameters, steps the sampler and makes files.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studio.api import (
    BadInput,
    Check,
    ErrorCode,
    Event,
    Kind,
    Rung,
    StudioError,
    TaskContext,
    Verdict,
)
from studio_image import picture_arrays
from studio_image.schema import Generate
from studio_image.starter import kept_drawings, sampler
from studio_image.starter.arrangement import arranged
from studio_image.starter.cutout import cut_out
from studio_image.starter.kept_drawings import Batch
from studio_image.starter.nearest import read
from studio_image.starter.prompt import Reading, Subject, understand
from studio_image.starter.related_styles import known_styles
from studio_image.starter.sampler import Drawing
from studio_image.starter.variety import guidance, mixed_style, reach
from studio_image.starter.weights import Starter
from studio_image.tasks.enlargement import enlarged

SIDE = 64
FACTOR = 4
ENLARGER = "real-esrgan-animevideov3"
"""Weights made for drawings; without them, pictures are enlarged by interpolation and say so."""
PROBE = "image-probe"
"""Weights that say what a drawing shows; without them, nothing is said of that."""
PROBED = 5
"""A drawing shows a caption if it is among so many likeliest ones: many have nearly a twin."""

_RUNGS = (
    Rung(sampler.BATCH),
    Rung(sampler.BATCH // 2, "two pictures at a time"),
    Rung(1, "one picture at a time"),
)


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw with the starter weights.

    Each thing that the prompt names is drawn by itself, looked at by the probe, and drawn once
    more where that does not find it. Several are put side by side.

    Yields progress with a preview after each step, an ``image`` artifact for each picture, and the
    result: ``count``, ``seed``, ``drawn`` (the words used), ``known`` (the trained captions),
    ``unknown`` (words left out), ``found`` (for each picture, what the probe sees in it), ``note``.

    Raises:
        BadInput: The prompt has no known word, or asks for what only diffusion weights can do.
        StudioError: The weights cannot be used, or some of the pictures are none.
    """
    if not params.prompt.strip():
        raise BadInput("There is no prompt.", "Enter a prompt.")
    if params.scheduler not in ("default", "euler"):
        raise BadInput(
            "The starter model supports only the default scheduler.",
            "Choose the scheduler “default”, or a diffusion model.",
        )
    with ctx.lease(params.weights) as starter:
        reading = read(ctx, params.prompt, params.style, starter)
        if picture_arrays.given(params.init, ctx.inputs) is not None:
            reading = reading.first()  # the others would each begin with the same picture
    run = _Run(ctx, params, reading)
    yield from run.draw()
    yield from run.redraw()
    yield from run.finish()


@dataclass
class _Drawn:
    """The drawings of one subject.

    Attributes:
        pictures: Each (64, 64, 3) floats in 0…1.
        captions: The captions that the probe sees in each, likeliest first; empty without a probe.
    """

    subject: Subject
    pictures: list[np.ndarray]
    captions: list[list[str]] = field(default_factory=list)

    def shows(self, number: int) -> bool:
        """Whether the probe finds the subject in a drawing; True where nobody looked."""
        return not self.captions or self.subject.trained_caption in self.captions[number]

    def check(self, number: int) -> Check | None:
        """Return the probe's verdict on a drawing; None where it did not run."""
        if not self.captions:
            return None
        seen = ", ".join(self.captions[number][:3])
        return Check(
            f"shows {self.subject.trained_caption}", self.shows(number), f"the probe sees: {seen}"
        )


class _Run:
    """One run of the task."""

    def __init__(self, ctx: TaskContext, params: Generate, reading: Reading) -> None:
        self._ctx, self._params, self._reading = ctx, params, reading
        self._rng = ctx.rng.torch("cpu")
        self._drawn: list[_Drawn] = []
        self._fresh: dict[str, Batch] = {}
        self._exact = False
        """Once float32 was needed, it will be for the rest."""
        self._note = self._weights = ""
        copies = max(subject.copies for subject in reading.subjects)
        self._each = max(params.count, min(copies, sampler.BATCH))
        self._work = len(reading.subjects) * self._each

    # --- drawing ------------------------------------------------------------------------------

    def draw(self) -> Iterator[Event]:
        """Draw all subjects."""
        ctx, params = self._ctx, self._params
        with ctx.lease(params.weights) as starter:
            for number, subject in enumerate(self._reading.subjects):
                pictures = yield from self._subject(starter, subject, number * self._each)
                self._drawn.append(_Drawn(subject, pictures))
        for drawn in self._drawn:
            drawn.captions = self._seen(drawn.pictures)

    def redraw(self) -> Iterator[Event]:
        """Redraw the subjects that the probe misses, and keep those it then finds."""
        for drawn in self._drawn:
            wrong = [at for at in range(len(drawn.pictures)) if not drawn.shows(at)]
            if not wrong:
                continue
            with self._ctx.lease(self._params.weights) as starter:
                pictures = yield from self._subject(
                    starter, drawn.subject, self._work, is_again=True
                )
            again = _Drawn(drawn.subject, pictures, self._seen(pictures))
            good = (at for at in range(len(pictures)) if again.shows(at))
            for at, better in zip(wrong, good):
                drawn.pictures[at], drawn.captions[at] = (
                    again.pictures[better],
                    again.captions[better],
                )

    def _subject(
        self, starter: Starter, subject: Subject, done: int, *, is_again: bool = False
    ) -> Generator[Event, None, list[np.ndarray]]:
        """Draw one subject, from cached drawings if available.

        Args:
            is_again: Draw it in the requested style, without variety: the most reliable setting.
        """
        ctx, rng, style = self._ctx, self._rng, self._params.style
        variety = 0.0 if is_again else self._params.variety
        is_mixed = self._params.mix_styles and not is_again
        self._weights = self._weights or kept_drawings.digest(starter)
        drawing, pictures = self._drawing(starter, subject, variety), list[np.ndarray]()
        for first in range(0, self._each, sampler.BATCH):
            count = min(sampler.BATCH, self._each - first)
            numbers = range(first, first + sampler.BATCH)
            trained = known_styles(subject.caption, starter.trained)
            styles = tuple(mixed_style(n, style, trained) if is_mixed else style for n in numbers)
            drawing = replace(drawing, exact=self._exact, styles=styles, reach=self._reach(variety))
            key = kept_drawings.key(self._weights, drawing, count, rng)
            batch = kept_drawings.read(ctx.intermediates.find(key), count)
            if batch is not None:
                rng.set_state(batch.rng)
                yield self._progress(subject, done + first + count, np.stack(batch.pictures))
            else:
                drawings, exact = yield from self._batch(
                    starter, subject, drawing, count, done + first
                )
                batch = self._fresh[key] = Batch(drawings, exact, rng.get_state())
            self._exact = batch.exact
            pictures += batch.pictures
        return pictures

    def _batch(
        self, starter: Starter, subject: Subject, drawing: Drawing, count: int, done: int
    ) -> Generator[Event, None, tuple[list[np.ndarray], bool]]:
        """Return the next drawings, and whether they took float32.

        What comes out as no picture is drawn again in float32, from the same noise.
        """
        rng = self._rng
        noise = rng.get_state()

        def body(at_once: int) -> Generator[Event, None, tuple[list[np.ndarray], bool]]:
            for exact in (drawing.exact, True):
                rng.set_state(noise)
                drawn = replace(drawing, exact=exact, at_once=at_once)
                arrays: np.ndarray = np.empty(0)
                for step, pictures in sampler.draw(starter, drawn, rng, count):
                    arrays = pictures.permute(0, 2, 3, 1).float().cpu().numpy()
                    yield self._progress(subject, done + count * step / drawing.steps, arrays)
                    if not np.isfinite(arrays).all():
                        break
                if exact or all(_verdict(picture).passed for picture in arrays):
                    break
            return list(arrays), exact

        return (yield from self._ctx.ladder(_RUNGS, body))

    def _reach(self, variety: float) -> float:
        """Return how far drawings are moved: those that begin with a picture stay where that is."""
        return 0.0 if self._params.init or "image" in self._ctx.inputs else reach(variety)

    def _drawing(self, starter: Starter, subject: Subject, variety: float) -> Drawing:
        params, without = self._params, None
        if params.negative.strip():
            without = understand(params.negative, params.style, starter).subjects[0].caption
        return Drawing(
            subject.caption,
            without,
            start=self._start(starter),
            strength=params.strength,
            steps=params.steps or sampler.STEPS,
            guidance=params.guidance or guidance(sampler.GUIDANCE, variety),
        )

    def _start(self, starter: Starter) -> Tensor | None:
        """Return the latents of the picture to begin with; None to begin with noise."""
        picture = picture_arrays.given(self._params.init, self._ctx.inputs)
        if picture is None:
            return None
        small = picture_arrays.fitted(picture_arrays.on_white(picture), SIDE, SIDE)
        device = next(starter.decoder.parameters()).device
        unit = torch.from_numpy(small).permute(2, 0, 1)[None].float().to(device) / 255
        return sampler.encode(starter, unit)

    def _seen(self, pictures: Sequence[np.ndarray]) -> list[list[str]]:
        """Return the captions that the probe sees in each; empty if it is not installed."""
        unit = torch.from_numpy(np.nan_to_num(np.stack(pictures))).permute(0, 3, 1, 2)
        try:
            with self._ctx.lease(PROBE) as probe:
                return probe.recognise(unit, PROBED)  # type: ignore[no-any-return]
        except StudioError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return []

    def _progress(self, subject: Subject, done: float, arrays: np.ndarray) -> Event:
        work = self._work * (2 if self._params.enlarge else 1)
        words = f"Drawing {subject.wording}"
        if done > self._work:
            done, words = self._work, f"Drawing {subject.wording} again"
        shown = arrays[: self._params.count]
        return self._ctx.progress(
            done, work, words, picture_arrays.row(picture_arrays.from_unit(shown))
        )

    # --- the finished pictures ----------------------------------------------------------------

    def finish(self) -> Iterator[Event]:
        """Enlarge, arrange and hand over the pictures, then tell the result."""
        ctx, params, reading = self._ctx, self._params, self._reading
        checked = [_verdict(picture) for drawn in self._drawn for picture in drawn.pictures]
        large: dict[tuple[int, int], np.ndarray] = {}
        for number in range(1, params.count + 1):
            used = self._used(number - 1)
            if not all(_verdict(self._drawn[s].pictures[at]).passed for s, at in used):
                continue
            for subject, at in used:
                if (subject, at) not in large:
                    picture = self._drawn[subject].pictures[at]
                    large[subject, at] = yield from self._large(picture, len(large) + 1)
            sheet = self._sheet([large[index] for index in used])
            recipe = self._recipe(number)
            yield ctx.artifact(
                Kind.IMAGE,
                picture_arrays.png(sheet, recipe),
                suffix=".png",
                title=params.prompt.strip()[:80],
                text=params.prompt.strip(),
                verdict=self._verdict(sheet, used),
                meta=recipe,
                preview=picture_arrays.thumbnail(sheet),
            )
        for key, batch in self._fresh.items():
            yield ctx.intermediates.keep(key, kept_drawings.written(batch))
        for verdict in checked:  # at the end: the good ones are kept
            picture_arrays.insist(verdict)
        notes = (_told(reading), self._note, picture_arrays.remark(params.init, ctx.inputs))
        yield ctx.result(
            count=params.count,
            seed=ctx.rng.seed,
            drawn=reading.drawn,
            known=reading.known,
            unknown=list(reading.unknown),
            found=[self._found(number) for number in range(params.count)],
            note=" ".join(filter(None, notes)),
        )

    def _used(self, variation: int) -> list[tuple[int, int]]:
        """Return the drawings (subject, number) in a picture; copies differ."""
        return [
            (number, (variation + copy) % len(drawn.pictures))
            for number, drawn in enumerate(self._drawn)
            for copy in range(drawn.subject.copies)
        ]

    def _found(self, variation: int) -> list[str]:
        """Return the probe's first guess for each drawing of a picture."""
        used = dict.fromkeys(self._used(variation))
        return [self._drawn[s].captions[at][0] for s, at in used if self._drawn[s].captions]

    def _large(self, picture: np.ndarray, number: int) -> Generator[Event, None, np.ndarray]:
        """Return a drawing enlarged, (H, W, 3) uint8; the second half of the work for all."""
        drawn, work = picture_arrays.from_unit(picture), self._work
        if not self._params.enlarge:
            return drawn
        words = f"Enlarging {number} of {work}" if work > 1 else "Enlarging"
        try:
            with self._ctx.lease(ENLARGER) as upscaler:
                steps = enlarged(
                    self._ctx,
                    upscaler,
                    drawn,
                    FACTOR,
                    message=words,
                    place=(work + number - 1, 2 * work),
                    show=work == 1,  # of several, one in the making must not hide the others
                )
                return (yield from steps)
        except StudioError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
        self._note = "Enlarged by interpolation because the enlarging model is not installed."
        return picture_arrays.resized(drawn, FACTOR * SIDE, FACTOR * SIDE)

    def _sheet(self, drawings: Sequence[np.ndarray]) -> np.ndarray:
        params = self._params
        sheet = drawings[0] if len(drawings) == 1 else arranged(drawings, len(drawings[0]))
        if params.width or params.height:
            sheet = picture_arrays.fitted(sheet, *self._size())
        return cut_out(sheet) if params.transparent else sheet

    def _size(self) -> tuple[int, int]:
        """Return the width and height that the finished picture must have."""
        params = self._params
        side = SIDE * FACTOR if params.enlarge else SIDE
        return (params.width or params.height or side, params.height or params.width or side)

    def _verdict(self, sheet: np.ndarray, used: Sequence[tuple[int, int]]) -> Verdict:
        checks = list(picture_arrays.verdict(sheet, size=self._size()).checks)
        shown = [self._drawn[subject].check(at) for subject, at in dict.fromkeys(used)]
        return Verdict((*checks, *(check for check in shown if check)))

    def _recipe(self, number: int) -> dict[str, Any]:
        """Return what makes the same picture again, and how it was understood."""
        params, reading = self._params, self._reading
        used = {
            "steps": params.steps or sampler.STEPS,
            "guidance": params.guidance or guidance(sampler.GUIDANCE, params.variety),
            "seed": self._ctx.rng.seed,
        }
        return {
            "task": "image.generate",
            "params": params.to_dict() | used,
            "drawn": reading.drawn,
            "known": reading.known,
            "unknown": list(reading.unknown),
            "respelt": dict(reading.respelt),
            "found": self._found(number - 1),
            "float32": self._exact,
            "variation": number,
            "note": self._note,
        }


def _verdict(picture: np.ndarray) -> Verdict:
    drawn = picture_arrays.from_unit(picture)
    return picture_arrays.verdict(drawn, finite=bool(np.isfinite(picture).all()), size=(SIDE, SIDE))


def _told(reading: Reading) -> str:
    sentences = [f"“{typed}” was read as “{meant}”." for typed, meant in reading.respelt.items()]
    if reading.unknown:
        sentences.append(f"This model doesn't know: {', '.join(reading.unknown)}.")
    if len(reading.subjects) > 1:
        sentences.append("Each thing is drawn by itself, side by side.")
    return " ".join(sentences)
