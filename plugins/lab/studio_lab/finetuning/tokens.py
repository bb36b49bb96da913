"""Tokenise examples: the prompt to read, and the answer to learn."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from studio.api import BadInput, ErrorCode, StudioError, TextEngine, sentence
from studio.api.worker.text import ChatMessage
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.finetuning.choices import Choice
from studio_lab.finetuning.examples import Examples

PADDING = -1
"""Fills rows up; no model knows such a token."""
_STEP = 8
FEWEST_ANSWERS = 3
"""Different answers from which each part of a split has one of its own."""
SENTENCE = 4
"""Words from which an answer is written; shorter ones are labels that are chosen."""


def tokenised(
    engine: TextEngine, examples: Examples, ends: Sequence[int], length: int, seed: int
) -> Generator[float, None, tuple[Dataset, list[str]]]:
    """Yield the share done; return rows of tokens, and notes.

    Args:
        ends: Tokens that end a reply; the first is learned.
        length: Tokens of an example at most; what is behind them is cut.

    Returns:
        ``rows``: (N, L) int64, filled up with ``PADDING``; ``labels``: (N,) int64, how many tokens
        of each row are given; ``meta``: which pair each row was (``kept``).

    Raises:
        BadInput: No example fits.
    """
    length = min(length, engine.context_length - 1)
    if examples.pairs:
        rows, numbers, notes = yield from _pairs(engine, examples.pairs, ends, length)
    else:
        rows, numbers, notes = _windows(engine, examples.text, length), [], []
    if len(rows) < 3:
        raise BadInput(
            f"“{examples.title}” has too few examples that fit {length:,} tokens.",
            "Allow longer examples, or choose others.",
        )
    table = np.full((len(rows), max(len(ids) for _, ids in rows)), PADDING, np.int64)
    for row, (_, ids) in zip(table, rows):
        row[: len(ids)] = ids
    given = np.array([count for count, _ in rows], np.int64)
    shape = Shape("text", vocabulary=1, length=table.shape[1])
    meta = {"kept": numbers}
    split, more = _split([examples.pairs[at][1] for at in numbers], len(rows), seed)
    data = Dataset(examples.title, shape, table, split, given, meta=meta)
    return data, [*examples.notes, *notes, *more]


def _split(answers: Sequence[str], rows: int, seed: int) -> tuple[Split, list[str]]:
    """Return which rows are held out, and a note where answers come again.

    An answer that is learned and held out tells only that it was learned by heart, so all prompts
    with one answer stay together; but for labels, which are to be chosen and not written.

    Args:
        answers: Of each row; none of plain text.
    """
    alike = [" ".join(answer.lower().split()) for answer in answers]
    names = sorted(set(alike))
    if not alike or len(names) == len(alike):
        return Split.drawn(rows, seed), []
    counts = {"pairs": f"{rows:,}", "answers": f"{len(names):,}"}
    words = sorted(len(answer.split()) for answer in alike)
    if len(names) < FEWEST_ANSWERS or words[rows // 2] < SENTENCE:
        return Split.drawn(rows, seed), [
            sentence(
                "Leak: the {pairs} pairs have only {answers} different answers, so the held-out "
                "ones are also in the training. Scores on them say how well the adapter chooses "
                "an answer, not how well it writes one.",
                **counts,
            )
        ]
    place = {name: number for number, name in enumerate(names)}
    group = np.array([place[answer] for answer in alike])
    of_answers = Split.drawn(len(names), seed)
    parts = (of_answers.training, of_answers.validation, of_answers.test)
    return Split(*(np.flatnonzero(np.isin(group, part)) for part in parts)), [
        sentence(
            "The {pairs} pairs have only {answers} different answers, so whole answers are held "
            "out: scores are on answers that the adapter has never seen.",
            **counts,
        )
    ]


def tokenised_choices(
    engine: TextEngine,
    title: str,
    choices: Sequence[Choice],
    ends: Sequence[int],
    length: int,
    seed: int,
) -> Generator[float, None, tuple[Dataset, list[str]]]:
    """Yield the share done; return preferences as rows, and notes.

    Args:
        choices: A prompt, the better answer and the worse one each.

    Returns:
        As ``tokenised``, with ``rows`` (N, 2, L): the better answer first. Answers to one prompt
        are in one part of the split.

    Raises:
        BadInput: Too few fit.
    """
    length = min(length, engine.context_length - 1)
    rows, given, prompts = list[list[Sequence[int]]](), list[int](), list[str]()
    for number, (prompt, *answers) in enumerate(choices):
        try:
            both = [_joined(engine, prompt, answer) for answer in answers]
        except StudioError as error:
            if error.code is not ErrorCode.CONTEXT_TOO_LONG:
                raise
            continue
        count = min(same for same, _ in both)
        if count < length:
            rows.append([[*ids, *ends[:1]][:length] for _, ids in both])
            given.append(count)
            prompts.append(prompt)
        if number % _STEP == 0:
            yield number / len(choices)
    names = sorted(set(prompts))
    if len(names) < 3:
        raise BadInput(
            f"“{title}” has preferences for {len(names)} prompts that fit; at least 3 are needed.",
            "Ask more different things, or allow longer examples.",
        )
    notes: list[str] = []
    if left := len(choices) - len(rows):
        notes.append(
            sentence(
                "Left out: preferences longer than {length} tokens ({count}).",
                count=f"{left:,}", length=f"{length:,}",
            )
        )  # fmt: skip
    table = np.full((len(rows), 2, max(len(i) for r in rows for i in r)), PADDING, np.int64)
    for row, both_ids in zip(table, rows):
        for half, ids in zip(row, both_ids):
            half[: len(ids)] = ids
    place = {name: number for number, name in enumerate(names)}
    of_prompts = Split.drawn(len(names), seed)
    group = np.array([place[prompt] for prompt in prompts])
    split = Split(
        *(
            np.flatnonzero(np.isin(group, getattr(of_prompts, part)))
            for part in ("training", "validation", "test")
        )
    )
    shape = Shape("text", vocabulary=1, length=table.shape[2])
    return Dataset(title, shape, table, split, np.array(given, np.int64)), notes


def tokenised_prompts(
    engine: TextEngine, title: str, prompts: Sequence[str], answer: int, seed: int
) -> Generator[float, None, tuple[Dataset, list[str]]]:
    """Yield the share done; return prompts that leave room for an answer as rows, and notes.

    Returns:
        ``rows``: (N, L) int64, filled up with ``PADDING``; ``labels``: (N,), which prompt it is.

    Raises:
        BadInput: Too few fit.
    """
    rows, numbers = list[Sequence[int]](), list[int]()
    for number, prompt in enumerate(prompts):
        try:
            fitted = engine.fit([{"role": "user", "content": prompt}], answer)
        except StudioError as error:
            if error.code is not ErrorCode.CONTEXT_TOO_LONG:
                raise
            continue
        rows.append(fitted.ids)
        numbers.append(number)
        if number % _STEP == 0:
            yield number / len(prompts)
    if len(rows) < 3:
        raise BadInput(
            f"“{title}” has too few prompts that leave room for {answer:,} tokens.",
            "Allow shorter answers, or choose other prompts.",
        )
    notes: list[str] = []
    if left := len(prompts) - len(rows):
        notes.append(sentence("Left out: prompts that are too long ({count}).", count=f"{left:,}"))
    table = np.full((len(rows), max(map(len, rows))), PADDING, np.int64)
    for row, ids in zip(table, rows):
        row[: len(ids)] = ids
    shape = Shape("text", vocabulary=1, length=table.shape[1])
    split = Split.drawn(len(rows), seed, held_out=0.2)
    return Dataset(title, shape, table, split, np.array(numbers, np.int64)), notes


Row = tuple[int, Sequence[int]]
"""How many tokens are given, and all of them."""


def _pairs(
    engine: TextEngine, pairs: Sequence[tuple[str, str]], ends: Sequence[int], length: int
) -> Generator[float, None, tuple[list[Row], list[int], list[str]]]:
    """Return the rows, which pairs they are, and notes."""
    rows, numbers, long, cut = list[Row](), list[int](), 0, 0
    for number, (prompt, answer) in enumerate(pairs):
        try:
            given, ids = _joined(engine, prompt, answer)
        except StudioError as error:
            if error.code is not ErrorCode.CONTEXT_TOO_LONG:
                raise
            given, ids = length, []
        if given >= length:
            long += 1
            continue
        whole = [*ids, *ends[:1]]
        cut += len(whole) > length
        rows.append((given, whole[:length]))
        numbers.append(number)
        if number % _STEP == 0:
            yield number / len(pairs)
    notes: list[str] = []
    if long:
        notes.append(
            sentence(
                "Left out: prompts longer than {length} tokens ({count}).",
                count=f"{long:,}", length=f"{length:,}",
            )
        )  # fmt: skip
    if cut:
        notes.append(
            sentence(
                "{count} answers are cut after {length} tokens.",
                count=f"{cut:,}", length=f"{length:,}",
            )
        )  # fmt: skip
    return rows, numbers, notes


def _joined(engine: TextEngine, prompt: str, answer: str) -> tuple[int, list[int]]:
    """Return how many tokens of prompt and answer are the prompt's, and all of them."""
    messages: list[ChatMessage] = [{"role": "user", "content": prompt}]
    conversation: list[ChatMessage] = [*messages, {"role": "assistant", "content": answer}]
    before, whole = engine.fit(messages, 1).ids, list(engine.fit(conversation, 1).ids)
    same = next((n for n, (a, b) in enumerate(zip(before, whole)) if a != b), len(before))
    return same, whole


def _windows(engine: TextEngine, text: str, length: int) -> list[Row]:
    """Cut a text into pieces of one length; of each the first token is given."""
    piece = engine.context_length * 2
    ids = [t for at in range(0, len(text), piece) for t in engine.encode(text[at : at + piece])]
    width = max(8, min(length, len(ids) // 12))
    cut = [ids[at : at + width] for at in range(0, len(ids), width)]
    return [(1, window) for window in cut if len(window) >= 8]
