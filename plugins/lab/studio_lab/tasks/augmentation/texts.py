"""Rewrite or make texts with classes, and say whether that helps a classifier, harms it, or leaks.

A text is rewritten back and forth: the language model first turns it into something else, keywords
or another language, and then writes it anew from that, without having seen the text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from studio.api import (
    BadInput,
    ChatMessage,
    Event,
    Kind,
    SamplingParams,
    TaskContext,
    TextEngine,
    sentence,
    write_text,
)
from studio_lab.augmentation import report
from studio_lab.augmentation.texts import MOST, Texts, made_texts, texts_of, trials
from studio_lab.augmentation.verdict import outcomes, recommended
from studio_lab.datasets.table_file import Reading, read_table
from studio_lab.schema import Augment
from studio_lab.tasks.augmentation.results import card_of, plot_events, report_events, tried

COMPARED = ("words", "ngrams")
REWRITING = "rewriting"
_CHANNEL = "rewriting"
_MOST_TOKENS = 300
_MOST_CHARACTERS = 1200
_FEWEST = 20


def augment(ctx: TaskContext, params: Augment) -> Iterator[Event]:
    """Rewrite texts where that is asked for, try methods in repeated splits, write a table."""
    path, seed = Path(params.table), ctx.rng.seed
    how = Reading(params.first_row, params.extremes)
    yield ctx.progress(0, 0, "Reading the table")
    table = yield from ctx.in_thread(lambda: read_table(path, how))
    data, notes = texts_of(table, params.target, path.stem)
    if len(data.texts) > MOST:
        notes.append(
            sentence(
                "{some} of {all} texts were drawn, which is enough to tell.",
                some=f"{MOST:,}", all=f"{len(data.texts):,}",
            )
        )  # fmt: skip
        data = data.at(np.sort(np.random.default_rng(seed).permutation(len(data.texts))[:MOST]))
    methods = _methods(params)
    rewritten: dict[int, str] = {}
    if REWRITING in methods:
        rewritten = yield from _rewritten(ctx, params, data, notes)
    running = trials(data, methods, params.splits, params.row_classifier, seed, rewritten)
    comparison = yield from tried(ctx, running, len(methods), params.splits)
    judged = outcomes(comparison, params.score)
    chosen = recommended(judged)
    rng = np.random.default_rng((seed, params.splits))
    samples, labels = made_texts(data, chosen.method, rng, rewritten)
    verdict = chosen.sentence(params.splits)
    meta = {"verdict": str(chosen.verdict), "method": chosen.method}
    file = _file(data, samples, [data.target.classes[label] for label in labels])
    title = f"{chosen.title}: {path.stem}"
    yield ctx.artifact(Kind.TABLE, file, suffix=".csv", title=title, text=verdict, meta=meta)
    yield from plot_events(ctx, report.plots(comparison, judged, chosen.method))
    card = card_of(f"Made texts: {path.stem}", judged, verdict, notes)
    more = {"rows": len(samples), "classes": dict(data.target.counts), "rewritten": len(rewritten)}
    yield from report_events(ctx, params, path.stem, judged, chosen, notes, card, more)


def _methods(params: Augment) -> tuple[str, ...]:
    if params.text_method == "best":
        return (REWRITING, *COMPARED) if params.weights else COMPARED
    if params.text_method == REWRITING and not params.weights:
        raise BadInput("No language model was chosen.", "Choose one; it rewrites the texts.")
    return (params.text_method,)


def _rewritten(
    ctx: TaskContext, params: Augment, data: Texts, notes: list[str]
) -> Generator[Event, None, dict[int, str]]:
    """Return the rewritten texts, by index of the original."""
    assert params.weights is not None
    chosen = np.random.default_rng(ctx.rng.seed).permutation(len(data.texts))[: params.rewrites]
    rewritten: dict[int, str] = {}
    with ctx.lease(params.weights) as engine:
        for done, row in enumerate(np.sort(chosen)):
            yield ctx.progress(done, len(chosen), f"Rewriting text {done + 1:,} of {len(chosen):,}")
            text = data.texts[row][:_MOST_CHARACTERS]
            most = min(_MOST_TOKENS, 20 + 2 * engine.count(text))
            middle = yield from _asked(ctx, params, engine, _there(params, text), most)
            back = yield from _asked(ctx, params, engine, _back(params, middle, text), most)
            if back and back != text:
                rewritten[int(row)] = back
    if len(rewritten) < _FEWEST:
        raise BadInput(
            f"The model rewrote {len(rewritten)} of {len(chosen)} texts; {_FEWEST} are the least "
            "to tell anything.",
            "Choose another language model, or more texts.",
        )
    notes.append(
        sentence(
            "{count} texts were rewritten by way of {through}.",
            count=f"{len(rewritten):,}", through=str(params.through),
        )
    )  # fmt: skip
    return rewritten


def _asked(
    ctx: TaskContext, params: Augment, engine: TextEngine, prompt: str, most: int
) -> Generator[Event, None, str]:
    wish = SamplingParams(max_tokens=most, temperature=0.7, seed=ctx.rng.seed)
    messages: list[ChatMessage] = [{"role": "user", "content": prompt}]
    written = yield from write_text(
        ctx, engine, messages, wish, weights=str(params.weights), channel=_CHANNEL
    )
    return " ".join(written.text.split())


def _there(params: Augment, text: str) -> str:
    if params.through == "keywords":
        return f"List the keywords of this text, separated by commas, and nothing else:\n\n{text}"
    return f"Translate this text into {params.through}. Answer with the translation only:\n\n{text}"


def _back(params: Augment, middle: str, text: str) -> str:
    words = max(5, len(text.split()))
    if params.through == "keywords":
        prompt = f"Write a text of about {words} words with these keywords. Answer with it only:"
    else:
        prompt = "Translate this text into English. Answer with the translation only:"
    return f"{prompt}\n\n{middle}"


def _file(data: Texts, samples: list[str], classes: list[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([data.name, data.target.name])
    writer.writerows(zip(samples, classes))
    return out.getvalue().encode()
