"""A task in its plugin's own process is like any other: events, files, leases, Stop, packages."""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio.api import Requirements, SamplingParams, TextStep, WeightsFacts
from studio.api.plot import Line, Plot
from studio.api.worker.text import FittedPrompt
from studio.protocol.caches import CACHE_ENV, RESULTS
from studio.protocol.energy import Rates, Watts
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import (
    Cancel,
    Pause,
    Permits,
    Preview,
    Produced,
    Progress,
    Resume,
    Status,
    TextDelta,
)
from studio.protocol.states import JobState
from studio.runtime.hosts import remote_task
from tests.runtime.desk import Desk, ToyLoader
from tests.runtime.hosts.conftest import Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")


class Engine:
    """Says a word a step; remembers what it was asked."""

    context_length = 512
    can_infill = True
    can_see = False

    def __init__(self) -> None:
        self.closed = 0

    def fit(self, messages: Sequence[Any], reserve: int) -> FittedPrompt:
        return FittedPrompt([len(messages), reserve], dropped=1, note="a note")

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def infill(self, before: str, after: str, reserve: int) -> FittedPrompt:
        return FittedPrompt([*f"{after}{before}".encode(), reserve])

    def count(self, text: str) -> int:
        return len(text)

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return 0

    def score(self, ids: Sequence[int], start: int) -> Iterator[list[float]]:
        for id in ids[start:]:
            yield [-float(id)]

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        try:
            for number in range(params.max_tokens):
                yield TextStep("token", number + 1, params.max_tokens, f"{ids[0]}.{number} ")
            yield TextStep("end", params.max_tokens, params.max_tokens, finish_reason="length")
        finally:
            self.closed += 1

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        for index, each in enumerate(params):
            for step in self.generate(ids, each):
                yield index, step


