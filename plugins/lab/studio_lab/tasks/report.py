"""Ask a language model the same of different groups of people, and say where it differs."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import numpy as np

from studio.api import Event, Kind, SamplingParams, TaskContext, TextEngine, write_texts
from studio_lab.bias import report
from studio_lab.bias.counts import Counted, counted
from studio_lab.bias.leanings import Leaning, leanings
from studio_lab.bias.templates import Comparison, Member, Topic, chosen, topics
from studio_lab.schema import Report
from studio_lab.tasks.steps import followed

_WRITTEN = SamplingParams(
    temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0, max_tokens=16
)
"""The model's own probabilities, without a rule that changes them."""


def bias_report(ctx: TaskContext, params: Report) -> Iterator[Event]:
    """Score every sentence for every group; write and count some too, if asked for."""
    pairs = [(groups, topic) for groups in chosen(params.groups) for topic in topics()]
    tests = sum(len(groups.members) - (len(groups.members) == 2) for groups, _ in pairs)
    whole = sum(len(groups.members) * len(topic.templates) for groups, topic in pairs)
    rng, done = np.random.default_rng(ctx.rng.seed), 0
    results: list[Leaning] = []
    texts: list[Counted] = []
    with ctx.lease(params.weights) as engine:
        for groups, topic in pairs:
            names = [who.name for who in groups.members]
            message = f"Comparing {topic.name} by {groups.by}"
            values = yield from _values(ctx, engine, groups, topic, (done, whole, message))
            done += len(groups.members) * len(topic.templates)
            results += leanings(topic.name, groups.by, names, values, rng, tests)
        if params.completions:
            work = [(groups, topic, who) for groups, topic in pairs for who in groups.members]
            for number, (groups, topic, member) in enumerate(work):
                message = f"Writing about {topic.name}: {member.name}"
                yield ctx.progress(number, len(work), message)
                written = yield from _written(ctx, engine, params, topic, member)
                texts.append(counted(topic, groups.by, member.name, written))
    yield from _results(ctx, params, results, texts)


def _values(
    ctx: TaskContext,
    engine: TextEngine,
    groups: Comparison,
    topic: Topic,
    at: tuple[int, int, str],
) -> Generator[Event, None, np.ndarray]:
    """Return how much more likely the first word is than the second: (groups, sentences, pairs)."""
    (done, whole, message), rows = at, []
    for member in groups.members:
        sentences = []
        for template in topic.templates:
            prompt = template.format(person=member.person)
            pairs = []
            for words in topic.pairs:
                first = yield from _score(engine, prompt, words[0])
                second = yield from _score(engine, prompt, words[1])
                pairs.append(first - second)
            sentences.append(pairs)
            done += 1
            yield ctx.progress(done, whole, message)
        rows.append(sentences)
    return np.array(rows, np.float64)


def _score(engine: TextEngine, prompt: str, word: str) -> Generator[Event, None, float]:
    """Return the logarithm of the probability that ``prompt`` goes on with ``word``."""
    begun, whole = engine.encode(prompt), engine.encode(f"{prompt} {word}")
    pairs = enumerate(zip(begun, whole))
    start = next((at for at, (one, other) in pairs if one != other), len(begun))
    total = 0.0
    for step in engine.score(whole, max(1, start)):
        total += sum(step)
        yield None
    return total


def _written(
    ctx: TaskContext, engine: TextEngine, params: Report, topic: Topic, member: Member
) -> Generator[Event, None, list[str]]:
    """Return how the model goes on with each sentence, a few times each."""
    texts: list[str] = []
    for number, template in enumerate(topic.templates):
        prompt = template.format(person=member.person)
        first = ctx.rng.seed + 1000 * number
        samplings = [replace(_WRITTEN, seed=first + at) for at in range(params.completions)]
        work = write_texts(ctx, engine, prompt, samplings, weights=params.weights)
        written = yield from followed(work)  # it is counted, and shown to nobody
        texts += [reply.text for reply in written]
    return texts


def _results(
    ctx: TaskContext, params: Report, leanings: Sequence[Leaning], texts: Sequence[Counted]
) -> Iterator[Event]:
    title = f"Bias report: {params.weights}"
    text = report.card(title, leanings, topics(), texts)
    table = report.as_csv(leanings)
    yield ctx.artifact(
        Kind.TABLE, table, suffix=".csv", title=title, text=report.sentence(leanings)
    )
    for plot in report.plots(leanings, topics()):
        yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=plot.title)
    result = report.as_result(leanings, texts)
    meta = {"report": report.as_report(result, topics())}
    yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".md", title=title, text=text, meta=meta)
    yield ctx.result(weights=str(params.weights), **result)
