"""Jobs that write with the same weights share each reading, and none changes another's text.

The real scheduler, lanes and pool; a tiny model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Cancel, WeightsEntry
from studio.protocol.states import JobState
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.batcher import Batcher, Seat
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from studio.runtime.engines.text.loader import TextLoader
from studio.runtime.jobs.job import Job
from tests.runtime.desk import PATIENCE, Desk, Toy
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="floats are read one text at a time"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def desk(tmp_path: Path, folder: Path, monkeypatch) -> Iterator[Desk]:
    """A runtime with the tiny model, and its readings: how many rows each has."""
    desk = Desk(tmp_path)
    desk._weights.append(WeightsEntry("tiny", str(folder), "text", "", ("text",)))
    yield desk
    desk.close()


@pytest.fixture
def readings(monkeypatch) -> list[list[int]]:
    """Of each reading, how many rows each text has in it."""
    found: list[list[int]] = []
    read = Llama.read

    def counted(self, passages):
        found.append([len(passage.tokens) for passage in passages])
        return read(self, passages)

    monkeypatch.setattr(Llama, "read", counted)
    return found


def prompt(number: int) -> list[int]:
    return [10 + number, *range(50, 60 + number)]


def params(number: int, length: int = 40) -> SamplingParams:
    return SamplingParams(seed=number, temperature=1.5, min_p=0, max_tokens=length)


def alone(folder: Path, number: int) -> list[int]:
    engine = TextEngine.load(folder)
    return [s.token for s in engine.generate(prompt(number), params(number)) if s.kind == "token"]


class Writers:
    """Tasks that write; they begin together."""

    def __init__(self, count: int = 0) -> None:
        self.begun: set[int] = set()
        self.count = count
        self.is_amid = threading.Event()

    def write(self, ctx: Any, asked: Toy) -> Iterator[Any]:
        with ctx.lease(asked.weights) as engine:
            self.begun.add(asked.number)
            while len(self.begun) < self.count:
                yield None
            tokens = []
            for step in engine.generate(prompt(asked.number), params(asked.number)):
                if step.kind == "token":
                    tokens.append(step.token)
                    yield ctx.text(step.text, step.done)
                    while asked.text == "stuck" and len(tokens) == 5:
                        self.is_amid.set()
                        yield None
        yield ctx.result(tokens=tokens)

    def broken(self, ctx: Any, asked: Toy) -> Iterator[Any]:
        with ctx.lease(asked.weights) as engine:
            self.begun.add(asked.number)
            while len(self.begun) < self.count:
                yield None
            yield from (ctx.text(s.text) for s in engine.generate(prompt(9), params(9)))

    def short(self, ctx: Any, asked: Toy) -> Iterator[Any]:
        with ctx.lease(asked.weights) as engine:
            yield from (ctx.text(s.text) for s in engine.generate(prompt(1), params(1, 2)))


def with_loader(desk: Desk, writers: Writers) -> None:
    tasks = {"write": writers.write, "broken": writers.broken, "short": writers.short}
    desk.plugin("many", tasks, studio_loaders=lambda: [TextLoader()])


def test_eight_jobs_share_each_reading_and_write_what_they_would_alone(
    desk: Desk, folder: Path, readings: list
) -> None:
    with_loader(desk, Writers(8))
    jobs = [desk.submit("many.write", number=n, weights="tiny") for n in range(8)]
    ends = [desk.finished(job) for job in jobs]
    assert [end.state for end in ends] == [JobState.DONE] * 8
    together = list(readings)
    assert max(len(rows) for rows in together) == 8
    assert len(together) <= 8 + 40 + 8, "a prompt each, and one for a token of all"
    texts = [end.result["tokens"] for end in ends]
    assert texts == [alone(folder, number) for number in range(8)]
    assert len({tuple(text) for text in texts}) == 8, "control: they differ"


def test_one_that_is_stopped_amid_the_others_disturbs_none(desk: Desk, folder: Path) -> None:
    writers = Writers(4)
    with_loader(desk, writers)
    jobs = [
        desk.submit("many.write", number=n, text="stuck" if n == 2 else "", weights="tiny")
        for n in range(4)
    ]
    assert writers.is_amid.wait(PATIENCE)
    desk.send(Cancel(jobs[2]))
    ends = [desk.finished(job) for job in jobs]
    assert [end.state for end in ends].count(JobState.CANCELLED) == 1
    assert ends[2].state is JobState.CANCELLED
    for number in (0, 1, 3):
        assert ends[number].result["tokens"] == alone(folder, number)


def test_scores_that_are_no_numbers_fail_one_job_in_words_and_no_other(
    desk: Desk, folder: Path, monkeypatch
) -> None:
    read = Llama.read

    def overflowing(self, passages):
        """What is known of the text of the task ``broken`` becomes no number after a while."""
        for passage in passages:
            if passage.tokens.tolist() == prompt(9):
                poisoned.append(passage.cache)
            if passage.cache in poisoned and passage.cache.length > len(prompt(9)) + 5:
                passage.cache.values[:, :, 0] = float("nan")
        return read(self, passages)

    poisoned: list = []
    monkeypatch.setattr(Llama, "read", overflowing)
    with_loader(desk, Writers(3))
    bad = desk.submit("many.broken", number=7, weights="tiny")
    good = [desk.submit("many.write", number=n, weights="tiny") for n in range(2)]
    end = desk.finished(bad)
    assert end.error is not None
    assert end.error.code is ErrorCode.BAD_WEIGHTS
    assert "invalid numbers" in end.error.message
    for number, job in enumerate(good):
        assert desk.finished(job).result["tokens"] == alone(folder, number)
    assert desk.status().loaded[0].working == 0, "memory is back"


def test_eighty_requests_at_once_queue_and_all_end(desk: Desk, monkeypatch) -> None:
    with_loader(desk, Writers())
    started: list[int] = []
    step = Job.step

    def counted(self: Job, body: Any) -> None:
        jobs = desk.server._scheduler.running()
        started.append(len(jobs))
        step(self, body)

    monkeypatch.setattr(Job, "step", counted)
    jobs = [desk.submit("many.short", number=n, weights="tiny") for n in range(80)]
    assert {desk.finished(job).state for job in jobs} == {JobState.DONE}
    assert max(started) <= 9, "the others wait without a cache"


# --- the batch itself ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(folder: Path) -> TextEngine:
    return TextEngine.load(folder)


def asked(batcher: Batcher, engine: TextEngine, tokens: list[int], wanted: int = 1) -> Seat:
    seat = Seat()
    cache = engine.model.new_cache(10)
    batcher.ask(seat, Passage(torch.tensor(tokens), cache, wanted))
    return seat


def test_each_gets_its_own_rows(engine: TextEngine, readings: list) -> None:
    batcher = Batcher(engine.model)
    seats = [asked(batcher, engine, [5, 6, 7], 2), asked(batcher, engine, [9])]
    rows = [batcher.scores(seat) for seat in seats]
    assert readings == [[3, 1]]
    cache = engine.model.new_cache(10)
    expected = [engine.model(torch.tensor([token]), cache) for token in (5, 6, 7)][1:]
    assert torch.equal(rows[0], torch.stack(expected))
    assert torch.equal(rows[1][0], engine.model(torch.tensor([9]), engine.model.new_cache(1)))


def test_who_left_is_not_read(engine: TextEngine, readings: list) -> None:
    batcher = Batcher(engine.model)
    first, second = asked(batcher, engine, [5]), asked(batcher, engine, [6])
    batcher.leave(first)
    batcher.scores(second)
    assert readings == [[1]]


def test_a_reading_that_fails_is_the_failure_of_its_own_text(engine: TextEngine) -> None:
    batcher = Batcher(engine.model)
    full = Seat()
    batcher.ask(full, Passage(torch.tensor([5, 6]), engine.model.new_cache(1)))
    good = asked(batcher, engine, [9])
    expected = engine.model(torch.tensor([9]), engine.model.new_cache(1))
    assert torch.equal(batcher.scores(good)[0], expected)
    with pytest.raises(ValueError, match="cannot hold"):
        batcher.scores(full)


def test_threads_do_not_read_for_each_other(engine: TextEngine, readings: list) -> None:
    batcher = Batcher(engine.model)
    here = asked(batcher, engine, [5])

    def elsewhere() -> None:
        batcher.scores(asked(batcher, engine, [6]))

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    batcher.scores(here)
    assert readings == [[1], [1]]