class EngineLoader(ToyLoader):
    """Lends that engine."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()

    def recognise(self, path: Path) -> WeightsFacts | None:
        return WeightsFacts("toy", path.stem, ("text",)) if path.suffix == ".toy" else None

    def measure(self, path: Path) -> Requirements:
        return Requirements(1, 1)

    def load(self, path: Path, device: str) -> Iterator[Any]:
        yield 0.5
        return self.engine

    def unload(self, loaded: Any) -> None:
        pass


def test_events_arrive_as_from_any_task(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin(
        "kind",
        """
        def all(ctx, params):
            yield ctx.progress(1, 2, "half", preview=Pixels())
            yield ctx.text("hello ", 1)
            yield ctx.text("you", 2)
            (ctx.scratch / "kept.txt").write_text("x")
            (ctx.cache / "cached.txt").write_text("x")
            yield ctx.artifact("text", b"payload", suffix=".txt", title="T", meta={"a": 1})
            yield None
            yield ctx.result(seed=ctx.rng.seed, job=ctx.job, number=params.number)

        class Pixels(bytearray):
            def __buffer__(self, flags): return memoryview(bytes(12)).cast("B", (2, 2, 3))
            def detach(self): return self
            def cpu(self): return self
            def numpy(self): return memoryview(bytes(12)).cast("B", (2, 2, 3))
        """,
    )
    end = desk.run("kind.all", number=3)
    assert (end.state, end.error) == (JobState.DONE, None)
    assert end.result == {"seed": 1, "job": end.job, "number": 3}
    assert "".join(each.text for each in desk.of(end.job, TextDelta)) == "hello you"
    made = desk.of(end.job, Produced)[0]
    assert (made.kind, made.title, made.meta) == ("text", "T", {"a": 1})
    assert bytes(desk.blobs[id(made)][0]) == b"payload"
    assert desk.of(end.job, Progress)[0].message == "half"


def test_its_packages_are_those_of_its_folder_and_nothing_else(
    desk: Desk, strangers: Strangers, tmp_path: Path
) -> None:
    code = """
    import numbers_of
    def version(ctx, params):
        yield ctx.result(version=numbers_of.VERSION, path=sys.path, modules=sorted(sys.modules))
    def foreign(ctx, params):
        import torch
        yield ctx.result(path=torch.__file__)
    def own_numpy(ctx, params):
        import numpy
        yield ctx.result(path=numpy.__file__)
    """
    found = {}
    for name, version in (("old", "1.26.4"), ("new", "2.4.0")):
        site = tmp_path / f"site-{name}"
        (site / "numbers_of").mkdir(parents=True)
        (site / "numbers_of" / "__init__.py").write_text(f"VERSION = '{version}'\n")
        strangers.plugin(name, code, paths=(str(site),))
        found[name] = desk.run(f"{name}.version").result
    (tmp_path / "site-old" / "numpy").mkdir()
    (tmp_path / "site-old" / "numpy" / "__init__.py").write_text("VERSION = '1.26.4'\n")
    assert (found["old"]["version"], found["new"]["version"]) == ("1.26.4", "2.4.0")
    assert not {"torch", "numpy", "PySide6"} & set(found["old"]["modules"])
    assert not any("site-packages" in path for path in found["old"]["path"])
    missing = desk.run("old.foreign")
    assert missing.error is not None
    assert "No module named 'torch'" in missing.error.message
    assert missing.error.plugin == "old"
    assert "site-old" in desk.run("old.own_numpy").result["path"], "its own comes first"


def test_arrays_are_of_numpy_for_who_brings_none(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin(
        "drawer",
        """
        from studio.api.plot import Line, Plot

        def draw(ctx, params):
            loss = Plot("Loss", series=[Line(y=[1.0, 0.5])])
            picture = ctx.rng.numpy().integers(0, 9, (2, 3, 3), "uint8")
            yield ctx.progress(0, 1, preview=picture, plots=[loss])
            yield ctx.result(number=ctx.rng.numpy().integers(1000))
        """,
    )
    end = desk.run("drawer.draw")
    assert end.error is None
    assert end.result == desk.run("drawer.draw").result, "the seed says which number it is"
    shown = desk.of(end.job, Preview)[0]
    assert shown.spec.shape == (2, 3, 3)
    (plot,) = desk.of(end.job, Progress)[0].plots
    assert Plot.decode(plot) == Plot("Loss", series=[Line(y=[1.0, 0.5])])


def test_values_are_checked_where_the_schema_is(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("strict", "def run(ctx, params):\n    yield ctx.result(text=params.text)\n")
    end = desk.run("strict.run", text="forbidden")
    assert end.error is not None
    assert (end.error.code, end.error.message) == (ErrorCode.BAD_INPUT, "This text is forbidden.")
    assert desk.run("strict.run", text="fine").result == {"text": "fine"}


def test_a_picked_file_is_copied_and_one_that_the_plugin_names_is_not(
    desk: Desk, strangers: Strangers, tmp_path: Path
) -> None:
    code = """
    def read(ctx, params):
        path = Path(params.file)
        yield ctx.result(text=path.read_text(), inside=path.is_relative_to(ctx.scratch))
    """
    strangers.plugin("reader", code)
    strangers.plugin("blind", code, permits=Permits(files=False))
    picked = tmp_path / "picked.txt"
    picked.write_text("what is in it")
    end = desk.finished(desk.submit("reader.read", file=str(picked), files=("file",)))
    assert end.result == {"text": "what is in it", "inside": True}
    refused = desk.finished(desk.submit("blind.read", file=str(picked), files=("file",)))
    assert refused.error is not None
    assert refused.error.code is ErrorCode.PERMISSION
    gone = desk.finished(desk.submit("reader.read", file=str(tmp_path / "no"), files=("file",)))
    assert gone.error is not None
    assert gone.error.code is ErrorCode.BAD_INPUT


WRITER = """
def write(ctx, params):
    with ctx.lease(params.weights) as engine:
        fitted = engine.fit([{"role": "user", "content": "hi"}], 7)
        sampling = SamplingParams(max_tokens=params.number)
        text = ""
        for step in engine.generate(fitted.ids, sampling):
            text += step.text
            yield ctx.text(step.text, step.done)
        both = [(n, s.text) for n, s in engine.generate_many([9], [sampling, sampling])]
        yield ctx.result(text=text, count=engine.count("abc"), ids=list(fitted.ids),
                         dropped=fitted.dropped, both=both,
                         encoded=engine.encode("a"), filled=list(engine.infill("a", "b", 9).ids),
                         can_infill=engine.can_infill)

