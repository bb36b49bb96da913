"""Texts of one model that are written in turns share its readings. Schedules nothing.

Jobs of a lane take turns in its thread, a token each. When one needs scores, the next tokens of all
others are known already: they are read with it, as rows of the same products, and the others find
their scores ready. So the weights are read once for a token of each.

Each thread has a batch of its own: lanes never wait for each other.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import count

import torch
from torch import Tensor

from studio.runtime.engines.text.decoder.protocol import Decoder, Passage

_numbers = count(1)


def mixes_rows(model: Decoder) -> bool:
    """Return whether rows of several texts may stand in one reading of ``model``.

    On a processor floats of several rows add up in another order than those of one.
    """
    return model.is_packed or model.device.type != "cpu"


@dataclass(eq=False, slots=True)
class Seat:
    """One text's place in the batch.

    Attributes:
        passage: What it reads next, until that has been read.
        scores: Of its last passage, (wanted, vocabulary), once it has been read;
            with the processor.
    """

    passage: Passage | None = None
    scores: Tensor | None = None
    number: int = field(default_factory=lambda: next(_numbers))
    thread: int = field(default_factory=threading.get_ident)


class Batcher:
    """The readings of all texts that one model is writing. Safe to use by several threads.

    Attributes:
        model: It reads for them.
    """

    def __init__(self, model: Decoder) -> None:
        self.model = model
        self._waiting: list[Seat] = []
        self._latest: dict[int, int] = {}
        self._lock = threading.Lock()

    def ask(self, seat: Seat, passage: Passage) -> None:
        """Say what ``seat`` reads next: with the first that needs its scores."""
        with self._lock:
            seat.passage, seat.scores, seat.thread = passage, None, threading.get_ident()
            self._waiting.append(seat)
            self._latest[seat.thread] = seat.number

    def is_alone(self, seat: Seat) -> bool:
        """Return whether no other text of this thread has asked since ``seat`` did."""
        return self._latest.get(threading.get_ident()) in (None, seat.number)

    def scores(self, seat: Seat) -> Tensor:
        """Return the scores of what ``seat`` asked for, (wanted, vocabulary).

        Raises:
            Exception: Its own reading failed. That of another does not concern it.
        """
        if seat.scores is None:
            together = self._taken(seat)
            try:
                self._read(together)
            except Exception:
                if len(together) == 1:
                    raise
                self._put_back(together[1:])
                self._read([seat])
        scores, seat.scores = seat.scores, None
        assert scores is not None, "it was asked for before"
        return scores

    def leave(self, seat: Seat) -> None:
        """Forget what ``seat`` asked for."""
        with self._lock:
            if seat in self._waiting:
                self._waiting.remove(seat)
            seat.passage = seat.scores = None

    def _taken(self, seat: Seat) -> list[Seat]:
        """Take from those that wait all that are read now, ``seat`` first."""
        with self._lock:
            me = threading.get_ident()
            others = self._waiting if mixes_rows(self.model) else []
            taken = [seat, *(s for s in others if s.thread == me and s is not seat)]
            self._waiting = [each for each in self._waiting if each not in taken]
            return taken

    def _put_back(self, seats: list[Seat]) -> None:
        with self._lock:
            self._waiting += seats

    def _read(self, seats: list[Seat]) -> None:
        passages = [seat.passage for seat in seats if seat.passage is not None]
        scores = at_hand(self.model.read(passages))
        for seat, own in zip(seats, scores.split([p.wanted for p in passages]), strict=True):
            seat.passage, seat.scores = None, own


def at_hand(scores: Tensor) -> Tensor:
    """Return ``scores`` with the processor: a card is waited for once, whatever rows there are."""
    if not scores.is_cuda:
        return scores.to("cpu")
    copies = scores.to("cpu", non_blocking=True)  # to memory that the card itself writes to
    torch.cuda.current_stream(scores.device).synchronize()
    return copies
