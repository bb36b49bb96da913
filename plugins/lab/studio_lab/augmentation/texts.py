"""Texts with classes: rewritten or made ones beside the real ones, in repeated splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedShuffleSplit

from studio.api import BadInput, sentence
from studio_lab.augmentation.privacy import privacy
from studio_lab.augmentation.trial import TEST_SHARE, Fidelity, SyntheticRows, Trial
from studio_lab.datasets.table import Column, Table, Target, with_target
from studio_lab.measures.distances import Vectors
from studio_lab.measures.text_baseline import NGrams
from studio_lab.tables.utility import ClassifierName, score

FEWEST = 40
MOST = 2000
MOST_WORDS = 2000
CHANGED = 0.15
"""Share of the words that the plainest method leaves out or swaps."""
_SHORTEST = 10
"""Characters that a text has on average, at least."""


@dataclass(frozen=True)
class Texts:
    """Texts and their classes.

    Attributes:
        name: Of the column.
    """

    name: str
    texts: tuple[str, ...]
    target: Target

    def at(self, rows: NDArray[np.int_]) -> Texts:
        """Return these rows."""
        return Texts(self.name, tuple(self.texts[row] for row in rows), self.target.at(rows))


def texts_of(table: Table, target: str, name: str) -> tuple[Texts, list[str]]:
    """Return the column of a table that has the longest texts, with the classes, and notes.

    Raises:
        BadInput: There is no such column, or there are too few rows, or one class.
    """
    rest, classes = with_target(table, target)
    worded = [candidate for candidate in rest.columns if candidate.names]
    column = max(worded, key=_length, default=None)
    if column is None or _length(column) < _SHORTEST:
        raise BadInput(
            f"“{name}” has no column of texts beside “{target}”.",
            "Choose a table with a text and a class in each row.",
        )
    rows = np.flatnonzero(~np.isnan(column.values))
    if len(rows) < FEWEST:
        raise BadInput(
            f"“{name}” has {len(rows)} texts with a class; {FEWEST} are the least to tell "
            "anything.",
            "Choose a table with more rows.",
        )
    texts = tuple(column.names[int(value)] for value in column.values[rows])
    left_out = ("Text with", "The same value", "Without values")
    notes = [note for note in rest.notes if not note.startswith(left_out)]
    notes.append(sentence("The texts are those of the column “{name}”.", name=column.name))
    return Texts(column.name, texts, classes.at(rows)), notes


def _length(column: Column) -> float:
    lengths = column.values[~np.isnan(column.values)].astype(int)
    return float(np.mean([len(column.names[code]) for code in lengths])) if len(lengths) else 0.0


def trials(
    data: Texts,
    methods: Sequence[str],
    splits: int,
    classifier: ClassifierName,
    seed: int,
    rewritten: Mapping[int, str],
) -> Iterator[Trial | None]:
    """Yield a trial of each method in each split, and None for steps between them.

    Classifiers see how often words come (TF-IDF), of the words of training.

    Args:
        rewritten: Number of a text → what it was rewritten to; of a split those of training are
            used alone.
    """
    labels = data.target.labels
    draw = StratifiedShuffleSplit(splits, test_size=TEST_SHARE, random_state=seed % 2**32)
    for number, (learned, tested) in enumerate(draw.split(labels, labels)):
        training, held_out = data.at(learned), data.at(tested)
        words = TfidfVectorizer(max_features=MOST_WORDS, sublinear_tf=True).fit(training.texts)
        vectors = (_vectors(words, training.texts), training.target.labels)
        test = (_vectors(words, held_out.texts), held_out.target.labels)
        real = score(classifier, vectors, test)
        similarity = fidelity(training.texts, held_out.texts)
        for at, method in enumerate(methods):
            yield None
            rng = np.random.default_rng((seed, number, at))
            own = {place: rewritten[row] for place, row in enumerate(learned) if row in rewritten}
            synthetic, made_labels = made_texts(training, method, rng, own)
            new = _vectors(words, synthetic)
            both = np.concatenate([vectors[0], new]), np.concatenate([vectors[1], made_labels])
            yield None
            seen = SyntheticRows(
                score(classifier, (new, made_labels), test),
                fidelity(training.texts, synthetic),
                similarity,
                privacy(new, vectors[0], test[0], rng),
            )
            yield Trial(method, real, score(classifier, both, test), seen)


def made_texts(
    data: Texts, method: str, rng: np.random.Generator, rewritten: Mapping[int, str]
) -> tuple[list[str], NDArray[np.int_]]:
    """Return texts made from ``data``, one for each, and their classes.

    Args:
        method: ``rewriting`` takes them from ``rewritten``; ``words`` leaves out and swaps words
            (after Wei and Zou 2019); ``ngrams`` writes anew, from an n-gram model of each class.
    """
    labels = data.target.labels
    if method == "rewriting":
        return list(rewritten.values()), labels[list(rewritten)]
    if method == "words":
        return [shaken(text, rng) for text in data.texts], labels
    texts = [""] * len(data.texts)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        model = NGrams([data.texts[place] for place in own])
        for place in own:
            texts[place] = model.sample(rng, max(20, len(data.texts[place])))
    return texts, labels


def shaken(text: str, rng: np.random.Generator) -> str:
    """Return a text with a few words left out, and as many swapped with another."""
    words = text.split()
    if len(words) < 3:
        return text
    words_left = [word for word in words if rng.random() >= CHANGED] or words
    for _ in range(max(1, round(CHANGED * len(words_left) / 2))):
        one, other = rng.integers(len(words_left), size=2)
        words_left[one], words_left[other] = words_left[other], words_left[one]
    return " ".join(words_left)


def fidelity(real: Sequence[str], synthetic: Sequence[str]) -> Fidelity:
    """Return how alike the frequencies of words and the lengths of texts are."""
    counts = [np.unique([w for t in texts for w in t.lower().split()], return_counts=True)
              for texts in (real, synthetic)]  # fmt: skip
    shares = [
        dict(zip(words, frequencies / max(1, frequencies.sum()))) for words, frequencies in counts
    ]
    common = sum(min(value, shares[1].get(word, 0.0)) for word, value in shares[0].items())
    lengths = ks_2samp([*map(len, real)], [*map(len, synthetic)]).statistic if synthetic else 1.0
    return Fidelity({"words": float(common), "length": 1 - float(lengths)})


def _vectors(words: TfidfVectorizer, texts: Sequence[str]) -> Vectors:
    if not texts:
        return np.zeros((0, len(words.vocabulary_)))
    return np.asarray(words.transform(texts).toarray(), np.float64)