def leave(ctx, params):
    with ctx.lease(params.weights) as engine:
        steps = engine.generate([1], SamplingParams(max_tokens=10_000))
        first = next(steps)
        steps.close()
        yield ctx.result(first=first.text, count=engine.count("after"))
"""


@pytest.fixture
def lender(tmp_path: Path, strangers: Strangers, desk: Desk) -> EngineLoader:
    loader = EngineLoader()
    desk.server._engines = [loader]
    desk.weights("smol", 1)
    strangers.plugin("writer", WRITER)
    return loader


def test_an_engine_is_lent_over_the_link(desk: Desk, lender: EngineLoader) -> None:
    end = desk.run("writer.write", number=2, weights="smol")
    assert end.error is None
    assert end.result["text"] == "1.0 1.1 "
    assert (end.result["count"], end.result["ids"], end.result["dropped"]) == (3, [1, 7], 1)
    assert (end.result["encoded"], end.result["filled"]) == ([97], [98, 97, 9])
    assert end.result["can_infill"] is True
    words = ["9.0 ", "9.1 ", ""]
    assert end.result["both"] == [[0, each] for each in words] + [[1, each] for each in words]
    assert "smol" in end.weights, "the record says what was lent"
    assert not any(each.users for each in desk.status().loaded), "it was given back"


def test_a_text_is_scored_and_energy_told_over_the_link(
    desk: Desk, lender: EngineLoader, strangers: Strangers
) -> None:
    strangers.plugin(
        "judge",
        """
        def score(ctx, params):
            with ctx.lease(params.weights) as engine:
                steps = list(engine.score([5, 1, 2], 1))
            energy = ctx.energy()
            yield ctx.result(steps=steps, range=energy and [energy.low, energy.high, energy.grams])
        """,
    )
    rates = Rates(Watts(5.0, 2.5, 10.0))
    end = desk.finished(desk.submit("judge.score", weights="smol", rates=rates))
    assert end.error is None
    assert end.result["steps"] == [[-1.0], [-2.0]]
    low, high, grams = end.result["range"]
    assert 0 <= low <= high
    assert grams is None
    assert desk.run("judge.score", weights="smol").result["range"] is None


def test_a_text_that_nobody_reads_to_its_end_is_ended(desk: Desk, lender: EngineLoader) -> None:
    end = desk.run("writer.leave", weights="smol")
    assert end.result == {"first": "1.0 ", "count": 5}
    assert lender.engine.closed == 1


def test_unknown_weights_are_told_to_the_task(desk: Desk, lender: EngineLoader) -> None:
    end = desk.run("writer.write", weights="nothing")
    assert end.error is not None
    assert "nothing" in end.error.message
    assert end.error.code is ErrorCode.NOT_FOUND


STOPPABLE = """
def patient(ctx, params):
    try:
        for number in range(10_000):
            time.sleep(0.01)
            yield ctx.text("x")
    except Cancelled:
        yield ctx.result(kept=True)
        yield ctx.artifact("text", b"half", suffix=".txt")
        raise

def deaf(ctx, params):
    yield ctx.text("begun")
    while True:
        pass

def quick(ctx, params):
    yield ctx.result(pid=os.getpid())
"""


def test_stop_comes_at_a_step_and_what_is_finished_is_kept(
    desk: Desk, strangers: Strangers
) -> None:
    strangers.plugin("slow", STOPPABLE)
    before = desk.run("slow.quick").result["pid"]
    job = desk.submit("slow.patient")
    desk.wait(lambda each: isinstance(each, TextDelta) and each.job == job)
    desk.send(Cancel(job))
    end = desk.finished(job)
    assert (end.state, end.result) == (JobState.CANCELLED, {"kept": True})
    assert len(desk.of(job, Produced)) == 1
    assert desk.run("slow.quick").result["pid"] == before, "its process goes on"


FLOOD = """
from studio.api import Cancelled, hookimpl


@hookimpl
def studio_tasks():
    return {"flood.flood": flood, "flood.deaf": deaf}


def flood(ctx, params):
    while True:
        yield ctx.artifact("text", b"one more", suffix=".txt")


def deaf(ctx, params):
    yield ctx.text("ready")
    while True:
        try:
            yield ctx.artifact("text", b"one more", suffix=".txt")
        except Cancelled:
            pass
