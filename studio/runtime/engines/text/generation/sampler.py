"""Chooses the next token from scores, by a text's own seed. Touches no global generator, no device.

Everything here is float32 or float64 on the processor and every order is by (score, then id), so
the same seed gives the same text on any number of threads. numpy computes it: torch would wake its
threads for each of ten small operations, which took as long as a step of a small model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.runtime.engines.text.generation.grammar_mask import ConstrainedText
    from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer

Floats = NDArray[np.floating]
"""(vocabulary,), or of some of its tokens."""

_SEED_MASK = (1 << 63) - 1
_SET = 64
"""Scores of which only the highest one is looked at first."""


class Sampler:
    """The choices of one text.

    The rules apply in this order: repetition penalty (over prompt and text), presence and frequency
    penalties (over the text), constraint (what it forbids is out), temperature, top-k, top-p,
    min-p.
    """

    def __init__(
        self,
        params: SamplingParams,
        prompt: Sequence[int] = (),
        tokenizer: TextTokenizer | None = None,
    ) -> None:
        """Start the text that follows ``prompt``.

        Args:
            tokenizer: Of the model; needed only for a constraint.

        Raises:
            BadInput: The constraint cannot be used.
        """
        self._params = params
        self._form = _form(params, tokenizer)
        self._generator = torch.Generator().manual_seed(params.seed & _SEED_MASK)
        self._prompt = frozenset(prompt)
        self._seen = np.array(list(self._prompt), np.intp)
        self._counts: Counter[int] = Counter()

    @property
    def is_complete(self) -> bool:
        """Whether the text has the form it must have, and nothing can be added to it."""
        return self._form is not None and self._form.is_complete

    def pick(self, scores: Tensor) -> int:
        """Choose a token and remember it.

        Args:
            scores: float, (vocabulary,): what the model returned; left as it is.

        Raises:
            StudioError: The scores are no numbers: the weights are damaged or overflow; or the
                constraint has become too much to follow.
        """
        numbers = self._penalised(scores.detach().to("cpu", torch.float32).numpy())
        if self._form is None:
            token = self._choose(numbers)
        else:
            allowed = self._form.allowed(numbers.shape[0])
            token = int(allowed[self._choose(numbers[allowed])])
            self._form.take(token)
        self._remember(token)
        return token

    def _choose(self, scores: Floats) -> int:
        """Return the place in ``scores`` that is chosen."""
        if not np.isfinite(scores.max()):
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "The model produced invalid numbers, so no token can be sampled.",
                "The file may be damaged: verify it, or choose another model.",
            )
        return int(scores.argmax()) if self._params.temperature == 0 else self._draw(scores)

    def _penalised(self, scores: Floats) -> Floats:
        params = self._params
        if (factor := params.repetition_penalty) != 1:
            scores, own = scores.copy(), scores[self._seen]
            scores[self._seen] = np.where(own > 0, own / factor, own * factor)
        if params.presence_penalty or params.frequency_penalty:
            written = np.array(list(self._counts), np.intp)
            counts = np.array(list(self._counts.values()), np.float32)
            scores = scores.copy()
            scores[written] -= params.presence_penalty
            scores[written] -= params.frequency_penalty * counts
        return scores

    def _remember(self, token: int) -> None:
        self._counts[token] += 1
        if self._counts[token] == 1 and token not in self._prompt:
            self._seen = np.append(self._seen, token)

    def _draw(self, scores: Floats) -> int:
        tokens = best_first(scores, self._params.top_k)
        ranked = scores[tokens].astype(np.float64)
        # The best one becomes 0 first, so that no temperature overflows.
        with np.errstate(over="ignore"):  # those behind it may: they count nothing then
            shares = np.exp((ranked - ranked[0]) / self._params.temperature)
        shares /= shares.sum()
        keep = kept(shares, self._params.top_p, self._params.min_p)
        ends = shares[:keep].cumsum()
        point = float(torch.rand((), generator=self._generator, dtype=torch.float64)) * ends[-1]
        index = int(np.searchsorted(ends, point, side="right"))
        return int(tokens[min(index, keep - 1)])


def _form(params: SamplingParams, tokenizer: TextTokenizer | None) -> ConstrainedText | None:
    if params.constraint is None:
        return None
    assert tokenizer is not None, "a constraint needs the spelling of tokens"
    from studio.runtime.engines.text.generation.grammar_mask import ConstrainedText

    return ConstrainedText(params.constraint, tokenizer)


def best_first(scores: Floats, count: int) -> NDArray[np.intp]:
    """Return the ids of the ``count`` highest scores, best first, the lower id where they tie.

    Args:
        scores: (vocabulary,).
        count: 0 for all.
    """
    if not 0 < count < scores.shape[0]:
        return np.argsort(-scores, kind="stable")
    # A partition orders ties as it likes, so it only gives the border.
    tokens = np.flatnonzero(scores >= _reached(scores, count))
    likely = scores[tokens]
    tokens = tokens[likely >= np.partition(likely, -count)[-count]]
    best: NDArray[np.intp] = tokens[np.argsort(-scores[tokens], kind="stable")][:count]
    return best


def _reached(scores: Floats, count: int) -> float:
    """Return what at least ``count`` of ``scores`` reach, and most do not: the rest is sifted.

    So many sets of them have a highest one that reaches it. To part all of them takes longer than
    all else that is done to choose.
    """
    sets = scores.shape[0] // _SET
    if sets <= count:
        return -np.inf
    highest = scores[: sets * _SET].reshape(_SET, sets).max(axis=0)
    return float(np.partition(highest, -count)[-count])


def kept(shares: Floats, top_p: float, min_p: float) -> int:
    """Return how many of ``shares``, best first and of sum 1, survive top-p and min-p; at least 1.

    top-p (arXiv:1904.09751) keeps the smallest set whose sum reaches it; min-p (arXiv:2407.01082)
    keeps what has at least that part of the best one's share.
    """
    count = len(shares)
    if top_p < 1:
        before = shares.cumsum() - shares
        count = min(count, int((before < top_p).sum()))
    if min_p > 0:
        count = min(count, int((shares >= min_p * shares[0]).sum()))
    return max(count, 1)
