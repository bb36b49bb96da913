"""The task ``music.generate``: music and sounds by audio models of the user."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import BadInput, Event, NewArtifact, Rung, Seed, TaskContext
from studio_music.audio.models.model_spec import WINDOW, ModelSpec
from studio_music.audio.models.schema import Generate
from studio_music.tasks import score_artifact
from studio_music.tasks.effects import facts_of, sound_artifact

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from studio_music.audio.models.networks import AudioModel

_NAMES = 60


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Make one sound after another, the first with the job's seed, the next with the one after.

    Yields progress in seconds of sound, an ``audio`` artifact each (WAV), and the result:
    ``model``, ``seconds``, ``sample_rate``, ``seeds``, ``passed``, ``checks``, and ``files``: of
    each its ``title``, ``seed``, ``duration``, ``lufs`` and ``peak``.

    Raises:
        BadInput: The model cannot do what is asked, or the given sound cannot be read.
        StudioError: The weights cannot be used, or gave no usable numbers.
    """
    from studio_music.audio.models.networks import AudioModel
    from studio_music.audio.models.weights import read_spec

    spec = read_spec(ctx.weights_path(params.weights))
    check_fit(params, spec)
    given = None
    if params.use != "none":
        given = yield from ctx.in_thread(partial(_given, params.sound, spec))
    total = params.seconds * params.count
    yield ctx.progress(0, total, "Loading the model")
    files: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    seeds = [(ctx.rng.seed + number) % (Seed.MAXIMUM + 1) for number in range(params.count)]
    with ctx.lease(params.weights, spec.working_bytes(params.seconds)) as model:
        if not isinstance(model, AudioModel):
            raise BadInput(f"“{params.weights}” is not an audio model.", "Choose another model.")
        for number, seed in enumerate(seeds):
            before = number * params.seconds

            def tell(seconds: float, before: float = before) -> None:
                done = before + seconds
                ctx.report(ctx.progress(done, total, f"{done:.1f} of {total:g} s"))

            samples = yield from _take(ctx, params, model, given, seed, tell)
            file = partial(_made, ctx, params, spec, samples, seed, number)
            artifact = yield from ctx.in_thread(file)
            files.append({key: artifact.meta[key] for key in _FACTS})
            checks += _checks(artifact)
            yield artifact
    yield ctx.progress(total, total)
    yield ctx.result(
        model=str(params.weights),
        seconds=params.seconds,
        sample_rate=spec.rate,
        seeds=seeds,
        files=files,
        passed=all(check["passed"] for check in checks),
        checks=checks,
    )


_FACTS = ("title", "seed", "duration", "lufs", "peak")


def check_fit(params: Generate, spec: ModelSpec) -> None:
    """Reject requests beyond the model's abilities, before it is loaded.

    Raises:
        BadInput: Says which, and what it can do instead.
    """
    if params.use == "melody" and spec.architecture != "musicgen_melody":
        raise BadInput(f"{spec.title} cannot follow a melody.", "MusicGen Melody can.")
    if params.use == "continue" and not spec.is_musicgen:
        raise BadInput(f"{spec.title} cannot continue a sound.", "MusicGen can.")
    if params.negative.strip() and spec.is_musicgen:
        raise BadInput(
            f"{spec.title} takes no negative prompt.",
            "Leave it empty, or choose Stable Audio or AudioLDM.",
        )
    if params.seconds > spec.longest + 0.05:
        raise BadInput(
            f"{spec.title} makes {spec.longest:.0f} s at most; you asked for {params.seconds:g} s.",
            f"Ask for {int(spec.longest)} s or less.",
        )


def _take(
    ctx: TaskContext,
    params: Generate,
    model: AudioModel,
    given: Tensor | None,
    seed: int,
    tell: Callable[[float], None],
) -> Generator[Event, None, np.ndarray]:
    """Return one sound, (frames, channels); with less memory in shorter windows."""
    take = _written if model.spec.is_musicgen else _denoised
    samples = yield from take(ctx, params, model, given, seed, tell)
    import numpy as np

    from studio_music.audio.models.musicgen import unusable

    if not np.isfinite(samples).all():
        raise unusable()
    loudest = float(np.abs(samples).max(initial=0.0))
    return samples / loudest if loudest > 1 else samples  # else its peaks would be cut off


