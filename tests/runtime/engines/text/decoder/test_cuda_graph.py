"""Steps with fixed shapes and places, as a graph replays them, give the scores of the plain way.

On the processor the captured function runs again, on the same buffers.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.runtime.devices.device import CAPTURING
from studio.runtime.engines.text.decoder.attention import KeyValueCache
from studio.runtime.engines.text.decoder.cuda_graph import (
    LEAST_ROOM,
    MOST_FAILURES,
    MOST_TEXTS,
    WARM_UPS,
    StepGraphs,
    cuda_capture,
)
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

PROMPTS = [[(7 * i * i + 3 + n) % 300 for i in range(20 + 9 * n)] for n in range(5)]


class Recorder:
    """Stands in for the graph of a device: what it was given to capture it runs again.

    Attributes:
        captured: How many functions.
        replays: How often any of them ran again.
    """

    def __init__(self) -> None:
        self.captured = self.replays = 0

    def __call__(self, run):
        run()  # as a device does, with whatever is in the buffers
        self.captured += 1
        buffer = run()

        def replay() -> torch.Tensor:
            self.replays += 1
            return buffer.copy_(run())

        return replay


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    model = tiny_models.reference(max_position_embeddings=1024)
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def plain(folder) -> TextEngine:
    return TextEngine.load(folder, dtype=torch.float32)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(folder, recorder) -> TextEngine:
    engine = TextEngine.load(folder, dtype=torch.float32)
    engine.model.graphs = StepGraphs(engine.model, recorder)
    return engine


class Text:
    """A text that is read token by token, by both."""

    def __init__(self, engine: TextEngine, plain: TextEngine, number: int) -> None:
        self.ids = list(PROMPTS[number])
        self.ours, self.theirs = engine.model.new_cache(800), plain.model.new_cache(800)
        self.engine, self.plain = engine, plain
        for each, cache in ((engine, self.ours), (plain, self.theirs)):
            each.model(torch.tensor(self.ids), cache)

    def next(self) -> int:
        return (sum(self.ids[-3:]) * 31 + len(self.ids)) % 300


def step(*texts: Text) -> None:
    """Read the next token of each, and compare the scores.

    Over other numbers of rows and of hidden keys the processor adds up floats in another order.
    """
    tokens = [text.next() for text in texts]
    pairs = list(zip(texts, tokens, strict=True))
    ours = texts[0].engine.model.read([Passage(torch.tensor([t]), x.ours) for x, t in pairs])
    theirs = [x.plain.model.read([Passage(torch.tensor([t]), x.theirs)]) for x, t in pairs]
    torch.testing.assert_close(ours, torch.cat(theirs), atol=1e-4, rtol=0)
    for text, token in pairs:
        text.ids.append(token)
        assert text.ours.length == text.theirs.length == len(text.ids)


def test_steps_are_captured_once_and_have_the_same_scores(engine, plain, recorder) -> None:
    text = Text(engine, plain, 0)
    for _ in range(40):
        step(text)
    assert (recorder.captured, recorder.replays) == (1, 40)


def test_texts_come_and_go(engine, plain, recorder) -> None:
    texts = [Text(engine, plain, number) for number in range(4)]
    for going in ([0], [0, 1], [1, 0], [0, 1, 2], [2], [0, 1, 2, 3], [3, 1], [0, 1, 2, 3], [2, 3]):
        step(*(texts[number] for number in going))
    assert recorder.captured == 3, "for one, two and four texts"
    late = Text(engine, plain, 4)
    step(*texts, late)
    del texts[1:]
    step(texts[0], late)
    step(late)
    assert recorder.captured == 4


def test_when_most_texts_have_ended_a_smaller_graph_goes_on(engine, plain, recorder) -> None:
    texts = [Text(engine, plain, number) for number in range(4)]
    step(*texts)
    last = texts.pop()
    texts.clear()
    step(last)
    assert recorder.captured == 2


def test_a_text_outgrows_its_room(engine, plain, recorder) -> None:
    text = Text(engine, plain, 0)
    while len(text.ids) < LEAST_ROOM + 5:
        step(text)
    assert recorder.captured == 2


def test_pieces_and_steps_may_alternate(engine, plain) -> None:
    text = Text(engine, plain, 1)
    for _ in range(3):
        step(text)
        piece = torch.tensor([9, 8, 7])
        for each, cache in ((engine, text.ours), (plain, text.theirs)):
            scores = each.model.read([Passage(piece, cache)])
            assert torch.isfinite(scores).all()
        text.ids += piece.tolist()
        step(text)


def test_a_text_that_was_cut_back_goes_on_right(engine, plain) -> None:
    text, other = Text(engine, plain, 2), Text(engine, plain, 0)
    for _ in range(4):
        step(text)
    for cache in (text.ours, text.theirs):
        cache.length -= 8  # before what it had when it moved in
    del text.ids[-8:]
    for _ in range(5):
        step(text)
    step(text, other)


def test_what_is_read_elsewhere_is_complete(engine, plain) -> None:
    text = Text(engine, plain, 0)
    for _ in range(5):
        step(text)
    step(text, Text(engine, plain, 1))
    fork = engine.model.new_cache(800)
    engine.model.graphs._of_thread.current.give_back()
    fork.start_as(text.ours)
    for ours, theirs in ((fork.keys, text.theirs.keys), (fork.values, text.theirs.values)):
        torch.testing.assert_close(ours[:, :, :25], theirs[:, :, :25])


def test_whole_texts_are_the_same(engine, plain, recorder) -> None:
    params = [SamplingParams(seed=n, temperature=1.5, max_tokens=20) for n in range(3)]
    ours = [(n, s.token, s.text) for n, s in engine.generate_many(PROMPTS[0], params)]
    assert ours == [(n, s.token, s.text) for n, s in plain.generate_many(PROMPTS[0], params)]
    assert recorder.replays >= 19


def test_more_texts_than_a_graph_has_rows_are_read_in_the_plain_way(engine, recorder) -> None:
    caches = [engine.model.new_cache(4) for _ in range(MOST_TEXTS + 1)]
    scores = engine.model.read([Passage(torch.tensor([5]), cache) for cache in caches])
    assert scores.shape[0] == MOST_TEXTS + 1
    assert recorder.captured == 0


def test_a_full_cache_is_refused(engine) -> None:
    cache = KeyValueCache(engine.model.config, 1, torch.float32, torch.device("cpu"))
    engine.model.read([Passage(torch.tensor([5]), cache)])
    with pytest.raises(ValueError, match="cannot hold"):
        engine.model.read([Passage(torch.tensor([5]), cache)])


def test_texts_after_a_prompt_of_one_token_are_the_same(engine, plain) -> None:
    """The prompt itself is a step: what was read of it is copied for the others."""
    params = [SamplingParams(seed=n, temperature=1.5, max_tokens=6) for n in range(3)]
    ours = [(n, s.token) for n, s in engine.generate_many([7], params)]
    assert ours == [(n, s.token) for n, s in plain.generate_many([7], params)]


def test_a_model_that_is_let_go_of_frees_its_graphs_at_once(folder) -> None:
    engine = TextEngine.load(folder, dtype=torch.float32)

    def captured(run):  # as a device does: it keeps the buffers, and what ran it forgets
        buffer = run()
        return lambda: buffer

    engine.model.graphs = StepGraphs(engine.model, captured)
    engine.model.read([Passage(torch.tensor([5]), engine.model.new_cache(4))])
    graph = weakref.ref(engine.model.graphs._of_thread.current)
    model = weakref.ref(engine.model)
    assert graph() is not None, "control"
    engine.close()  # and no collection
    assert (model(), graph()) == (None, None)


def test_where_there_is_no_memory_for_a_graph_none_of_its_size_is_tried_again(
    engine, plain, recorder
) -> None:
    tried = []

    def short(run):
        tried.append(run)
        if len(tried) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return recorder(run)

    engine.model.graphs = StepGraphs(engine.model, short)
    one, two = Text(engine, plain, 0), Text(engine, plain, 1)
    step(one)
    for _ in range(3):
        step(one, two)
    assert len(tried) == 2
    tried.clear()  # a smaller one still has room
    step(one)
    assert len(tried) == 1


def test_a_capture_that_fails_is_tried_again_a_few_times(engine, plain) -> None:
    tried = []

    def refuses(run):
        tried.append(run)
        raise RuntimeError("operation failed due to a previous error during capture")

    engine.model.graphs = StepGraphs(engine.model, refuses)
    text = Text(engine, plain, 0)
    for _ in range(MOST_FAILURES + 2):
        step(text)
    assert len(tried) == MOST_FAILURES


class Streams:
    """Stands in for ``torch.cuda``'s streams and graphs.

    Attributes:
        current: The stream in which things are done.
        fails: Whether a capture fails at its end, and as torch's does, stays in its stream.
    """

    def __init__(self) -> None:
        self.current, self.fails = self.named("lane"), False

    def named(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, wait_stream=lambda other: None)

    @contextmanager
    def stream(self, stream) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def graph(self, graph, *, stream, capture_error_mode) -> Iterator[None]:
        assert CAPTURING.locked()
        assert capture_error_mode == "thread_local", "the other lane goes on"
        before, self.current = self.current, stream
        yield
        if self.fails:
            raise RuntimeError("operation failed due to a previous error during capture")
        self.current = before


def test_a_step_is_captured_on_its_card_after_warming_up(monkeypatch) -> None:
    streams, done, cards = Streams(), [], []
    lane = streams.current
    replays = SimpleNamespace(replay=lambda: done.append("replay"))
    for name, stand_in in {
        "CUDAGraph": lambda: replays,
        "device": lambda card: cards.append(card) or nullcontext(),
        "current_stream": lambda: streams.current,
        "Stream": lambda: streams.named("side"),
        "stream": streams.stream,
        "graph": streams.graph,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    buffer = torch.zeros(1)

    def run() -> torch.Tensor:
        done.append(streams.current.name)
        return buffer

    card = torch.device("cuda:1")
    replay = cuda_capture(card, run)
    assert cards == [card]
    assert done == ["side"] * (WARM_UPS + 1)
    assert replay() is buffer
    assert done[-1] == "replay"
    streams.fails = True
    with pytest.raises(RuntimeError, match="during capture"):
        cuda_capture(card, run)
    assert streams.current is lane
    assert not CAPTURING.locked()
