"""Predictions of a language model: the surprise of each token, and likely next ones."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from studio.api import BadInput
from studio.api.plot import Axis, Bars, Heat, Plot, Values
from studio_lab.datasets.tokens import END
from studio_lab.networks.text import Writer
from studio_lab.views.view import View

MOST = 48
"""Tokens that are looked at: more could not be told apart in a chart."""
_NEXT = 12
_SEEN = {" ": "␣", "\n": "⏎", "\t": "⇥", END: "□"}


def tokens_of(text: str, vocabulary: Sequence[str], most: int) -> Tensor:
    """Return the tokens of a text, (L,) with L up to ``most``, without unknown ones.

    Raises:
        BadInput: The text has no known token.
    """
    place = {token: number for number, token in enumerate(vocabulary) if token}
    longest_first = sorted(place, key=len, reverse=True)
    pieces = re.findall("|".join(map(re.escape, longest_first)), text)
    ids = [place[token] for token in pieces][:most]
    if not ids:
        raise BadInput(
            "The model has seen none of these characters.",
            "Enter a text like those that it was trained on, or none.",
        )
    return torch.tensor(ids)


def words(tokens: Tensor, vocabulary: Sequence[str]) -> list[str]:
    """Return tokens as an axis shows them."""
    return [_SEEN.get(vocabulary[token], vocabulary[token]) for token in tokens.tolist()]


@torch.no_grad()
def expectations(network: Writer, tokens: Tensor, vocabulary: Sequence[str]) -> list[View]:
    """Return how surprising each token of (L,) is after those before it, and what may follow.

    The surprise is the negative logarithm of the probability, in bits: 0 for what was certain.

    Args:
        tokens: (L,), with L below the length of a row.
    """
    device = next(network.parameters()).device
    before = F.pad(tokens, (1, 0), value=network.start).to(device)[None]
    log_probs = network.logits(before[:, : network.shape.length]).float().log_softmax(2)[0].cpu()
    bits = -log_probs[torch.arange(len(tokens)), tokens] / math.log(2)
    chances, likely = log_probs[len(tokens)].exp().topk(min(_NEXT, len(vocabulary)))
    return [
        View("Next token", _bars("Next token", chances, words(likely, vocabulary), "Probability")),
        View("Surprise", _bars("Surprise", bits, words(tokens, vocabulary), "Bits")),
    ]


def _bars(title: str, values: Tensor, names: list[str], label: str) -> Plot:
    heights: Values = [round(value, 5) for value in values.tolist()]
    x, y = Axis("Token", categories=names), Axis(label, minimum=0.0)
    return Plot(title, [Bars(heights)], x, y)


@torch.no_grad()
def positions(places: Tensor) -> View:
    """Return how alike the encodings of positions are, (L, W): the cosine of each pair."""
    unit = F.normalize(places.detach().float().cpu(), dim=1)
    return View("Positions", _heat("Positions", (unit @ unit.T).numpy(), "Position", "Position"))


def _heat(title: str, values: NDArray[Any], x: str, y: str) -> Plot:
    rows: list[Values] = [[round(value, 4) for value in row] for row in values.tolist()]
    return Plot(title, [Heat(rows)], Axis(x), Axis(y))


def attention_heat(
    title: str, weights: NDArray[np.floating[Any]], looking: list[str], looked_at: list[str]
) -> Plot:
    """Return who looks where: the first token on top, and gaps where nobody may look.

    Args:
        weights: (L, M), each row adding up to 1; what is 0 is a gap.
    """
    rows: list[Values] = [
        [round(value, 4) if value > 0 else None for value in row] for row in weights[::-1].tolist()
    ]
    x, y = Axis("Looked at", categories=looked_at), Axis("Looking", categories=looking[::-1])
    return Plot(title, [Heat(rows)], x, y)