def _written(
    ctx: TaskContext,
    params: Generate,
    model: AudioModel,
    given: Tensor | None,
    seed: int,
    tell: Callable[[float], None],
) -> Generator[Event, None, np.ndarray]:
    import torch

    from studio_music.audio.models import musicgen
    from studio_music.audio.models.chroma import chroma

    melody = None
    if params.use == "melody" and given is not None:
        config = model.spec.extras.get("preprocessor", {})
        melody = yield from ctx.in_thread(partial(chroma, given.mean(0), config, model.spec.rate))

    def body(window: float) -> Generator[Event, None, np.ndarray]:
        wish = musicgen.Wish(
            params.prompt.strip(), params.seconds, params.guidance or musicgen.GUIDANCE,
            params.temperature, params.top_k, melody, given if melody is None else None, window,
        )  # fmt: skip
        samples = musicgen.written(model, wish, torch.Generator().manual_seed(seed), tell)
        yield None
        return samples

    rungs = [Rung(WINDOW), Rung(WINDOW / 2, "windows of 15 seconds")]
    return (yield from ctx.ladder(rungs, body))


def _denoised(
    ctx: TaskContext,
    params: Generate,
    model: AudioModel,
    _given: Tensor | None,
    seed: int,
    tell: Callable[[float], None],
) -> Generator[Event, None, np.ndarray]:
    import torch

    from studio_music.audio.models import diffusion

    kind = model.spec.architecture
    steps = params.steps or diffusion.STEPS[kind]
    wish = diffusion.Wish(
        params.prompt.strip(), params.negative.strip(), params.seconds, steps,
        params.guidance or diffusion.GUIDANCE[kind],
    )  # fmt: skip

    def step(done: int) -> None:
        tell(params.seconds * min(1.0, done / steps))

    latents = diffusion.denoised(model, wish, torch.Generator().manual_seed(seed), step)
    yield None

    def body(device: str) -> Generator[Event, None, np.ndarray]:
        samples = diffusion.decoded(model, latents, params.seconds, device)
        yield None
        return samples

    rungs = [Rung("")]
    if ctx.device != "cpu":
        rungs.append(Rung("cpu", "decoded on the processor"))
    return (yield from ctx.ladder(rungs, body))


def _given(file: str, spec: ModelSpec) -> Tensor:
    """Return the sound of a file, (channels, samples) at the rate and with the channels of a model.

    Raises:
        BadInput: It cannot be read, or is too long.
    """
    from fractions import Fraction

    import numpy as np
    import torch
    from scipy.signal import resample_poly

    from studio_music.audio import audio_files
    from studio_music.audio.effects.edits import LONGEST

    path = Path(file)
    samples, rate = audio_files.read_filled(audio_files.read_bytes(path), path.name)
    if len(samples) > LONGEST * rate:
        raise BadInput(
            f"“{path.name}” lasts {len(samples) / rate / 60:.0f} minutes; "
            f"the limit is {LONGEST // 60}.",
            "Cut out the part you want first.",
        )
    if rate != spec.rate:
        ratio = Fraction(spec.rate, rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator, axis=0)
    if samples.shape[1] != spec.channels:
        samples = np.repeat(samples.mean(1, keepdims=True), spec.channels, 1)
    return torch.from_numpy(np.ascontiguousarray(samples.T, np.float32))


def _made(
    ctx: TaskContext,
    params: Generate,
    spec: ModelSpec,
    samples: np.ndarray,
    seed: int,
    number: int,
) -> NewArtifact:
    from studio_music.audio import audio_files

    name = " ".join(params.prompt.split())[:_NAMES] or f"{Path(params.sound).stem[:40]} continued"
    title = name if params.count == 1 else f"{name} {number + 1:02d}"
    recipe = score_artifact.recipe(ctx, "music.generate", params)
    recipe = {**recipe, "params": {**recipe["params"], "seed": seed, "count": 1}}
    payload = audio_files.wav(samples, spec.rate, title=title, recipe=recipe)
    meta = {**facts_of(samples, spec.rate, title), "seed": seed, "model": spec.title, **recipe}
    return sound_artifact(ctx, payload, ".wav", samples, spec.rate, meta, loop=False)


def _checks(artifact: NewArtifact) -> list[dict[str, Any]]:
    return [
        {
            "file": artifact.meta["title"],
            "name": check.name,
            "passed": check.passed,
            "evidence": check.evidence,
        }
        for check in (artifact.verdict.checks if artifact.verdict else ())
    ]
