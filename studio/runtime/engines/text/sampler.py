"""Chooses the next token from scores, by a text's own seed. Touches no global generator, no device.

Everything here is float32 or float64 on the processor and every order is by (score, then id), so
the same seed gives the same text on any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from studio.api.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.runtime.engines.text.constrained import ConstrainedText
    from studio.runtime.engines.text.tokenizer import TextTokenizer

_SEED_MASK = (1 << 63) - 1


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
        self._prompt = list(prompt)
        self._seen: Tensor | None = None
        self._counts: Tensor | None = None

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
        scores = self._penalised(scores.detach().to("cpu", torch.float32))
        if self._form is None:
            token = self._choose(scores)
        else:
            allowed = self._form.allowed(scores.shape[0])
            token = int(allowed[self._choose(scores[allowed])])
            self._form.take(token)
        self._remember(token)
        return token

    def _choose(self, scores: Tensor) -> int:
        """Return the place in ``scores`` that is chosen."""
        if not torch.isfinite(scores.max()):
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "The model's scores are not numbers, so no next word can be chosen.",
                "Its file may be damaged: verify it, or choose another model.",
            )
        return int(scores.argmax()) if self._params.temperature == 0 else self._draw(scores)

    def _penalised(self, scores: Tensor) -> Tensor:
        params = self._params
        if self._seen is None or self._counts is None:
            self._seen = torch.zeros(scores.shape[0], dtype=torch.bool)
            self._seen[self._prompt] = True
            self._counts = torch.zeros(scores.shape[0])
        if (factor := params.repetition_penalty) != 1:
            lower = torch.where(scores > 0, scores / factor, scores * factor)
            scores = torch.where(self._seen, lower, scores)
        if params.presence_penalty or params.frequency_penalty:
            scores = scores - params.presence_penalty * (self._counts > 0)
            scores = scores - params.frequency_penalty * self._counts
        return scores

    def _remember(self, token: int) -> None:
        if self._seen is not None and self._counts is not None:
            self._seen[token] = True
            self._counts[token] += 1

    def _draw(self, scores: Tensor) -> int:
        tokens = best_first(scores, self._params.top_k)
        ranked = scores[tokens].double()
        # The best one becomes 0 first, so that no temperature overflows.
        shares = torch.softmax((ranked - ranked[0]) / self._params.temperature, 0)
        keep = kept(shares, self._params.top_p, self._params.min_p)
        ends = shares[:keep].cumsum(0)
        point = torch.rand((), generator=self._generator, dtype=torch.float64) * ends[-1]
        index = int(torch.searchsorted(ends, point, right=True))
        return int(tokens[min(index, keep - 1)])


def _form(params: SamplingParams, tokenizer: TextTokenizer | None) -> ConstrainedText | None:
    if params.constraint is None:
        return None
    assert tokenizer is not None, "a constraint needs the spelling of tokens"
    from studio.runtime.engines.text.constrained import ConstrainedText

    return ConstrainedText(params.constraint, tokenizer)


def best_first(scores: Tensor, count: int) -> Tensor:
    """Return the ids of the ``count`` highest scores, best first, the lower id where they tie.

    Args:
        scores: (vocabulary,).
        count: 0 for all.
    """
    if not 0 < count < scores.shape[0]:
        return scores.sort(descending=True, stable=True).indices
    # topk orders ties as it likes, so it only gives the border.
    border = scores.topk(count).values[-1]
    tokens = (scores >= border).nonzero()[:, 0]
    return tokens[scores[tokens].sort(descending=True, stable=True).indices][:count]


def kept(shares: Tensor, top_p: float, min_p: float) -> int:
    """Return how many of ``shares``, best first and of sum 1, survive top-p and min-p; at least 1.

    top-p (arXiv:1904.09751) keeps the smallest set whose sum reaches it; min-p (arXiv:2407.01082)
    keeps what has at least that part of the best one's share.
    """
    count = shares.shape[0]
    if top_p < 1:
        before = shares.cumsum(0) - shares
        count = min(count, int((before < top_p).sum()))
    if min_p > 0:
        count = min(count, int((shares >= min_p * shares[0]).sum()))
    return max(count, 1)
