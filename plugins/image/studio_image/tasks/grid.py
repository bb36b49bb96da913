"""The task ``image.grid``: one picture for each combination of settings, on a labelled sheet.

Draws nothing itself: each cell is a job of the task that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import (
    BadInput,
    Cancelled,
    Check,
    Event,
    Kind,
    StudioError,
    TaskContext,
    Verdict,
    read_regular,
)
from studio_image import picture_arrays
from studio_image.grid.sheet import Sheet
from studio_image.schema import Grid
from studio_image.schema.axes import TASKS, Plan, lines_of, value_label, without_folders

_PREVIEW = 640
_MOST_BYTES = 1 << 20


def grid(ctx: TaskContext, params: Grid) -> Iterator[Event]:
    """Make each picture by a job of its own, then the sheet of all.

    A picture that cannot be made leaves its place to the reason. When it is stopped, the sheet has
    the pictures until then; each is in the library by itself anyway.

    Yields progress with a preview of the sheet, the sheet as an ``image`` artifact whose ``cells``
    say where each picture lies and which artifact it is, and the result: ``count``, ``cells`` (what
    each picture has of its own, in the order they were made), ``failed`` (sentences), ``seed``,
    ``width``, ``height``, ``note``.

    Raises:
        BadInput: It is no grid, or too large.
        StudioError: None of the pictures could be made; says why the first could not.
    """
    plan = params.plan(_prompts(params))
    run = _Run(ctx, params, plan)
    try:
        yield from run.make()
    except Cancelled:
        if run.sheet is not None:
            yield run.artifact(run.sheet)
        raise
    if run.sheet is None:
        raise run.failed[0]
    yield run.artifact(run.sheet)
    high, wide = run.sheet.picture.shape[:2]
    yield ctx.result(
        count=len(run.picture_ids),
        cells=run.cells,
        failed=[f"{words}: {error.message}" for words, error in zip(run.without, run.failed)],
        seed=ctx.rng.seed,
        width=wide,
        height=high,
        note=run.note,
    )


class _Run:
    """One run of the task.

    Attributes:
        picture_ids: Number of a cell → id of its picture; empty if nothing is kept.
        failed: What went wrong with those that could not be made; ``without`` names them.
        sheet: None until the first picture is there.
    """

    def __init__(self, ctx: TaskContext, params: Grid, plan: Plan) -> None:
        self._ctx, self._params, self._plan = ctx, params, plan
        self._cells = plan.cells()
        self.picture_ids: dict[int, str] = {}
        self.without: list[str] = []
        self.failed: list[StudioError] = []
        self.sheet: Sheet | None = None
        self._waiting: dict[int, str] = {}
        self._task = f"image.{plan.task}"

    @property
    def cells(self) -> list[dict[str, Any]]:
        """What each picture that was made has of its own."""
        return [self._cells[number] for number in self.picture_ids]

    @property
    def note(self) -> str:
        """A note on the empty cells."""
        if not self.failed:
            return ""
        few = f"{len(self.failed)} of {len(self._cells)} pictures could not be made. "
        return f"{few}{self.failed[0].message}"

    def make(self) -> Iterator[Event]:
        """Make all pictures."""
        ctx, total = self._ctx, len(self._cells)
        common = dict(self._plan.base)
        names = {field.name for field in TASKS[self._plan.task].fields()}
        if "seed" in names:
            common.setdefault("seed", ctx.rng.seed)
        if "count" in names:
            common["count"] = 1
        for number, own in enumerate(self._cells):
            words = " · ".join(value_label(name, value) for name, value in own.items())
            preview = None if self.sheet is None else self.sheet.preview(_PREVIEW)
            yield ctx.progress(number, total, f"{number + 1} of {total}: {words[:80]}", preview)
            try:
                outcome = yield from ctx.call(self._task, {**common, **own}, title=words[:120])
            except StudioError as error:
                self.failed.append(error)
                self.without.append(words)
                self._say(number, error.message)
                continue
            (cell, *_) = outcome.artifacts
            self.picture_ids[number] = cell.id
            payload = cell.payload if isinstance(cell.payload, bytes) else cell.payload.read_bytes()
            self._place(number, picture_arrays.read(payload, words))
        yield ctx.progress(total, total, "Making the sheet")

    def _place(self, number: int, picture: np.ndarray) -> None:
        if self.sheet is None:
            tall, wide = picture.shape[:2]
            self.sheet = Sheet(self._plan, self._params.side, wide / tall)
            for at, words in self._waiting.items():
                self.sheet.say(at, words)
        self.sheet.place(number, picture)

    def _say(self, number: int, words: str) -> None:
        if self.sheet is None:
            self._waiting[number] = words
        else:
            self.sheet.say(number, words)

    def artifact(self, sheet: Sheet) -> Event:
        """Return the sheet as it is by now."""
        plan, picture = self._plan, sheet.picture
        names = " × ".join(axis.name for axis in reversed(plan.axes))
        prompts = dict.fromkeys(
            str(cell["prompt"]) for cell in (plan.base, *self._cells) if cell.get("prompt")
        )
        recipe: dict[str, Any] = {
            "task": "image.grid",
            "params": self._params.to_dict() | {"seed": self._ctx.rng.seed},
            "note": self.note,
        }
        cells = [
            {"id": id, "at": list(sheet.boxes[number]), "set": self._cells[number]}
            for number, id in self.picture_ids.items()
        ]
        whole = len(self.picture_ids) == len(self._cells)
        counted = f"{len(self.picture_ids)} of {len(self._cells)} pictures"
        checks = picture_arrays.verdict(picture).checks
        return self._ctx.artifact(
            Kind.IMAGE,
            picture_arrays.png(picture, recipe | {"params": self._shared(recipe["params"])}),
            suffix=".png",
            title=f"Grid: {names}",
            text="\n".join(prompts),
            verdict=Verdict((*checks, Check("all pictures", whole, counted))),
            meta=recipe | {"cells": cells},
            preview=picture_arrays.thumbnail(picture),
        )

    def _shared(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters as they may leave this machine in the file."""
        lines = {place: without_folders(self._plan.task, params[place]) for place in "xyz"}
        common = [without_folders(self._plan.task, line) for line in params["settings"]]
        return {**params, **lines, "settings": common}


def _prompts(params: Grid) -> list[str]:
    """Return the prompts that were typed, then those of the file.

    Raises:
        BadInput: The file cannot be read, or is no text.
    """
    prompts = lines_of(params.prompts)
    if not params.prompt_file:
        return prompts
    path = Path(params.prompt_file).expanduser()
    name = path.name
    try:
        data = read_regular(path)
        if len(data) > _MOST_BYTES:
            raise BadInput(f"{name} is larger than 1 MiB.", "A prompt list has one prompt a line.")
        prompts += lines_of(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadInput(
            f"{name} cannot be read: {error.strerror or error}.", "Choose another file."
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not a text in UTF-8.", "Save it as plain text.") from error
    if not prompts:
        raise BadInput(f"{name} has no prompts.", "Write one prompt a line.")
    return prompts