"""


@pytest.mark.parametrize("task", ["flood", "deaf"])
def test_the_results_of_one_job_have_a_bound(
    desk: Desk, strangers: Strangers, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setattr(remote_task, "MOST_RESULTS", 20)
    strangers.plugin("flood", FLOOD)
    job = desk.submit(f"flood.{task}")
    end = desk.finished(job)
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert "made more than 20 results in one job" in end.error.message
    assert end.error.plugin == "flood"
    assert len(desk.of(job, Produced)) == 20


def test_a_loop_holds_up_nobody_and_stop_ends_it(
    desk: Desk, strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_task, "GRACE", 0.1)
    strangers.plugin("loop", STOPPABLE)
    strangers.plugin("other", STOPPABLE)
    # Each step seems to take less long than the one before: whose steps took longer goes last.
    desk.server._scheduler._clock = (-(10**6) * 0.9**n for n in itertools.count()).__next__
    with desk.held_lane():
        loops = [desk.submit("loop.deaf") for _ in range(3)]  # more than a lane has places
    begun = desk.wait(lambda each: isinstance(each, TextDelta))
    assert begun.job == loops[0], "first come, first served"
    looping = loops[0]
    desk.wait(
        lambda each: (
            isinstance(each, Status)
            and any(use.job == looping and use.quiet > 0 for use in each.jobs)
        )
    )
    first = desk.run("other.quick")
    assert first.state is JobState.DONE, "another plugin runs in the same lane meanwhile"
    for job in loops:
        desk.send(Cancel(job))
    assert {desk.finished(job).state for job in loops} == {JobState.CANCELLED}
    assert desk.run("loop.quick").state is JobState.DONE, "a fresh process takes the next"


def test_a_paused_task_waits_and_goes_on(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin(
        "counter",
        """
        def count(ctx, params):
            for number in range(200):
                yield ctx.text(f"{number} ")
        """,
    )
    job = desk.submit("counter.count")
    desk.send(Pause(job))
    desk.state(job, JobState.PAUSED)
    desk.send(Resume(job))
    assert desk.finished(job).state is JobState.DONE
    text = "".join(each.text for each in desk.of(job, TextDelta))
    assert text == "".join(f"{number} " for number in range(200))


def test_a_file_comes_in_parts_and_is_moved(
    desk: Desk, strangers: Strangers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_ENV, str(tmp_path / "cache"))
    strangers.plugin(
        "films",
        """
        def film(ctx, params):
            path = ctx.scratch / "film.webm"
            with path.open("wb") as file:
                for number in range(5):
                    file.write(bytes([number]) * 700_000)
                    yield ctx.progress(number, 5)
            yield ctx.artifact("video", path, suffix=".webm", preview=b"small")
            (ctx.scratch / "empty").touch()
            yield ctx.artifact("video", ctx.scratch / "empty", suffix=".webm")

        def gone(ctx, params):
            yield ctx.artifact("video", ctx.scratch / "gone", suffix=".webm")
        """,
    )
    assert desk.run("films.film").state is JobState.DONE
    film, empty = [each for each in desk.messages if isinstance(each, Produced)]
    data = (tmp_path / "cache" / RESULTS / film.file).read_bytes()
    assert data == b"".join(bytes([number]) * 700_000 for number in range(5))
    assert (film.blob, film.preview, film.spec.shape) == (-1, 0, (3_500_000,))
    assert (empty.spec.shape, empty.preview) == ((0,), -1)
    end = desk.run("films.gone")
    assert end.error is not None
    assert "the file of a result cannot be read" in end.error.message


def test_a_file_that_would_fill_the_disk_is_refused(
    desk: Desk, strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers.plugin(
        "films",
        """
        def film(ctx, params):
            (ctx.scratch / "film").write_bytes(bytes(3_000_000))
            yield ctx.artifact("video", ctx.scratch / "film", suffix=".webm")
        """,
    )
    assert desk.run("films.film").state is JobState.DONE, "the control"
    full = types.SimpleNamespace(free=256 << 20)
    monkeypatch.setattr("studio.runtime.hosts.remote_task.shutil.disk_usage", lambda folder: full)
    end = desk.run("films.film")
    assert end.error is not None
    assert end.error.code is ErrorCode.DISK_FULL
